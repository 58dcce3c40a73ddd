import math

import numpy as np
import pytest
import torch

from geokiln.models.network import StackedNetwork
from geokiln.training.examples import InMemory
from geokiln.training.losses import loss_function
from geokiln.training.schedules import learning_rate
from geokiln.training.trainer import SHARED, Training


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def data(count=24, n_in=3, n_out=2, seed=0):
    """Training inputs and targets, validation inputs and targets."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count + 8, n_in, generator=generator)
    targets = torch.sin(inputs @ torch.randn(n_in, n_out, generator=generator))
    return inputs[:count], targets[:count], inputs[count:], targets[count:]


class Fitted:
    """A finished training: what the tests ask of it."""

    def __init__(self, training, evaluations):
        done = self.progress = training.progress
        self.training, self.evaluations = training, evaluations
        self.epochs, self.best_epoch = done.epochs.tolist(), done.best_epoch.tolist()
        self.training_loss, self.validation_loss = done.best_training_loss.tolist(), done.best_loss.tolist()
        training.parameters.copy_(training.final_parameters())
        self.network = training.network


def prepare(wedges, *tensors, dtype=torch.float32):
    inputs, targets, validation_inputs, validation_targets = (tensor.to(dtype) for tensor in tensors or data())
    network = StackedNetwork(inputs.shape[1], targets.shape[1], wedges, dtype)
    sets = InMemory(inputs, targets), InMemory(validation_inputs, validation_targets)
    return Training(network, loss_function(wedges[0]), *sets, wedges)


def fit(wedges, *tensors, dtype=torch.float32):
    training, evaluations = prepare(wedges, *tensors, dtype=dtype), []
    training.run(lambda training, better: evaluations.append(training.progress.epoch))
    return Fitted(training, evaluations)


def outputs(trained, inputs):
    return trained.network(inputs.unsqueeze(0))[0]


def weights_of(trained, wedge=0):
    return trained.network.named_weights(trained.network.parameters[wedge])


def assert_same_weights(one, other, tolerance):
    assert one.keys() == other.keys()
    for name in one:
        assert np.abs(one[name] - other[name]).max() <= tolerance, name


OWN = [
    ({"seed": 1, "learning_rate": 0.02}, {"seed": 2, "learning_rate": 0.001}),
    ({"seed": 1, "weight_decay": 0.5}, {"seed": 1}),
    ({"seed": 3, "schedule": "cosine"}, {"seed": 3, "schedule": "constant"}),
    ({"seed": 4, "patience": 1}, {"seed": 5}),
]


@pytest.mark.parametrize("own", OWN, ids=str)
def test_two_stacked_wedges_train_as_each_does_alone(own, wedge):
    wedges = [wedge(epochs=5, batch_size=10, hidden_layers=2, **changes) for changes in own]

    stacked = fit(wedges)
    alone = [fit([one]) for one in wedges]

    for number, single in enumerate(alone):
        assert_same_weights(weights_of(stacked, number), weights_of(single), 1e-4)
        assert stacked.validation_loss[number] == pytest.approx(single.validation_loss[0], abs=1e-4)
        assert stacked.training_loss[number] == pytest.approx(single.training_loss[0], abs=1e-4)
        assert stacked.best_epoch[number] == single.best_epoch[0]
        assert stacked.epochs[number] == single.epochs[0]


def test_the_same_seed_gives_the_same_losses(wedge):
    runs = [fit([wedge(seed=3, epochs=20)]) for _ in range(2)]

    assert runs[0].validation_loss == pytest.approx(runs[1].validation_loss, abs=1e-6)
    assert runs[0].training_loss == pytest.approx(runs[1].training_loss, abs=1e-6)


def test_another_seed_gives_another_network(wedge):
    first, second = (fit([wedge(seed=seed)]).validation_loss[0] for seed in (1, 2))

    assert abs(first - second) > 1e-4


@pytest.mark.parametrize("name", ["constant", "cosine"])
@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_steps_are_those_of_torchs_adamw_with_decay_on_weights_alone(activation, decay, name, wedge):
    inputs, targets, *_ = data(16)
    epochs, rate = 12, 0.01
    settings = wedge(
        activation=activation, epochs=epochs, epochs_per_evaluation=epochs, batch_size=16, hidden_layers=2,
        learning_rate=rate, weight_decay=decay, schedule=name, seed=5,
    )  # fmt: skip
    network = StackedNetwork(3, 2, [settings])
    parameters = [
        (torch.nn.Parameter(weight[0].clone()), torch.nn.Parameter(bias[0, 0].clone()))
        for weight, bias in network.layers
    ]
    groups = [
        {"params": [weight for weight, _ in parameters], "weight_decay": decay},
        {"params": [bias for _, bias in parameters], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=rate)
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 if name == "constant" else 0.5 * (1 + math.cos(math.pi * epoch / epochs)))
        values = inputs
        for number, (weight, bias) in enumerate(parameters):
            values = values @ weight + bias
            values = getattr(torch, activation)(values) if number < len(parameters) - 1 else values
        optimizer.zero_grad()
        (values - targets).square().mean().backward()
        optimizer.step()

    weights = weights_of(fit([settings], inputs, targets, inputs, targets))

    expected = [tensor.detach().numpy() for pair in parameters for tensor in pair]
    for array, other in zip(weights.values(), expected, strict=True):
        assert array == pytest.approx(other, abs=1e-5)


def test_weight_decay_does_not_touch_biases(wedge):
    inputs, targets = torch.zeros(8, 3), torch.ones(8, 2)  # the gradient of the weights is 0
    settings = {"hidden_layers": 0, "epochs": 10, "epochs_per_evaluation": 10, "batch_size": 8, "learning_rate": 0.01}

    free, decayed = (
        weights_of(fit([wedge(weight_decay=decay, **settings)], inputs, targets, inputs, targets))
        for decay in (0.0, 2.0)
    )

    assert decayed["layers.0.bias"] == pytest.approx(free["layers.0.bias"], abs=1e-7)
    assert decayed["layers.0.weight"] == pytest.approx(free["layers.0.weight"] * (1 - 0.02) ** 10, rel=1e-5)


def test_a_few_points_are_learnt_by_heart(wedge):
    inputs, targets, *_ = data(8)
    settings = wedge(epochs=1500, epochs_per_evaluation=50, batch_size=8, hidden_width=32, schedule="cosine")

    trained = fit([settings], inputs, targets, inputs, targets)

    assert trained.validation_loss[0] < 1e-6
    assert trained.training_loss[0] < 1e-6


def test_no_hidden_layer_learns_a_linear_map(wedge):
    inputs = data(64)[0]
    targets = inputs @ torch.tensor([[1.0, 2.0], [0.0, -1.0], [0.5, 0.0]]) + 0.25
    settings = wedge(hidden_layers=0, epochs=400, batch_size=32, learning_rate=0.05, schedule="cosine")

    weights = weights_of(fit([settings], inputs, targets, inputs, targets))

    assert weights["layers.0.weight"] == pytest.approx(np.array([[1, 2], [0, -1], [0.5, 0]]), abs=1e-3)
    assert weights["layers.0.bias"] == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize("patience", [1, 3])
@pytest.mark.parametrize("interval", [1, 4])
def test_a_training_stops_after_so_many_evaluations_without_improvement(interval, patience, wedge):
    inputs, targets, validation_inputs, validation_targets = data()
    settings = wedge(epochs=200, epochs_per_evaluation=interval, patience=patience, learning_rate=0.02)

    trained = fit([settings], inputs, targets, validation_inputs, -validation_targets)

    assert trained.epochs[0] < 200
    assert trained.epochs[0] == trained.best_epoch[0] + patience * interval
    assert len(trained.evaluations) == trained.epochs[0] / interval


def test_an_equal_loss_is_no_improvement(wedge):
    trained = fit([wedge(learning_rate=1e-30, epochs=50, patience=3)])

    assert trained.best_epoch == [1]
    assert trained.epochs == [4]


@pytest.mark.parametrize("batch_size", [5, 10, 24, 100])
def test_the_training_loss_is_the_mean_over_all_examples_whatever_the_batch(batch_size, wedge):
    inputs, targets, validation_inputs, validation_targets = data()
    settings = wedge(learning_rate=1e-30, batch_size=batch_size)

    trained = fit([settings], inputs, targets, validation_inputs, validation_targets)

    with torch.no_grad():
        expected = (outputs(trained, inputs) - targets).square().mean().item()
    assert trained.training_loss[0] == pytest.approx(expected, rel=1e-5)


def test_a_wedge_that_diverges_stops_and_leaves_the_others_alone(wedge):
    wild, tame = wedge(learning_rate=1e30, activation="relu", epochs=10), wedge(activation="relu", epochs=10, seed=1)

    both, alone = fit([wild, tame]), fit([tame])

    assert 0 < both.progress.diverged[0] < 10 and not both.progress.active[0]
    assert both.progress.diverged[1] == 0 and both.epochs[1] == 10
    assert both.validation_loss[1] == pytest.approx(alone.validation_loss[0], abs=1e-6)


def test_patience_of_0_trains_all_epochs(wedge):
    inputs, targets, validation_inputs, validation_targets = data()
    settings = wedge(epochs=30, patience=0, learning_rate=0.05)

    trained = fit([settings], inputs, targets, validation_inputs, -validation_targets)

    assert trained.epochs == [30]
    assert trained.best_epoch[0] < 30


def test_a_wedge_that_stopped_stays_as_it_was_while_others_go_on(wedge):
    inputs, targets, validation_inputs, validation_targets = data()
    tensors = inputs, targets, validation_inputs, -validation_targets
    impatient, patient = wedge(epochs=40, patience=1, learning_rate=0.02), wedge(epochs=40, patience=0, seed=1)

    both, alone = fit([impatient, patient], *tensors), fit([impatient], *tensors)

    assert both.epochs[0] == alone.epochs[0] < both.epochs[1] == 40
    assert_same_weights(weights_of(both, 0), weights_of(alone, 0), 1e-5)


def test_the_parameters_are_those_of_the_best_evaluation(wedge):
    inputs, targets, validation_inputs, validation_targets = data()
    settings = wedge(epochs=60, learning_rate=0.1, batch_size=8)

    trained = fit([settings], inputs, targets, validation_inputs, validation_targets)
    with torch.no_grad():
        loss = (outputs(trained, validation_inputs) - validation_targets).square().mean().item()
    until_then = fit(
        [{**settings, "epochs": trained.best_epoch[0]}], inputs, targets, validation_inputs, validation_targets
    )

    assert loss == pytest.approx(trained.validation_loss[0], rel=1e-5)
    assert until_then.best_epoch == trained.best_epoch
    assert_same_weights(weights_of(trained), weights_of(until_then), 1e-6)


@pytest.mark.parametrize(("epochs", "interval", "evaluated"), [(10, 3, [3, 6, 9, 10]), (4, 10, [4]), (6, 2, [2, 4, 6])])
def test_the_last_epoch_is_evaluated_whatever_the_interval(epochs, interval, evaluated, wedge):
    trained = fit([wedge(epochs=epochs, epochs_per_evaluation=interval)])

    assert trained.evaluations == evaluated


def test_the_record_has_numbers_for_each_wedge(wedge):
    trained = fit([wedge(epochs=2, seed=seed, learning_rate=0.01 * (seed + 1)) for seed in range(3)])

    epoch, steps, numbers = trained.progress.record[-1]
    assert (epoch, steps) == (2, 12)
    assert numbers[0].tolist() == pytest.approx([0.01, 0.02, 0.03])
    assert len(set(numbers[1].tolist())) == len(set(numbers[2].tolist())) == 3


@pytest.mark.parametrize("batch_size", [1, 5, 24, 1000])
def test_a_batch_may_be_smaller_or_larger_than_the_dataset(batch_size, wedge):
    trained = fit([wedge(batch_size=batch_size, epochs=30)])

    assert trained.validation_loss[0] < fit([wedge(batch_size=batch_size, epochs=1)]).validation_loss[0]


@pytest.mark.parametrize("key", ["hidden_layers", "activation", "batch_size", "epochs", "optimizer", "dropout"])
def test_wedges_of_one_stack_must_agree_in_its_shape(key, wedge):
    other = {"activation": "relu", "optimizer": "sgd", "dropout": 0.5}.get(key, 3)

    with pytest.raises(ValueError) as error:
        fit([wedge(), wedge(**{key: other})])

    assert key in str(error.value) and key in SHARED


@pytest.mark.parametrize("own", OWN, ids=str)
def test_in_double_precision_a_stack_trains_as_each_does_alone_to_the_last_digits(own, wedge):
    shared = {"epochs": 40, "batch_size": 10, "hidden_layers": 2, "dropout": 0.1, "input_noise": 0.05}
    wedges = [wedge(**shared, **changes) for changes in own]

    stacked, *alone = (fit(those, dtype=torch.float64) for those in (wedges, wedges[:1], wedges[1:]))

    for number, single in enumerate(alone):
        assert_same_weights(weights_of(stacked, number), weights_of(single), 1e-9)
        assert stacked.validation_loss[number] == pytest.approx(single.validation_loss[0], abs=1e-9)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.01},
        {"optimizer": "adadelta", "learning_rate": 1.0},
        {"dropout": 0.3, "input_noise": 0.1},
        {"patience": 4, "learning_rate": 0.05},
        {"schedule": "step", "step_epochs": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("stop", [2, 7])
def test_a_training_that_goes_on_from_its_state_ends_as_an_undisturbed_one(stop, changes, wedge):
    settings = wedge(epochs=12, hidden_layers=2, **changes)
    undisturbed, first, second = prepare([settings]), prepare([settings]), prepare([settings])
    undisturbed.run()
    states = []

    def stop_then(training, trained, better):
        if training.progress.epoch == stop:
            states.append(training.state(0))

    first.run(epoch_ended=stop_then)
    second.load_states(states)
    second.run()

    assert torch.equal(second.parameters, undisturbed.parameters) and torch.equal(second.best, undisturbed.best)
    lines = [[(epoch, steps, *numbers.flatten().tolist()) for epoch, steps, numbers in training.progress.record]
             for training in (second, undisturbed)]  # fmt: skip
    assert lines[0] == lines[1]


def test_the_last_weights_may_be_the_result(wedge):
    inputs, targets, validation_inputs, validation_targets = data()
    tensors = inputs, targets, validation_inputs, -validation_targets

    best, last = (fit([wedge(epochs=30, learning_rate=0.05, weights=which)], *tensors) for which in ("best", "last"))

    assert torch.equal(last.network.parameters, last.training.parameters)
    assert not torch.equal(best.network.parameters, last.network.parameters)


def test_iterations_end_a_training_in_the_middle_of_an_epoch(wedge):
    trained = fit([wedge(epochs=100, batch_size=10, iterations=8)])

    assert trained.progress.steps == 8 and trained.epochs == [3]
    assert trained.evaluations == [1, 2, 3]


def test_without_validation_the_training_loss_takes_its_place(wedge):
    inputs, targets, *_ = data()
    settings = wedge(epochs=5)
    network = StackedNetwork(3, 2, [settings])
    training = Training(network, loss_function(settings), InMemory(inputs, targets), None, [settings])

    training.run()

    _, _, numbers = training.progress.record[-1]
    assert numbers[1].equal(numbers[2])


def test_a_clipped_gradient_takes_steps_of_at_most_its_length(wedge):
    inputs, targets, *rest = data()
    settings = wedge(
        optimizer="sgd", momentum=0.0, learning_rate=1.0, gradient_clip=0.01, epochs=1, batch_size=24, hidden_layers=2
    )
    training = prepare([settings], inputs, 1000 * targets, *rest)
    before = training.parameters.clone()

    training.run()

    assert (training.parameters - before).norm() == pytest.approx(0.01, rel=1e-3)


def test_examples_keep_their_order_without_shuffling(wedge):
    inputs, targets, *_ = data(8)
    seen = []

    class Spy(InMemory):
        def epoch(self, batch_size, shuffles=None):
            for batch in super().epoch(batch_size, shuffles):
                seen.append(batch[0][0])
                yield batch

    for shuffle in (False, True):
        settings = wedge(shuffle=shuffle, epochs=1)
        network = StackedNetwork(3, 2, [settings])
        Training(network, loss_function(settings), Spy(inputs, targets), None, [settings]).run()

    assert torch.equal(torch.cat(seen[:2]), inputs)
    assert not torch.equal(torch.cat(seen[2:]), inputs)
    assert torch.equal(torch.cat(seen[2:]).sort(0).values, inputs.sort(0).values)


def test_each_epoch_has_its_learning_rate(wedge):
    settings = wedge(epochs=6, schedule="cosine")

    record = fit([settings]).progress.record

    assert [float(numbers[0, 0]) for *_, numbers in record] == pytest.approx(
        [learning_rate(settings, epoch) for epoch in range(6)]
    )

import pytest
import torch

from geokiln.training.examples import InMemory

DIFFERENT = [
    ({"seed": 1, "learning_rate": 0.02}, {"seed": 2, "learning_rate": 0.001}),
    ({"seed": 1, "weight_decay": 0.5}, {"seed": 1, "schedule": "cosine"}),
    ({"seed": 4, "patience": 1}, {"seed": 5}),
]


@pytest.fixture
def fit(prepare):
    """A function that runs a training (see ``prepare``) and gives it; its ``evaluations`` are epochs."""

    def fit(*own, **changes):
        training = prepare(*own, **changes)
        training.evaluations = []
        training.run(lambda training, judged: training.evaluations.append(training.progress.epoch))
        return training

    return fit


@pytest.mark.parametrize("own", DIFFERENT, ids=str)
def test_stacked_wedges_train_as_each_does_alone(own, fit):
    shared = {"epochs": 40, "batch_size": 10, "hidden_layers": 2, "dropout": 0.1, "input_noise": 0.05}
    shared |= {"precision": torch.float64, "opposed": True}

    stacked = fit(*own, **shared)

    for number, changes in enumerate(own):
        alone = fit(changes, **shared)
        assert torch.allclose(stacked.parameters[number], alone.parameters[0], atol=1e-9)
        assert torch.allclose(stacked.best[number], alone.best[0], atol=1e-9)
        for name in ("best_loss", "best_training_loss", "best_epoch", "epochs"):
            one, other = (getattr(training.progress, name) for training in (stacked, alone))
            assert one[number].item() == pytest.approx(other[0].item(), abs=1e-9)
        assert (alone.progress.epochs < 40).item() == ("patience" in changes)


@pytest.mark.parametrize(("interval", "patience", "rate"), [(1, 1, 0.02), (4, 3, 0.02), (1, 3, 1e-30)])
def test_a_training_stops_after_so_many_evaluations_without_improvement(interval, patience, rate, fit):
    """An equal loss is none; *opposed* losses grow from the first evaluation on."""
    shared = {"epochs": 200, "epochs_per_evaluation": interval, "patience": patience, "learning_rate": rate}

    trained = fit(opposed=True, weights="last", **shared)

    epochs = trained.progress.epochs.item()
    assert trained.progress.best_epoch.item() == interval and epochs == interval + patience * interval
    assert trained.evaluations == list(range(interval, epochs + 1, interval))
    assert torch.equal(trained.final_parameters(), trained.parameters)
    assert torch.equal(trained.parameters, trained.best) == (rate == 1e-30)


@pytest.mark.parametrize("batch_size", [10, 100], ids=["the last one smaller", "larger than the set"])
def test_the_training_loss_is_the_mean_over_all_examples_whatever_the_batch(batch_size, fit):
    trained = fit(learning_rate=1e-30, batch_size=batch_size)

    outputs = trained.network(trained.training.inputs.unsqueeze(0))[0]
    expected = (outputs - trained.training.targets).square().mean().item()
    assert trained.progress.best_training_loss.item() == pytest.approx(expected, rel=1e-5)


def test_the_result_is_that_of_the_best_evaluation(fit):
    settings = {"learning_rate": 0.1, "batch_size": 8}

    trained = fit(epochs=60, **settings)

    until_then = fit(epochs=trained.progress.best_epoch.item(), **settings)
    assert until_then.progress.best_epoch == trained.progress.best_epoch < 60
    assert torch.equal(trained.final_parameters(), until_then.parameters)


@pytest.mark.parametrize(
    ("changes", "evaluated"),
    [
        ({"epochs": 10, "epochs_per_evaluation": 3}, [3, 6, 9, 10]),
        ({"epochs": 4, "epochs_per_evaluation": 10}, [4]),
        ({"epochs": 100, "batch_size": 10, "iterations": 8}, [1, 2, 3]),
    ],
    ids=str,
)
def test_the_last_epoch_is_evaluated_whatever_ends_the_training(changes, evaluated, fit):
    trained = fit(**changes)

    assert trained.evaluations == evaluated and trained.progress.epochs.item() == evaluated[-1]
    assert trained.progress.steps == changes.get("iterations", trained.progress.steps)


def test_a_clipped_gradient_takes_steps_of_at_most_its_length(prepare):
    settings = {"optimizer": "sgd", "momentum": 0.0, "learning_rate": 1.0, "epochs": 1, "batch_size": 24}
    training = prepare(gradient_clip=0.01, hidden_layers=2, **settings)
    before = training.parameters.clone()

    training.run()

    assert (training.parameters - before).norm() == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("shuffle", [False, True])
def test_examples_keep_their_order_unless_they_are_shuffled(shuffle, fit):
    seen = []

    class Spy(InMemory):
        def epoch(self, batch_size, shuffles=None):
            for inputs, targets in super().epoch(batch_size, shuffles):
                seen.extend(inputs[0, :, 0].tolist())
                yield inputs, targets

    fit(examples=Spy(torch.arange(24.0).unsqueeze(1).expand(-1, 3), torch.zeros(24, 2)), shuffle=shuffle, epochs=1)

    assert sorted(seen) == list(range(24))
    assert (seen == list(range(24))) != shuffle

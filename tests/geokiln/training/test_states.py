from pathlib import Path

import pytest
import torch

from geokiln.models.network import StackedNetwork
from geokiln.training import states as training_states
from geokiln.training.examples import InMemory
from geokiln.training.losses import loss_function
from geokiln.training.states import States
from geokiln.training.trainer import Training


@pytest.fixture
def train(wedge):
    """A function that trains with states in ``way/`` and gives the training; *stop* raises after that epoch."""

    def train(stop=None, **changes):
        settings = wedge(**{"epochs": 10, "save_state": 1, **changes})
        random = torch.Generator().manual_seed(0)
        inputs = torch.randn(24, 3, generator=random)
        sets = InMemory(inputs[:16], inputs[:16, :2].sin()), InMemory(inputs[16:], -inputs[16:, :2].sin())
        training = Training(StackedNetwork(3, 2, [settings]), loss_function(settings), *sets, [settings])
        states = States("way", settings)
        state = states.find()
        if state is not None:
            training.load_states([state])
        training.resumed = training.progress.epoch

        def epoch_ended(training, trained, better):
            if not training.evaluated_out_of_turn:
                states.save_if_due(training, 0, bool(better))
            if training.progress.epoch == stop:
                raise KeyboardInterrupt

        try:
            training.run(epoch_ended=epoch_ended)
        except KeyboardInterrupt:
            assert stop
        return training

    return train


def saved():
    return [path.name for path in Path("way").glob("*")] if Path("way").exists() else []


def same(one, other):
    lines = [[(*line[:2], line[2].tolist()) for line in training.progress.record] for training in (one, other)]
    return lines[0] == lines[1] and torch.equal(one.parameters, other.parameters)


def test_a_training_that_was_stopped_goes_on_where_it_was(train):
    undisturbed = train(save_state="never")
    assert saved() == []

    train(stop=4)
    assert saved() == ["4.safetensors"]
    resumed = train()

    assert resumed.resumed == 4 and same(resumed, undisturbed)
    assert saved() == ["10.safetensors"]


def test_a_longer_training_goes_on_from_a_shorter_one(train):
    undisturbed = train(epochs=15, save_state="never")

    train(epochs=10)
    longer = train(epochs=15)

    assert longer.resumed == 10 and same(longer, undisturbed)


def test_an_evaluation_that_only_the_end_brought_is_not_gone_on_from(train):
    settings = {"epochs_per_evaluation": 4}
    undisturbed = train(epochs=12, save_state="never", **settings)

    train(epochs=10, **settings)
    longer = train(epochs=12, **settings)

    assert longer.resumed == 9 and same(longer, undisturbed)


def test_more_patience_goes_on_and_less_starts_anew(train):
    settings = {"learning_rate": 0.05, "epochs": 60}
    undisturbed = {patience: train(patience=patience, save_state="never", **settings) for patience in (1, 3)}
    assert undisturbed[1].progress.epoch < undisturbed[3].progress.epoch < 60

    train(patience=1, **settings)
    more = train(patience=3, **settings)
    less = train(patience=1, **settings)

    assert more.resumed == undisturbed[1].progress.epoch and same(more, undisturbed[3])
    assert less.resumed == 0 and same(less, undisturbed[1])


def test_a_state_beyond_the_end_is_of_no_use(train):
    train(epochs=10)

    assert train(epochs=6).resumed == 0
    assert train(iterations=12).resumed == 0  # 4 steps an epoch


def test_a_damaged_state_is_passed_over(train):
    train(stop=4)
    Path("way/4.safetensors").write_bytes(b"nonsense")

    assert train().resumed == 0


@pytest.mark.parametrize(
    ("when", "epochs"),
    [("never", []), ("end", [10]), (3, [3, 6, 9, 10]), ("auto", [10]), ("improvement", [1, 2])],
    ids=str,
)
def test_states_are_saved_when_the_setting_says(when, epochs, train, monkeypatch):
    written = []
    save = States.save
    monkeypatch.setattr(
        States,
        "save",
        lambda self, training, wedge: (written.append(training.progress.epoch), save(self, training, wedge)),
    )

    training = train(save_state=when)

    losses = [float(line[2][2, 0]) for line in training.progress.record]
    if when == "improvement":
        epochs = [epoch for epoch in range(1, 11) if losses[epoch - 1] < min(losses[: epoch - 1], default=9)]
    assert written == epochs


def test_long_trainings_save_states_by_the_clock(train, monkeypatch):
    monkeypatch.setattr(training_states, "SECONDS", 0.0)

    train(stop=3, save_state="auto")

    assert saved() == ["3.safetensors"]

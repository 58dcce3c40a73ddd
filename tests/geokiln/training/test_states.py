from pathlib import Path

import pytest
import torch

from geokiln.training import states as training_states
from geokiln.training.states import States


@pytest.fixture
def train(prepare):
    """A function that trains with states in ``way/`` and gives the training; *stop* ends it after that epoch.

    The training's ``resumed`` is the epoch that it went on from, ``saved_in`` are those at whose end a state was saved.
    """

    def train(stop=None, **changes):
        training = prepare(**{"epochs": 10, "save_state": 1, "opposed": True, **changes})
        states = States("way", training.settings)
        state = states.find()
        if state is not None:
            training.load_states([state])
        training.resumed, training.saved_in = training.progress.epoch, []

        def epoch_ended(training, trained, better):
            epoch = training.progress.epoch
            if not training.evaluated_out_of_turn:
                states.save_if_due(training, 0, bool(better))
            if f"{epoch}.safetensors" in saved():
                training.saved_in.append(epoch)

        training.run(epoch_ended=epoch_ended, paused=lambda training: training.progress.epoch == stop)
        return training

    return train


def saved():
    return [path.name for path in Path("way").glob("*")]


def same(one, other):
    lines = [[(*line[:2], line[2].tolist()) for line in training.progress.record] for training in (one, other)]
    return lines[0] == lines[1] and torch.equal(one.parameters, other.parameters) and torch.equal(one.best, other.best)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "sgd", "momentum": 0.9},
        {"optimizer": "adadelta", "learning_rate": 1.0},
        {"dropout": 0.3, "input_noise": 0.1},
    ],
    ids=str,
)
def test_a_training_that_was_stopped_or_gets_longer_goes_on_as_if_undisturbed(changes, train):
    undisturbed = train(epochs=15, save_state="never", **changes)
    assert saved() == []

    train(stop=4, **changes)
    assert saved() == ["4.safetensors"]
    resumed, longer = train(**changes), train(epochs=15, **changes)

    assert (resumed.resumed, longer.resumed) == (4, 10) and same(longer, undisturbed)
    assert saved() == ["15.safetensors"]


def test_an_evaluation_that_only_the_end_brought_is_not_gone_on_from(train):
    undisturbed = train(epochs=12, epochs_per_evaluation=4, save_state="never")

    train(epochs=10, epochs_per_evaluation=4)
    longer = train(epochs=12, epochs_per_evaluation=4)

    assert longer.resumed == 9 and same(longer, undisturbed)


def test_more_patience_goes_on_and_less_starts_anew(train):
    settings = {"learning_rate": 0.05, "epochs": 60}
    undisturbed = {patience: train(patience=patience, save_state="never", **settings) for patience in (1, 3)}
    assert undisturbed[1].progress.epoch < undisturbed[3].progress.epoch < 60

    train(patience=1, **settings)
    more, less = train(patience=3, **settings), train(patience=1, **settings)

    assert more.resumed == undisturbed[1].progress.epoch and same(more, undisturbed[3])
    assert less.resumed == 0 and same(less, undisturbed[1])


@pytest.mark.parametrize("changes", [{"epochs": 6}, {"iterations": 12}, {"save_state": 1}], ids=str)
def test_a_state_beyond_the_end_or_a_damaged_one_is_of_no_use(changes, train):
    train()
    if "save_state" in changes:
        Path("way/10.safetensors").write_bytes(b"nonsense")

    assert train(**changes).resumed == 0


@pytest.mark.parametrize(("when", "epochs"), [("never", []), ("end", [10]), (3, [3, 6, 9, 10]), ("auto", [10])])
def test_states_are_saved_when_the_setting_says(when, epochs, train):
    assert train(save_state=when).saved_in == epochs


def test_states_may_be_saved_at_each_improvement(train):
    training = train(save_state="improvement", learning_rate=0.1, opposed=False)

    losses = [line[2][2, 0].item() for line in training.progress.record]
    better = [epoch for epoch, loss in enumerate(losses, 1) if loss == min(losses[:epoch])]
    assert training.saved_in == better and len(better) < 10


def test_long_trainings_save_states_by_the_clock(train, monkeypatch):
    monkeypatch.setattr(training_states, "SECONDS", 0.0)

    assert train(save_state="auto").saved_in == list(range(1, 11))

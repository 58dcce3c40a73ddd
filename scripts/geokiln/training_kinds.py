"""The ways to train a wedge: the trainer, a user's own training, and the fits that need none."""

import math
import signal
import sys
from dataclasses import dataclass, field

import numpy as np
import threadpoolctl

from geokiln.errors import UserError
from geokiln.examples import Streamed
from geokiln.own_code import module_weights
from geokiln.training import NUMBERS


@dataclass
class Outcome:
    """What a training came to.

    Attributes
    ----------
    weights : dict
        Arrays by name; empty if it diverged.
    about : dict
        ``status``, and where there are epochs ``stopped``, ``epochs``, ``best_epoch`` and losses.
    rows : list
        Lines of ``losses.csv``: epoch, steps, learning rate, training loss, validation loss.
    snapshots : dict
        Weights of single epochs by ``{epoch}/{name}``.
    """

    weights: dict
    about: dict
    rows: list = field(default_factory=list)
    snapshots: dict = field(default_factory=dict)


def train_network(training, states):
    """Train the networks of a `geokiln.training.Training`, from a saved state if there is one."""
    settings, done = training.settings, training.progress
    state = states.find() if settings["save_state"] != "never" else None
    if state is not None:
        training.load_state(state)
        print(f"resumed from epoch {done.epoch}", flush=True)
    terminated = []
    before = signal.signal(signal.SIGTERM, lambda *_: terminated.append(True))  # a farm's time limit: save, then go

    def evaluated(training, better):
        epoch, _, numbers = training.progress.record[-1]
        words = ", ".join(f"{name.replace('_', ' ')} {value:.3e}" for name, value in zip(NUMBERS, numbers[:, 0]))
        print(f"epoch {epoch}: {words}", flush=True)

    def epoch_ended(training, better):
        due = settings["snapshots"]
        if better and due == "improvement" or isinstance(due, int) and done.epoch % due == 0:
            row = training.best if due == "improvement" else training.parameters
            states.save_snapshot(done.epoch, training.network.named_weights(row[0]))
        if not training.evaluated_out_of_turn:
            states.save_if_due(training, better)
            if terminated and settings["save_state"] != "never":
                states.save(training)
        if terminated:
            sys.exit("train_wedge: asked to stop (SIGTERM); the next run goes on from here")

    try:
        training.run(evaluated, epoch_ended)
    finally:
        signal.signal(signal.SIGTERM, before)
    rows = [[epoch, steps, *map(float, numbers[:, 0])] for epoch, steps, numbers in done.record]
    epochs = int(done.epochs[0])
    if done.diverged[0]:
        return Outcome({}, {"status": "diverged", "epochs": epochs}, rows)
    last = training.settings["weights"] == "last"
    outcome = {
        "status": "trained",
        "stopped": "patience" if not done.active[0] else "iterations" if epochs < settings["epochs"] else "epochs",
        "epochs": epochs,
        "best_epoch": int(done.best_epoch[0]),
        "training_loss": rows[-1][3] if last else float(done.best_training_loss[0]),
        "validation_loss": rows[-1][4] if last else float(done.best_loss[0]),
    }
    weights = training.network.named_weights(training.final_parameters()[0])
    return Outcome(weights, outcome, rows, states.snapshots(_snapshot_epochs(rows, epochs, settings["snapshots"])))


def _snapshot_epochs(rows, epochs, snapshots):
    if isinstance(snapshots, int):
        return list(range(snapshots, epochs + 1, snapshots))
    best, chosen = math.inf, []
    for epoch, *_, loss in rows if snapshots == "improvement" else []:
        if loss < best:
            best = loss
            chosen.append(epoch)
    return chosen


def train_own(own, training, validation, settings):
    """Let the user's own ``train`` do it all; its losses are what it recorded."""
    module, rows = own.model(training.n_in, training.n_out, settings), []

    def record(epoch, training_loss, validation_loss=None):
        loss = training_loss if validation_loss is None else validation_loss
        rows.append([int(epoch), 0, settings["learning_rate"], float(training_loss), float(loss)])
        print(f"epoch {epoch}: training loss {float(training_loss):.3e}, validation loss {float(loss):.3e}", flush=True)

    own.train(module, training, validation, settings, record)
    weights = module_weights(module)
    finite = all(np.isfinite(array).all() for array in weights.values())
    if not finite:
        return Outcome({}, {"status": "diverged", "epochs": rows[-1][0] if rows else 0}, rows)
    best = min(rows, key=lambda row: row[4]) if rows else [0, 0, 0.0, None, None]
    outcome = {
        "status": "trained",
        "stopped": "own training",
        "epochs": rows[-1][0] if rows else 0,
        "best_epoch": best[0],
        "training_loss": best[3],
        "validation_loss": best[4],
    }
    return Outcome(weights, outcome, rows)


def fit_regressor(training, settings):
    """Fit a linear map, kernels or the nearest example."""
    if isinstance(training, Streamed):
        raise UserError(f"training.model {settings['model']} needs all examples at once; raise training.memory")
    from geokiln.regressors import fit  # scikit-learn takes longer to import than many a network to train

    threadpoolctl.threadpool_limits(settings["threads"])
    weights = fit(settings["model"], training.inputs.numpy(), training.targets.numpy(), settings)
    return Outcome(weights, {"status": "trained"})

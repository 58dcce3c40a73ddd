"""The ways to train: a stack of networks, a user's own training, and the fits that need none."""

import math
import signal
import sys
from dataclasses import dataclass, field

import numpy as np
import threadpoolctl

from geokiln.errors import UserError
from geokiln.models.module_network import load_module_weights, module_weights
from geokiln.training.examples import Streamed


@dataclass
class Outcome:
    """What the training of a wedge came to.

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
    seconds : float
        What it took; of a stack, the wedge's share.
    """

    weights: dict
    about: dict
    rows: list = field(default_factory=list)
    snapshots: dict = field(default_factory=dict)
    seconds: float = 0.0


def train_stack(training, states):
    """Train a `geokiln.training.trainer.Training` until most of its wedges are done; *states* are those of its wedges.

    Returns
    -------
    dict
        Number of a wedge that is done -> `Outcome`. The others are to go on, from ``training.state(number)``.
    """
    wedges, done = range(training.count), training.progress
    terminated = []
    before = signal.signal(signal.SIGTERM, lambda *_: terminated.append(True))  # a farm's time limit: save, then go

    def epoch_ended(training, trained, better):
        for wedge in wedges:
            if trained[wedge] and not done.diverged[wedge]:
                _save(training, wedge, better[wedge], states[wedge], terminated)
        if terminated:
            sys.exit("train_pack: asked to stop (SIGTERM); the next run goes on from here")

    try:
        training.run(_print_losses, epoch_ended, _mostly_done)
    finally:
        signal.signal(signal.SIGTERM, before)
    over = [wedge for wedge in wedges if training.at_end() or not done.active[wedge]]
    return {wedge: _outcome(training, wedge, states[wedge]) for wedge in over}


def _mostly_done(training):
    """Whether half of a stack and more is computed for nothing."""
    return 2 * training.progress.active.sum() <= training.count and training.count > 1


def _save(training, wedge, better, states, terminated):
    """Save what is due of a wedge at the end of an epoch: a snapshot, and a state to go on from."""
    epoch, due = training.progress.epoch, training.wedges[wedge]["snapshots"]
    if better and due == "improvement" or isinstance(due, int) and epoch % due == 0:
        row = training.best if due == "improvement" else training.parameters
        states.save_snapshot(epoch, training.network.named_weights(row[wedge]))
    if not training.evaluated_out_of_turn:
        states.save_if_due(training, wedge, better)
        if terminated and training.wedges[wedge]["save_state"] != "never":
            states.save(training, wedge)


def _print_losses(training, judged):
    """Print a line for an evaluation: the losses of one wedge, or the range of those of a stack."""
    epoch, _, numbers = training.progress.record[-1]
    words = []
    for name, values in zip(("learning rate", "training loss", "validation loss"), numbers[:, judged]):
        low, high = f"{values.min():.3e}", f"{values.max():.3e}"
        words.append(f"{name} {low}" if low == high else f"{name} {low} to {high}")
    stacked = f", {judged.sum()} wedges" if training.count > 1 else ""
    print(f"epoch {epoch}{stacked}: {', '.join(words)}", flush=True)


def _outcome(training, wedge, states):
    done, settings = training.progress, training.wedges[wedge]
    rows = [[epoch, steps, *map(float, numbers)] for epoch, steps, numbers in training.record_of(wedge)]
    epochs = int(done.epochs[wedge])
    if done.diverged[wedge]:
        return Outcome({}, {"status": "diverged", "epochs": epochs}, rows)
    last = settings["weights"] == "last"
    about = {
        "status": "trained",
        "stopped": "patience" if not done.active[wedge] else "iterations" if epochs < settings["epochs"] else "epochs",
        "epochs": epochs,
        "best_epoch": int(done.best_epoch[wedge]),
        "training_loss": rows[-1][3] if last else float(done.best_training_loss[wedge]),
        "validation_loss": rows[-1][4] if last else float(done.best_loss[wedge]),
    }
    weights = training.network.named_weights(training.final_parameters()[wedge])
    return Outcome(weights, about, rows, states.snapshots(_snapshot_epochs(rows, epochs, settings["snapshots"])))


def _snapshot_epochs(rows, epochs, snapshots):
    if isinstance(snapshots, int):
        return list(range(snapshots, epochs + 1, snapshots))
    best, chosen = math.inf, []
    for epoch, *_, loss in rows if snapshots == "improvement" else []:
        if loss < best:
            best = loss
            chosen.append(epoch)
    return chosen


def train_own(own, training, validation, settings, load_initial):
    """Let the user's own ``train`` do it all; its losses are what it recorded.

    ``load_initial(load_weights)`` calls *load_weights* with the weights to start from, if there are any.
    """
    module, rows = own.model(training.n_in, training.n_out, settings), []
    load_initial(lambda weights: load_module_weights(module, weights))

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
    from geokiln.models.regressors import fit  # scikit-learn takes longer to import than many a network to train

    threadpoolctl.threadpool_limits(settings["threads"])
    weights = fit(settings["model"], training.inputs.numpy(), training.targets.numpy(), settings)
    return Outcome(weights, {"status": "trained"})

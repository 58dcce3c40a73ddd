"""From preprocessed files to a trained wedge on disk, judged in physical units."""

import csv
import math
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import threadpoolctl
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from geokiln.arrays import read_arrays
from geokiln.errors import UserError
from geokiln.evaluation import relative_error, rms_by_component, squares_by_component
from geokiln.examples import InMemory, Streamed
from geokiln.files import put_aside, write_json
from geokiln.losses import differentiated, loss_function
from geokiln.model import StackedNetwork
from geokiln.own_code import ModuleNetwork, module_weights
from geokiln.prediction_in_torch import coefficient_function, physical_predictions
from geokiln.tables import Table
from geokiln.training import NUMBERS, Training

MEGABYTE = 1 << 20
LOSSES = ["epoch", "steps", *NUMBERS]  # columns of losses.csv


def train_wedge(preprocessed, raw, sidecar, settings, folder, states, own=None, initial_weights=None):
    """Train one wedge and write ``weights.safetensors``, ``training.json``, ``losses.csv``, ``snapshots.safetensors``.

    Parameters
    ----------
    preprocessed : path
        Folder that `geokiln.preprocessing.preprocess_table` filled.
    raw, sidecar : path
        The dataset, for the errors in physical units after reconstruction.
    settings : dict
        All keys of ``training:``, the wedge's values laid over.
    folder : path
        Where the files are written.
    states : geokiln.training_states.States
        Where a state to go on from may lie, and states are saved.
    own : geokiln.own_code.OwnCode, optional
    initial_weights : path, optional
        A ``weights.safetensors`` to start from.

    A training that diverges is a result, too: its ``status`` says so, and it has no weights.
    """
    torch.set_num_threads(settings["threads"])  # parallelism comes from jobs: threads on a busy machine only cost
    start = time.perf_counter()
    device = _device(settings["device"])
    training, validation = (_open(preprocessed, split, settings, device) for split in ("training", "validation"))
    if not training.count:
        raise UserError("there is no training example; lower preprocess.validation_share or test_share")
    validation = validation if validation.count else None
    if settings["model"] != "network":
        weights, outcome, rows, snapshots = _fit_regressor(training, settings), {"status": "trained"}, [], {}
    elif own and own.has("train"):
        weights, outcome, rows, snapshots = _train_own(own, training, validation, settings)
    else:
        network = _network(training, settings, own, device)
        if initial_weights:
            _start_from(network, initial_weights)
        loss = differentiated(own.loss) if own and own.has("loss") else loss_function(settings)
        weights, outcome, rows, snapshots = _train_network(
            Training(network, loss, training, validation, [settings]), states
        )
    about = {"settings": settings, **outcome, "parameters": _count(weights)}
    if outcome["status"] == "trained":
        basis, table = read_arrays(Path(preprocessed, "basis.npz")), Table(raw, sidecar)
        predict = coefficient_function(settings, weights, training.n_in, training.n_out, own)
        about.update(_errors(table, basis, predict))
    save_file(weights, Path(folder, "weights.safetensors"))
    save_file(snapshots, Path(folder, "snapshots.safetensors"))
    with open(Path(folder, "losses.csv"), "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([LOSSES, *rows])
    seconds = round(time.perf_counter() - start, 3)
    write_json(Path(folder, "training.json"), {**about, "dataset": Table(raw, sidecar).digest, "seconds": seconds})
    return about


def _count(weights):
    """Return how many numbers a model has; the remainders of float64 weights are no numbers of their own."""
    return sum(array.size for name, array in weights.items() if not name.endswith("_remainder"))


def _open(preprocessed, split, settings, device):
    """Return the examples of a split: in memory if they fit into ``training.memory``, else in a stream."""
    table = Table(Path(preprocessed, f"{split}.raw"), Path(preprocessed, f"{split}.json"))
    limit = settings["max_examples"] if split == "training" else None
    count = min(limit or table.count, table.count)
    if 4 * count * table.width > settings["memory"] * MEGABYTE:
        return Streamed(table, settings["memory"] * MEGABYTE, count, device)
    rows = torch.from_numpy(table.read(count)).to(device)
    return InMemory(rows[:, : table.input_width].contiguous(), rows[:, table.input_width :].contiguous())


def _device(name):
    try:
        torch.zeros(1, device="cuda" if name == "auto" and torch.cuda.is_available() else name.replace("auto", "cpu"))
    except (RuntimeError, AssertionError) as error:
        reason = str(error).split("\n")[0]
        raise UserError(f"training.device: {name} cannot be used here ({reason}); cpu always works") from None
    return name if name != "auto" else "cuda" if torch.cuda.is_available() else "cpu"


def _network(training, settings, own, device):
    if own and own.has("model"):
        return ModuleNetwork(own.model(training.n_in, training.n_out, settings), device)
    return StackedNetwork(training.n_in, training.n_out, [settings], device=device)


def _start_from(network, path):
    try:
        with torch.no_grad():
            network.load_weights(read_weights(path))
    except ValueError as error:
        raise UserError(f"training.initial_weights: {path} does not fit this network: {error}") from None


def _train_network(training, states):
    """Train, from a saved state if there is one; return weights, outcome, lines of losses.csv, snapshots."""
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
            if terminated:
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
        return {}, {"status": "diverged", "epochs": epochs}, rows, {}
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
    return weights, outcome, rows, states.snapshots(_snapshot_epochs(rows, epochs, settings["snapshots"]))


def _snapshot_epochs(rows, epochs, snapshots):
    if isinstance(snapshots, int):
        return list(range(snapshots, epochs + 1, snapshots))
    best, chosen = math.inf, []
    for epoch, *_, loss in rows if snapshots == "improvement" else []:
        if loss < best:
            best = loss
            chosen.append(epoch)
    return chosen


def _train_own(own, training, validation, settings):
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
        return {}, {"status": "diverged", "epochs": rows[-1][0] if rows else 0}, rows, {}
    best = min(rows, key=lambda row: row[4]) if rows else [0, 0, 0.0, None, None]
    outcome = {
        "status": "trained",
        "stopped": "own training",
        "epochs": rows[-1][0] if rows else 0,
        "best_epoch": best[0],
        "training_loss": best[3],
        "validation_loss": best[4],
    }
    return weights, outcome, rows, {}


def _fit_regressor(training, settings):
    if isinstance(training, Streamed):
        raise UserError(f"training.model {settings['model']} needs all examples at once; raise training.memory")
    from geokiln.regressors import fit  # scikit-learn takes longer to import than many a network to train

    threadpoolctl.threadpool_limits(settings["threads"])
    return fit(settings["model"], training.inputs.numpy(), training.targets.numpy(), settings)


def read_weights(path):
    """Return the arrays in a .safetensors file by name; a damaged file is put aside and named."""
    try:
        return load_file(path)
    except SafetensorError as error:
        raise put_aside(path, str(error)) from None


def _errors(table, basis, predict):
    """Return what is known of a model's errors: RMS by target component, on validation and test examples."""
    judged_on = "validation" if basis["validation"].any() else "training"
    rows = basis["validation"] if judged_on == "validation" else ~basis["test"]
    rms, spread = rms_and_spread(table, basis, predict, rows)
    errors = {"judged_on": judged_on, "validation_rmse": rms, "relative_validation_rmse": relative_error(rms, spread)}
    if basis["test"].any():
        errors["test_rmse"], _ = rms_and_spread(table, basis, predict, basis["test"])
    return errors


def rms_and_spread(table, basis, predict, rows):
    """Return RMS error and spread (RMS deviation from the training mean) of chosen rows, per target component.

    Both are dicts of name -> float in the component's physical unit. A block of the table is in memory at a time.
    """
    components, n_in = table.kind("target"), table.input_width
    errors, deviations, count = Counter(), Counter(), int(rows.sum())
    for _, block in table.blocks(rows):
        predicted, targets = physical_predictions(predict, basis, block[:, :n_in]), block[:, n_in:]
        errors.update(squares_by_component(predicted - targets, components))
        deviations.update(squares_by_component(targets - basis["target_mean"], components))
    return rms_by_component(errors, count, components), rms_by_component(deviations, count, components)

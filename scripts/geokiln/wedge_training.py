"""From preprocessed files to a trained wedge on disk, judged in physical units."""

import csv
import time
from collections import Counter
from pathlib import Path

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
from geokiln.own_code import ModuleNetwork
from geokiln.prediction_in_torch import coefficient_function, physical_predictions
from geokiln.tables import Table
from geokiln.training import NUMBERS, Training
from geokiln.training_kinds import fit_regressor, train_network, train_own
from geokiln.training_settings import MEGABYTE, streamed_within

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
        outcome = fit_regressor(training, settings)
    elif own and own.has("train"):
        outcome = train_own(own, training, validation, settings)
    else:
        network = _network(training, settings, own, device)
        if initial_weights:
            _start_from(network, initial_weights)
        loss = differentiated(own.loss) if own and own.has("loss") else loss_function(settings)
        outcome = train_network(Training(network, loss, training, validation, [settings]), states)
    about = {"settings": settings, **outcome.about, "parameters": _count(outcome.weights)}
    if about["status"] == "trained":
        basis, table = read_arrays(Path(preprocessed, "basis.npz")), Table(raw, sidecar)
        predict = coefficient_function(settings, outcome.weights, training.n_in, training.n_out, own)
        about.update(_errors(table, basis, predict))
    save_file(outcome.weights, Path(folder, "weights.safetensors"))
    save_file(outcome.snapshots, Path(folder, "snapshots.safetensors"))
    with open(Path(folder, "losses.csv"), "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([LOSSES, *outcome.rows])
    seconds = round(time.perf_counter() - start, 3)
    write_json(Path(folder, "training.json"), {**about, "dataset": Table(raw, sidecar).digest, "seconds": seconds})
    return about


def _count(weights):
    """Return how many numbers a model has; the remainders of float64 weights are no numbers of their own."""
    return sum(array.size for name, array in weights.items() if not name.endswith("_remainder"))


def _open(preprocessed, split, settings, device):
    """Return the examples of a split: in memory if they fit into ``training.memory``, else in a stream."""
    table = Table(Path(preprocessed, f"{split}.raw"), Path(preprocessed, f"{split}.json"))
    if split == "validation":
        settings = {**settings, "max_examples": None}
    count = min(settings["max_examples"] or table.count, table.count)
    if streamed_within(settings, table.about):
        return Streamed(table, settings["memory"] * MEGABYTE, count, device)
    inputs, targets = (torch.empty(count, width) for width in (table.input_width, table.width - table.input_width))
    for first, block in table.blocks():  # read whole and then split, they would be in memory twice
        rows = torch.from_numpy(block[: max(0, count - first)])
        inputs[first : first + len(rows)] = rows[:, : table.input_width]
        targets[first : first + len(rows)] = rows[:, table.input_width :]
    return InMemory(inputs.to(device), targets.to(device))


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

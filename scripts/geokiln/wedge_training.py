"""A trained wedge on disk, judged in physical units."""

import csv
import time
from collections import Counter
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from geokiln.arrays import read_arrays
from geokiln.evaluation import relative_error, rms_by_component, squares_by_component
from geokiln.files import put_aside, write_json
from geokiln.prediction_in_torch import coefficient_function, physical_predictions
from geokiln.training import NUMBERS

LOSSES = ["epoch", "steps", *NUMBERS]  # columns of losses.csv


def write_wedge(folder, preprocessed, table, settings, outcome, own=None):
    """Write a training's ``weights.safetensors``, ``training.json``, ``losses.csv``, ``snapshots.safetensors``.

    Parameters
    ----------
    folder : path
        Where the files are written.
    preprocessed : path
        Folder that `geokiln.preprocessing.preprocess_table` filled.
    table : geokiln.tables.Table
        The dataset, for the errors in physical units after reconstruction.
    settings : dict
        All keys of ``training:``, the wedge's values laid over.
    outcome : geokiln.training_kinds.Outcome
    own : geokiln.own_code.OwnCode, optional
    """
    start = time.perf_counter()
    about = {"settings": settings, **outcome.about, "parameters": _count(outcome.weights)}
    if about["status"] == "trained":
        basis = read_arrays(Path(preprocessed, "basis.npz"))
        predict = coefficient_function(settings, outcome.weights, table.input_width, len(basis["basis"]), own)
        about.update(_errors(table, basis, predict))
    save_file(outcome.weights, Path(folder, "weights.safetensors"))
    save_file(outcome.snapshots, Path(folder, "snapshots.safetensors"))
    with open(Path(folder, "losses.csv"), "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([LOSSES, *outcome.rows])
    seconds = round(outcome.seconds + time.perf_counter() - start, 3)
    write_json(Path(folder, "training.json"), {**about, "dataset": table.digest, "seconds": seconds})


def _count(weights):
    """Return how many numbers a model has; the remainders of float64 weights are no numbers of their own."""
    return sum(array.size for name, array in weights.items() if not name.endswith("_remainder"))


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

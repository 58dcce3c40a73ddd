"""A trained wedge on disk, judged in physical units."""

import csv
import platform
import sys
import time
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from geokiln.models.reference import coefficient_function
from geokiln.models.wedge_errors import errors_on_examples
from geokiln.storage.arrays import read_arrays
from geokiln.storage.files import put_aside, write_json
from geokiln.storage.results import check_vouched
from geokiln.training.trainer import NUMBERS

LOSSES = ["epoch", "steps", *NUMBERS]  # columns of losses.csv


def write_wedge(folder, basis, table, settings, outcome, own=None):
    """Write a training's ``weights.safetensors``, ``training.json``, ``losses.csv``, ``snapshots.safetensors``.

    Parameters
    ----------
    folder : path
        Where the files are written.
    basis : path
        ``basis.npz`` of the preprocessing.
    table : geokiln.storage.tables.Table
        The dataset, for the errors in physical units after reconstruction.
    settings : dict
        All keys of ``training:``, the wedge's values laid over.
    outcome : geokiln.training.kinds.Outcome
    own : geokiln.training.own_script.OwnScript, optional
    """
    start = time.perf_counter()
    about = {"settings": settings, **outcome.about, "parameters": _count(outcome.weights)}
    if about["status"] == "trained":
        basis = read_arrays(basis)
        predict = coefficient_function(settings, outcome.weights, table.input_width, len(basis["basis"]), own)
        about.update(errors_on_examples(predict, basis, table))
    save_file(outcome.weights, Path(folder, "weights.safetensors"))
    save_file(outcome.snapshots, Path(folder, "snapshots.safetensors"))
    with open(Path(folder, "losses.csv"), "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([LOSSES, *outcome.rows])
    seconds = round(outcome.seconds + time.perf_counter() - start, 3)
    about |= {"dataset": table.digest, "seconds": seconds}
    where = {"python": platform.python_version(), "base_prefix": sys.base_prefix}  # to tell, not to count
    write_json(Path(folder, "training.json"), {**about, **where})


def _count(weights):
    """Return how many numbers a model has; the remainders of float64 weights are no numbers of their own."""
    return sum(array.size for name, array in weights.items() if not name.endswith("_remainder"))


def read_weights(path, sidecar=None):
    """Return the arrays in a .safetensors file by name; a damaged file is put aside and named.

    The *sidecar*, a ``training.json``, vouches for a file of Geokiln's own.
    """
    if sidecar:
        check_vouched(path, sidecar)
    try:
        return load_file(path)
    except SafetensorError as error:
        raise put_aside(path, str(error)) from None

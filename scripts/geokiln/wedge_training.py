"""From preprocessed files to a trained wedge on disk, judged in physical units."""

import time
from collections import Counter
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from geokiln.arrays import read_arrays
from geokiln.errors import UserError
from geokiln.evaluation import relative_error, rms_by_component, squares_by_component
from geokiln.files import put_aside, write_json
from geokiln.model import named_weights, predict_physical
from geokiln.tables import Table
from geokiln.training import train


def train_wedge(preprocessed, raw, sidecar, settings, folder):
    """Train one wedge and write ``weights.safetensors`` and ``training.json`` into *folder*.

    Parameters
    ----------
    preprocessed : path
        Folder that `geokiln.preprocessing.preprocess_table` filled.
    raw, sidecar : path
        The dataset, for the validation RMSE in physical units after reconstruction.
    settings : dict
        All keys of ``training:``, the wedge's values laid over.
    """
    torch.set_num_threads(1)  # parallelism comes from jobs: two threads on a busy machine are slower than one
    start = time.perf_counter()
    splits = {name: _split(preprocessed, name) for name in ("training", "validation")}
    if not len(splits["validation"][0]):
        raise UserError("preprocess.validation_share leaves no validation example; wedges could not be compared")
    trained = train(*splits["training"], *splits["validation"], [settings])
    weights = named_weights(trained.network, 0)
    basis = read_arrays(Path(preprocessed, "basis.npz"))
    rms, spread = validation_rms(Table(raw, sidecar), basis, weights, settings["activation"])
    save_file(weights, Path(folder, "weights.safetensors"))
    write_json(
        Path(folder, "training.json"),
        {
            "status": "trained",
            "settings": settings,
            "epochs": trained.epochs[0],
            "best_epoch": trained.best_epoch[0],
            "training_loss": trained.training_loss[0],
            "validation_loss": trained.validation_loss[0],
            "validation_rmse": rms,
            "relative_validation_rmse": relative_error(rms, spread),
            "parameters": sum(array.size for array in weights.values()),
            "dataset": Table(raw, sidecar).digest,
            "seconds": round(time.perf_counter() - start, 3),
        },
    )


def read_weights(path):
    """Return the arrays in a .safetensors file by name; a damaged file is put aside and named."""
    try:
        return load_file(path)
    except SafetensorError as error:
        raise put_aside(path, str(error)) from None


def validation_rms(table, basis, weights, activation):
    """Return RMS error and spread (RMS deviation from the training mean) of the validation split, per target component.

    Both are dicts of name -> float in the component's physical unit. A block of the table is in memory at a time.
    """
    components, n_in = table.kind("target"), table.input_width
    errors, deviations, count = Counter(), Counter(), int(basis["validation"].sum())
    for _, rows in table.blocks(basis["validation"]):
        predicted, targets = predict_physical(weights, activation, basis, rows[:, :n_in]), rows[:, n_in:]
        errors.update(squares_by_component(predicted - targets, components))
        deviations.update(squares_by_component(targets - basis["target_mean"], components))
    return rms_by_component(errors, count, components), rms_by_component(deviations, count, components)


def _split(preprocessed, name):
    table = Table(Path(preprocessed, f"{name}.raw"), Path(preprocessed, f"{name}.json"))
    rows = torch.from_numpy(table.read())
    return rows[:, : table.input_width].contiguous(), rows[:, table.input_width :].contiguous()

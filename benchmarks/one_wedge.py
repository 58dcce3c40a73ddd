"""A folder with a preprocessed table, and the command that trains one wedge of it by Geokiln's own script."""

import json
import shutil
import sys

import numpy as np
import yaml

from common import CHECKOUT

SCRIPT = CHECKOUT / "scripts/train_pack.py"
PACK = "packs/a.json"


def training_settings(values, optional=None):
    """Return the shipped training settings with *values* laid over.

    *optional* values are laid over only where this version of Geokiln has such a key: its config says so.
    """
    shipped = yaml.safe_load((CHECKOUT / "config.yaml").read_text())["training"]
    known = {key: value for key, value in (optional or {}).items() if key in shipped}
    return {**shipped, **values, **known}


def write_folder(folder, training, validation, n_in):
    """Write what the script reads, for examples that are preprocessed already: the way back changes nothing.

    Parameters
    ----------
    training : iterable of arrays (rows, n_in + n_out)
        Standardised rows, a block at a time: the table may be larger than memory.
    validation : (rows, n_in + n_out)
        Is the whole of dataset/examples.raw, too: the script reads no other example of it.
    """
    from geokiln.storage.arrays import write_arrays
    from geokiln.storage.tables import TableWriter

    n_out = validation.shape[1] - n_in
    parts = {"dataset/examples": [validation], "preprocessed/base/validation": [validation]}
    for name, blocks in {**parts, "preprocessed/base/training": training}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shapes = {"standardised": (n_in,)}, {"coefficients": (n_out,)}
        with TableWriter(folder / f"{name}.raw", folder / f"{name}.json", *shapes) as table:
            for block in blocks:
                table.write(block)
    one = np.eye(n_out, dtype=np.float32)
    basis = {
        "input_mean": np.zeros(n_in, np.float32),
        "input_scale": np.ones(n_in, np.float32),
        "target_mean": np.zeros(n_out, np.float32),
        "basis": one,
        "inverse": one,
        "kept_variance": np.float32(1),
        "validation": np.ones(len(validation), bool),
        "test": np.zeros(len(validation), bool),
    }
    write_arrays(folder / "preprocessed/base/basis.npz", basis)


def train_command(folder, settings):
    """Return the command that trains in *folder*; what an earlier run kept there is deleted, or it would be reused."""
    shutil.rmtree(folder / ".kept", ignore_errors=True)
    dataset = ["--examples", "dataset/examples.raw", "--sidecar", "dataset/examples.json"]
    about = ["--preprocessed", "preprocessed/base", "--settings", json.dumps(settings), "--environment", "train"]
    wedges = ["--recipe", '{"name": "base"}', "--wedges", '{"a": {}}']
    return [sys.executable, SCRIPT, *dataset, *about, *wedges, "--output", PACK]


def kept(folder):
    """Return the folder of the store that holds the trained wedge."""
    return folder / ".kept/wedges" / json.loads((folder / PACK).read_text())["wedges"]["a"]["key"]


def trained(folder):
    """Return training.json, and the layers of the network: [(weight (fan in, fan out), bias), ...]."""
    from safetensors.numpy import load_file

    weights = load_file(kept(folder) / "weights.safetensors")
    names = [f"layers.{number}" for number in range(len(weights) // 2)]
    layers = [(weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in names]
    return json.loads((kept(folder) / "training.json").read_text()), layers


def smooth_rows(count, n_in=16, n_out=32, seed=0):
    """Return standardised rows (count, n_in + n_out) of a smooth function, always the same one."""
    random = np.random.default_rng(1)
    mixing, phase = random.normal(size=(n_in, n_out)) / n_in**0.5, random.random(n_out) * 6
    inputs = np.random.default_rng([2, seed]).standard_normal((count, n_in), np.float32)
    targets = np.sin(inputs @ np.float32(mixing) + np.float32(phase))
    mean, square = np.exp(-0.5 * (mixing**2).sum(0)), np.exp(-2 * (mixing**2).sum(0))  # of normal angles, known exactly
    deviation = np.sqrt((1 - square * np.cos(2 * phase)) / 2 - (mean * np.sin(phase)) ** 2)
    return np.hstack([inputs, (targets - np.float32(mean * np.sin(phase))) / np.float32(deviation)])

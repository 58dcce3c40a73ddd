"""Every test has a folder of its own as working directory, and leaves the interpreter as it was."""

import json
import tempfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

from geokiln.storage.tables import TableWriter

set_hypothesis_home_dir(Path(tempfile.gettempdir(), "geokiln-hypothesis"))
settings.register_profile("geokiln", database=None, deadline=None, derandomize=True, max_examples=40)
settings.load_profile("geokiln")


@pytest.fixture(autouse=True)
def alone(own_folder):
    """Every test has its own folder."""


@pytest.fixture
def dataset():
    """A function that writes examples.raw, .json and .ids of one input ``x`` and the *targets* (name -> array)."""

    def dataset(inputs, targets, folder="."):
        inputs = np.float32(inputs)
        raw, sidecar, ids = (Path(folder, f"examples.{suffix}") for suffix in ("raw", "json", "ids"))
        raw.parent.mkdir(parents=True, exist_ok=True)
        shapes = {name: np.shape(array)[1:] for name, array in targets.items()}
        with TableWriter(raw, sidecar, {"x": inputs.shape[1:]}, shapes) as writer:
            parts = [inputs, *targets.values()]
            writer.write(np.hstack([np.float32(part).reshape(len(inputs), -1) for part in parts]))
        ids.write_text("".join(f"{number}\n" for number in range(len(inputs))))
        return raw, sidecar, ids

    return dataset


@pytest.fixture
def pack_data():
    """A function that gives what a pack is trained on: ``base/``, and a dataset."""
    from geokiln.training.context import PackData

    pairs = [(f"base/{split}.raw", f"base/{split}.json") for split in ("training", "validation")]
    return lambda files: PackData(*pairs, "base/basis.npz", files[:2])


@pytest.fixture
def train_one(pack_data):
    """A function that trains one wedge on ``base/`` and a dataset into a folder, and gives its training.json."""
    from geokiln.training.states import States
    from geokiln.training.train_pack import train_pack

    def train_one(files, settings, folder="wedge", way="states", **own):
        Path(folder).mkdir(exist_ok=True)
        states = {"one": States(way, settings)}
        train_pack(pack_data(files), {"one": settings}, states, lambda wedge: nullcontext(folder), **own)
        return json.loads(Path(folder, "training.json").read_text())

    return train_one

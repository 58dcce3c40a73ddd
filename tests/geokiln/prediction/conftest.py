"""A model that is a matrix, and an unseen input for it."""

import numpy as np
import onnx
import pytest

from geokiln.export.onnx_graph import build_onnx
from geokiln.prediction.onnx_model import Model
from geokiln.storage.tables import Table, TableWriter, components_of

INPUTS, OUTPUTS = {"rotation": (2, 2), "time": ()}, {"height": (3,), "force": ()}


@pytest.fixture
def model(wedge):
    """A model without hidden layers: output = input @ weight."""
    weight = np.float32(np.arange(20).reshape(5, 4) / 10)
    basis = {
        "input_mean": np.zeros(5),
        "input_scale": np.ones(5),
        "target_mean": np.zeros(4),
        "basis": np.eye(4),
    }
    metadata = {"inputs": components_of(INPUTS), "outputs": components_of(OUTPUTS)}
    weights = {"layers.0.weight": weight, "layers.0.bias": np.zeros(4, np.float32)}
    onnx.save(build_onnx(weights, wedge(hidden_layers=0), basis, metadata), "model.onnx")
    return Model("model.onnx")


@pytest.fixture
def table():
    """A dataset of 20 examples."""
    with TableWriter("e.raw", "e.json", INPUTS, OUTPUTS) as writer:
        writer.write(np.random.default_rng(0).normal(size=(20, 9)))
    return Table("e.raw", "e.json")


@pytest.fixture
def unseen():
    """A function that gives the arrays of four unseen items; None takes one away."""

    def unseen(**changes):
        random = np.random.default_rng(1)
        arrays = {
            "id": np.arange(4).astype(str),
            "input/time": random.normal(size=4).astype(np.float32),
            "input/rotation": random.normal(size=(4, 2, 2)).astype(np.float32),
        }
        return {name: array for name, array in {**arrays, **changes}.items() if array is not None}

    return unseen

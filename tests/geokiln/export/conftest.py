"""A small network whose export is compared with PyTorch."""

import numpy as np
import pytest

from geokiln.dataset.preprocessing import fit_basis
from geokiln.export.onnx_graph import build_onnx
from geokiln.models.network import StackedNetwork
from geokiln.models.reference import coefficient_function, physical_predictions
from geokiln.storage.tables import components_of


class Case:
    """A network with random parameters between raw inputs and physical targets."""

    def __init__(self, settings, components):
        random = np.random.default_rng(0)
        shapes = {"displacement": (2, 3), "force": ()}
        self.metadata = {
            "inputs": components_of({"x": (4,)}),
            "outputs": components_of(shapes),
            "dataset": "d",
            "wedge": {"name": "ü"},
        }
        self.settings = settings
        self.inputs = np.float32(random.normal(size=(40, 4)) * [1, 10, 0.1, 1] + [0, 100, 0, 5])
        targets = np.float32(random.normal(size=(40, 7)) * 3 + 10)
        self.basis = fit_basis(self.inputs, targets, components, components_of(shapes), True)
        network = StackedNetwork(4, len(self.basis["basis"]), [settings])
        self.weights = network.named_weights(network.parameters[0])

    def predictions(self):
        """What PyTorch gives for the inputs."""
        predict = coefficient_function(self.settings, self.weights, 4, len(self.basis["basis"]))
        return physical_predictions(predict, self.basis, self.inputs)

    def model(self, coefficients=False):
        return build_onnx(self.weights, self.settings, self.basis, self.metadata, coefficients)


@pytest.fixture
def case(wedge):
    """A function that gives a Case."""
    return lambda components=5, **changes: Case(wedge(**{"hidden_layers": 2, "seed": 3, **changes}), components)

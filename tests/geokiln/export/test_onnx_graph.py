import json

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from geokiln.dataset.preprocessing import fit_basis
from geokiln.errors import UserError
from geokiln.export.onnx_graph import build_onnx
from geokiln.export.parity import check_parity
from geokiln.models.activations import ACTIVATIONS
from geokiln.models.network import StackedNetwork
from geokiln.models.reference import coefficient_function, physical_predictions
from geokiln.storage.tables import components_of

SHAPES = {"displacement": (2, 3), "force": ()}
METADATA = {
    "inputs": components_of({"x": (4,)}),
    "outputs": components_of(SHAPES),
    "dataset": "d",
    "wedge": {"name": "ü"},
}


class Case:
    """A network with random parameters between raw inputs and physical targets."""

    def __init__(self, wedge, components=5, **changes):
        random = np.random.default_rng(0)
        self.settings = wedge(**{"hidden_layers": 2, "seed": 3, **changes})
        self.inputs = np.float32(random.normal(size=(40, 4)) * [1, 10, 0.1, 1] + [0, 100, 0, 5])
        targets = np.float32(random.normal(size=(40, 7)) * 3 + 10)
        self.basis = fit_basis(self.inputs, targets, components, components_of(SHAPES), True)
        network = StackedNetwork(4, len(self.basis["basis"]), [self.settings])
        self.weights = network.named_weights(network.parameters[0])
        self.expected = self.predictions()

    def predictions(self):
        predict = coefficient_function(self.settings, self.weights, 4, len(self.basis["basis"]))
        return physical_predictions(predict, self.basis, self.inputs)

    def model(self):
        return build_onnx(self.weights, self.settings, self.basis, METADATA)


@pytest.fixture
def case(wedge):
    """A function that gives a Case."""
    return lambda components=5, **changes: Case(wedge, components, **changes)


def run(model, inputs):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["output"], {"input": inputs})[0]


CASES = [
    ({"activation": activation, "skip_connections": skip}, 5) for activation in ACTIVATIONS for skip in (False, True)
] + [({"hidden_layers": 0}, 5), ({"hidden_layers": 1, "activation": "relu"}, 0), ({"hidden_widths": [5, 9, 9]}, 1)]


@pytest.mark.parametrize(("changes", "components"), CASES, ids=str)
def test_the_exported_model_is_valid_and_agrees_with_torch(changes, components, case):
    made = case(components, **changes)

    model = made.model()
    onnx.checker.check_model(model, full_check=True)
    difference = check_parity(model, [(made.inputs, made.expected)], METADATA["outputs"])

    assert 0 <= difference <= 1e-5
    assert run(model, made.inputs) == pytest.approx(made.expected, rel=1e-5, abs=1e-4)


def test_the_model_is_for_old_runtimes(case):
    model = case().model()

    assert model.ir_version == 8
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]


def test_inputs_and_outputs_are_flat_with_a_free_batch(case):
    session = onnxruntime.InferenceSession(case().model().SerializeToString(), providers=["CPUExecutionProvider"])

    (given,), (gives,) = session.get_inputs(), session.get_outputs()

    assert (given.name, given.type, given.shape) == ("input", "tensor(float)", ["batch", 4])
    assert (gives.name, gives.type, gives.shape) == ("output", "tensor(float)", ["batch", 7])


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_any_batch_can_be_run(batch, case):
    made = case()

    result = run(made.model(), np.repeat(made.inputs[:1], batch, axis=0))

    assert result.shape == (batch, 7)
    assert result == pytest.approx(np.repeat(made.expected[:1], batch, axis=0), rel=1e-5, abs=1e-4)


def test_the_metadata_are_json(case):
    model = onnx.load_from_string(case().model().SerializeToString())

    result = {entry.key: json.loads(entry.value) for entry in model.metadata_props}

    assert result == METADATA


def test_the_model_needs_no_other_file(case):
    model = case().model()

    assert {node.domain for node in model.graph.node} == {""}
    assert all(tensor.data_location == onnx.TensorProto.DEFAULT for tensor in model.graph.initializer)


def test_the_same_network_gives_the_same_bytes(case):
    assert case().model().SerializeToString() == case().model().SerializeToString()


def tamper(model, name, change):
    """Change an array of a model."""
    for tensor in model.graph.initializer:
        if tensor.name == name:
            array = np.array(numpy_helper.to_array(tensor))
            change(array)
            tensor.CopyFrom(numpy_helper.from_array(array, name))
            return model
    raise KeyError(name)


def shift_last(array):
    array[..., -1] += 0.01


def test_a_tampered_weight_does_not_pass_the_gate(case):
    made = case()
    model = tamper(made.model(), "layers.1.weight", shift_last)

    with pytest.raises(UserError) as error:
        check_parity(model, [(made.inputs, made.expected)], METADATA["outputs"])

    assert "the exported model differs from PyTorch in target 'displacement' by" in str(error.value)
    assert "at most 1e-05 is allowed, so it was not written" in str(error.value)


@pytest.mark.parametrize(("column", "component"), [(0, "displacement"), (5, "displacement"), (6, "force")])
def test_the_component_that_differs_is_named(column, component, case):
    made = case()

    def shift(array):
        array[column] += 0.01

    with pytest.raises(UserError) as error:
        check_parity(tamper(made.model(), "target_mean", shift), [(made.inputs, made.expected)], METADATA["outputs"])

    assert f"in target '{component}' by" in str(error.value)


def test_a_small_component_is_not_hidden_by_a_large_one(case):
    made = case()
    expected = made.expected.copy()
    expected[:, 6] *= 1 + 1e-4
    expected[:, :6] *= 1 + 1e-7

    with pytest.raises(UserError) as error:
        check_parity(made.model(), [(made.inputs, expected)], METADATA["outputs"])

    assert "'force' by 1.0e-04" in str(error.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_does_not_pass_the_gate(value, case):
    made = case()
    expected = made.expected.copy()
    expected[0, 6] = value

    with np.errstate(invalid="ignore"), pytest.raises(UserError) as error:
        check_parity(made.model(), [(made.inputs, expected)], METADATA["outputs"])

    assert "'force'" in str(error.value)


def test_a_component_that_is_zero_everywhere_is_compared_absolutely(case):
    made = case(hidden_layers=0)
    for array in (made.basis["basis"], made.basis["target_mean"]):
        array[..., 6] = 0
    expected = made.predictions()

    difference = check_parity(made.model(), [(made.inputs, expected)], METADATA["outputs"])
    made.basis["target_mean"][6] = 1.5e-5
    with pytest.raises(UserError) as error:
        check_parity(made.model(), [(made.inputs, expected)], METADATA["outputs"])

    assert difference <= 1e-5
    assert "'force' by 1.5e-05" in str(error.value)

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from geokiln.export.onnx_graph import export_module, node_versions
from geokiln.models.activations import ACTIVATIONS
from geokiln.training.own_script import OwnScript

CASES = [({"activation": activation}, 5) for activation in ACTIVATIONS]
CASES += [
    ({"hidden_widths": [5, 9, 9], "skip_connections": True}, 1),
    ({"hidden_layers": 0}, 5),
    ({"hidden_layers": 1}, 0),
]


def session(model):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(("changes", "components"), CASES, ids=str)
def test_the_exported_model_is_valid_and_agrees_with_torch(changes, components, case):
    made = case(components, **changes)

    model = made.model()
    (outputs,) = session(model).run(["output"], {"input": made.inputs})

    onnx.checker.check_model(model, full_check=True)
    expected = made.predictions()
    (weights,) = session(made.model(coefficients=True)).run(["output"], {"input": made.inputs})
    assert np.allclose(weights @ made.basis["basis"] + made.basis["target_mean"], outputs, rtol=1e-5, atol=1e-5)
    assert (np.abs(outputs - expected).max(0) <= 1e-5 * np.abs(expected).max(0)).all()


def test_the_file_is_for_old_runtimes_and_tells_its_layout_and_metadata(case):
    made = case()

    model = onnx.load_from_string(made.model().SerializeToString())
    loaded = session(model)

    assert model.ir_version == 4
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 9)]
    (given,), (gives,) = loaded.get_inputs(), loaded.get_outputs()
    assert (given.name, given.type, given.shape) == ("input", "tensor(float)", ["batch", 4])
    assert (gives.name, gives.type, gives.shape) == ("output", "tensor(float)", ["batch", 7])
    assert {entry.key: json.loads(entry.value) for entry in model.metadata_props} == made.metadata


def test_the_same_network_gives_the_same_bytes(case):
    assert case().model().SerializeToString() == case().model().SerializeToString()


@pytest.mark.parametrize("changes", [{"activation": name, "skip_connections": True} for name in ACTIVATIONS], ids=str)
def test_every_operator_is_of_the_opset_that_the_file_states_and_means_the_same_as_later(changes, case):
    made = case(hidden_widths=[5, 5], **changes)

    model = made.model()
    (outputs,) = session(model).run(["output"], {"input": made.inputs})
    later = made.model()
    later.opset_import[0].version, later.ir_version = 17, 8
    (as_later,) = session(later).run(["output"], {"input": made.inputs})

    assert max(node_versions(model.graph, 9)) <= 9  # it raises for an operator that opset 9 does not have
    onnx.checker.check_model(later, full_check=True)
    assert np.array_equal(outputs, as_later)


@pytest.mark.parametrize(
    ("layer", "opset"),
    [
        (torch.nn.Linear(3, 3), 13),
        (torch.nn.ReLU(), 14),
        (torch.nn.LeakyReLU(), 16),
        (torch.nn.LayerNorm(3), 17),
    ],
    ids=str,
)
def test_a_users_module_gets_the_lowest_opset_whose_operators_it_needs(layer, opset, write):
    write("net.py", "def model(n_in, n_out, settings): ...")
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), layer).eval()

    model = export_module(OwnScript("net.py"), module, 4)

    assert model.opset_import[0].version == opset == max(node_versions(model.graph, 17))
    onnx.checker.check_model(model, full_check=True)
    inputs = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    (outputs,) = session(model).run(["output"], {"input": inputs})
    assert np.allclose(outputs, module(torch.from_numpy(inputs)).detach(), atol=1e-6)


def test_operators_of_inner_graphs_count():
    leaf = onnx.helper.make_graph([onnx.helper.make_node("Gelu", ["x"], ["y"])], "inner", [], [])
    branches = {"then_branch": leaf, "else_branch": leaf}
    graph = onnx.helper.make_graph([onnx.helper.make_node("If", ["c"], ["y"], **branches)], "outer", [], [])

    assert max(node_versions(graph, 20)) == 20

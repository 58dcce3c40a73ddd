import json

import numpy as np
import onnx
import onnxruntime
import pytest

from geokiln.models.activations import ACTIVATIONS

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
    assert (np.abs(outputs - expected).max(0) <= 1e-5 * np.abs(expected).max(0)).all()


def test_the_file_is_for_old_runtimes_and_tells_its_layout_and_metadata(case):
    made = case()

    model = onnx.load_from_string(made.model().SerializeToString())
    loaded = session(model)

    assert model.ir_version == 8
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    (given,), (gives,) = loaded.get_inputs(), loaded.get_outputs()
    assert (given.name, given.type, given.shape) == ("input", "tensor(float)", ["batch", 4])
    assert (gives.name, gives.type, gives.shape) == ("output", "tensor(float)", ["batch", 7])
    assert {entry.key: json.loads(entry.value) for entry in model.metadata_props} == made.metadata


def test_the_same_network_gives_the_same_bytes(case):
    assert case().model().SerializeToString() == case().model().SerializeToString()

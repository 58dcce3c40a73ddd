"""One self-contained ONNX file: raw inputs in, physical targets out."""

import json

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from geokiln.errors import UserError

OPSET, IR_VERSION = 17, 8  # DCCs ship old runtimes: onnxruntime 1.16 reads these
OPERATORS = {"tanh": "Tanh", "relu": "Relu"}
PARITY = 1e-5


def build_onnx(weights, activation, basis, metadata):
    """Return the ONNX model of a trained wedge, written as a graph of its own.

    Standardisation, network and PCA reconstruction are one graph from ``input`` [batch, n_in] to ``output``
    [batch, n_out], both float32 and flat.

    Parameters
    ----------
    weights : dict
        As `geokiln.model.named_weights` gives them.
    activation : str
        Key of ``OPERATORS``.
    basis : dict
        As `geokiln.preprocessing.fit_basis` gives it.
    metadata : dict
        Recorded in the model's metadata, each value as JSON.
    """
    constants, nodes = {}, []

    def constant(name, array):
        constants[name] = np.ascontiguousarray(array, np.float32)
        return name

    def node(operator, inputs, output):
        nodes.append(helper.make_node(operator, inputs, [output], name=output))
        return output

    value = node("Sub", ["input", constant("input_mean", basis["input_mean"])], "centred")
    value = node("Div", [value, constant("input_scale", basis["input_scale"])], "standardised")
    last = len(weights) // 2 - 1
    for number in range(last + 1):
        parts = [constant(f"layers.{number}.{part}", weights[f"layers.{number}.{part}"]) for part in ("weight", "bias")]
        value = node("Gemm", [value, *parts], f"layer{number}" if number < last else "coefficients")
        if number < last:
            value = node(OPERATORS[activation], [value], f"activation{number}")
    node("Gemm", [value, constant("basis", basis["basis"]), constant("target_mean", basis["target_mean"])], "output")
    n_in, n_out = len(basis["input_mean"]), len(basis["target_mean"])
    graph = helper.make_graph(
        nodes,
        "geokiln",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", n_in])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", n_out])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="geokiln")
    model.ir_version = IR_VERSION
    helper.set_model_props(model, {key: json.dumps(value) for key, value in metadata.items()})
    onnx.checker.check_model(model)
    return model


def check_parity(model, inputs, expected, components):
    """Compare the model, run by onnxruntime, with PyTorch's *expected* outputs on the same raw *inputs*.

    Returns
    -------
    float
        The largest difference, as a share of the largest absolute value of its target component.

    Raises
    ------
    UserError
        If it is above 1e-5: then the file must not be used.
    """
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    actual = session.run(["output"], {"input": np.ascontiguousarray(inputs, np.float32)})[0]
    worst = 0.0
    for component in components:
        columns = slice(component["offset"], component["offset"] + component["size"])
        largest = np.abs(expected[:, columns]).max()
        difference = float(np.abs(actual[:, columns] - expected[:, columns]).max() / (largest or 1.0))
        worst = max(worst, difference)
        if not difference <= PARITY:
            raise UserError(
                f"the exported model differs from PyTorch in target {component['name']!r} by {difference:.1e} "
                f"of its largest value; at most {PARITY:.0e} is allowed, so it was not written"
            )
    return worst

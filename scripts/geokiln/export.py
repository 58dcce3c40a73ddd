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


def check_parity(model, batches, components):
    """Compare the model, run by onnxruntime, with what PyTorch gives for the same raw inputs.

    Parameters
    ----------
    batches : iterable
        Pairs of inputs (n, n_in) and PyTorch's outputs (n, n_out); one pair is in memory at a time.

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
    largest, difference = np.zeros(len(components)), np.zeros(len(components))
    for inputs, expected in batches:
        actual = session.run(["output"], {"input": np.ascontiguousarray(inputs, np.float32)})[0]
        for number, component in enumerate(components):
            columns = slice(component["offset"], component["offset"] + component["size"])
            here, apart = np.abs(expected[:, columns]), np.abs(actual[:, columns] - expected[:, columns])
            largest[number] = np.maximum(largest[number], here.max())  # unlike max(), it keeps what is not a number
            difference[number] = np.maximum(difference[number], apart.max())
    shares = difference / np.where(largest == 0, 1.0, largest)
    for share, component in zip(shares, components):
        if not share <= PARITY:
            raise UserError(
                f"the exported model differs from PyTorch in target {component['name']!r} by {share:.1e} "
                f"of its largest value; at most {PARITY:.0e} is allowed, so it was not written"
            )
    return float(shares.max())

"""One self-contained ONNX file: raw inputs in, physical targets out."""

import contextlib
import io
import json
import math
import os
import sys
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, defs, helper, numpy_helper

from geokiln.errors import UserError
from geokiln.models.reference import own_module

OPSET = 9  # DCCs ship old runtimes; with opset 9 came Erf, and constants that are no inputs of the model (IR 4)
MODULE_OPSET = 17  # of users' modules, at most: the later the opset, the more torch.onnx can express


class Graph:
    """An ONNX graph that grows node by node; each method returns the name of what it added."""

    def __init__(self):
        self.constants, self.nodes = {}, []

    def constant(self, name, array):
        """Add an array, of the kind of numbers that it has."""
        self.constants[name] = np.asarray(array, order="C")
        return name

    def node(self, operator, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output


def build_onnx(weights, settings, basis, metadata, coefficients=False):
    """Return the ONNX model of a trained wedge, written as a graph of its own.

    Standardisation, model and PCA reconstruction are one graph from ``input`` [batch, n_in] to ``output``
    [batch, n_out], both float32 and flat.

    Parameters
    ----------
    weights : dict
        Arrays of the built-in network or of a regressor, by name.
    settings : dict
        All keys of ``training:``.
    basis : dict
        As `geokiln.dataset.preprocessing.fit_basis` gives it.
    metadata : dict
        Recorded in the model's metadata, each value as JSON.
    coefficients : bool
        End before the reconstruction: ``output`` [batch, n_coefficients].
    """
    graph, basis = Graph(), {name: np.float32(array) for name, array in basis.items()}
    if settings["model"] != "network":
        from geokiln.models.regressors import query_bytes  # imports scikit-learn, which networks do without

        metadata = {**metadata, "bytes_per_item": 2 * query_bytes(settings["model"], weights)}
    value = _add_coefficients(graph, weights, settings, basis)
    if coefficients:
        graph.node("Identity", [value], "output")
    else:
        ends = graph.constant("basis", basis["basis"]), graph.constant("target_mean", basis["target_mean"])
        graph.node("Gemm", [value, *ends], "output")
    width = len(basis["basis"] if coefficients else basis["target_mean"])
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "geokiln",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", len(basis["input_mean"])])],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", width])],
            [numpy_helper.from_array(array, name) for name, array in graph.constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="geokiln",
    )
    return _finished(model, metadata)


def _finished(model, metadata):
    model.ir_version = helper.find_min_ir_version_for(list(model.opset_import))
    helper.set_model_props(model, {key: json.dumps(value) for key, value in metadata.items()})
    onnx.checker.check_model(model)
    return model


def _add_coefficients(graph, weights, settings, basis):
    """Add what leads from ``input`` to the coefficients: all but the basis."""
    value = graph.node("Sub", ["input", graph.constant("input_mean", basis["input_mean"])], "centred")
    value = graph.node("Div", [value, graph.constant("input_scale", basis["input_scale"])], "standardised")
    if settings["model"] == "network":
        return _add_network(graph, weights, settings, value)
    from geokiln.export.regressor_graph import add_nodes  # imports scikit-learn

    return add_nodes(graph, settings["model"], weights, settings, value)


def _add_network(graph, weights, settings, value):
    last = len(weights) // 2 - 1
    for number in range(last + 1):
        names = [f"layers.{number}.{part}" for part in ("weight", "bias")]
        before = value
        parts = [graph.constant(name, weights[name]) for name in names]
        value = graph.node("Gemm", [value, *parts], f"layer{number}" if number < last else "coefficients")
        if number == last:
            break
        value = _add_activation(graph, settings["activation"], value, f"activation{number}")
        fan_in, fan_out = weights[names[0]].shape
        if settings["skip_connections"] and fan_in == fan_out:
            value = graph.node("Add", [value, before], f"skip{number}")
    return value


def _add_activation(graph, activation, value, output):
    """Add an activation; what ONNX has no operator for in opset 9 is put together from others."""
    plain = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid", "softplus": "Softplus", "sine": "Sin"}
    if activation in plain:
        return graph.node(plain[activation], [value], output)
    if activation in ("leaky_relu", "elu"):
        operator, alpha = ("LeakyRelu", 0.01) if activation == "leaky_relu" else ("Elu", 1.0)
        return graph.node(operator, [value], output, alpha=alpha)
    if activation == "silu":
        return graph.node("Mul", [value, graph.node("Sigmoid", [value], f"{output}_gate")], output)
    # gelu(x) = x / 2 (1 + erf(x / sqrt 2))
    constants = {"root": math.sqrt(0.5), "one": 1.0, "half": 0.5}
    root, one, half = (graph.constant(f"gelu_{name}", np.float32(number)) for name, number in constants.items())
    inner = graph.node("Erf", [graph.node("Mul", [value, root], f"{output}_scaled")], f"{output}_erf")
    gate = graph.node("Mul", [graph.node("Add", [inner, one], f"{output}_shifted"), half], f"{output}_gate")
    return graph.node("Mul", [value, gate], output)


class _Deployed(torch.nn.Module):
    """A user's module between standardisation and, unless coefficients are asked for, PCA reconstruction."""

    def __init__(self, module, basis, coefficients):
        super().__init__()
        self.module, self.coefficients = module, coefficients
        for name in ("input_mean", "input_scale", "target_mean", "basis"):
            self.register_buffer(name, torch.from_numpy(np.array(basis[name])))

    def forward(self, inputs):
        values = self.module((inputs - self.input_mean) / self.input_scale)
        return values if self.coefficients else torch.addmm(self.target_mean, values, self.basis)


def build_own_onnx(own, weights, settings, basis, metadata, coefficients=False):
    """Return the ONNX model of a user's own module, as ``torch.onnx`` exports it; else as `build_onnx` does."""
    n_in, n_out = len(basis["input_mean"]), len(basis["basis"])
    module = _Deployed(own_module(own, weights, n_in, n_out, settings), basis, coefficients).eval()
    return _finished(export_module(own, module, n_in), metadata)


def export_module(own, module, n_in):
    """Return a module that is made of a user's, from ``input`` [batch, n_in] to ``output``, as an ONNX model.

    Raises
    ------
    UserError
        If ``torch.onnx`` cannot express it; names the user's file and gives the reason.
    """
    file = io.BytesIO()
    with warnings.catch_warnings(), _silent():
        # The newer exporter takes seconds and writes opset 18 at least; this one is to stay until that changes.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            own.export(
                module,
                (torch.zeros(2, n_in),),
                file,
                dynamo=False,
                opset_version=MODULE_OPSET,
                input_names=["input"],
                output_names=["output"],
                dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
            )
        except UserError:
            raise
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            raise UserError(f"{own.path}: torch.onnx cannot export the model: {reason}") from error
    model = onnx.load_from_string(file.getvalue())
    for opset in model.opset_import:
        if opset.domain == "":
            opset.version = max(node_versions(model.graph, opset.version))
    return model


def node_versions(graph, opset):
    """Yield the opset since which each operator of a graph is what it is in *opset*, those of inner graphs, too."""
    for node in graph.node:
        if node.domain == "":
            yield defs.get_schema(node.op_type, opset).since_version
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from node_versions(inner, opset)


@contextlib.contextmanager
def _silent():
    """Drop what is printed: before torch.onnx fails, its C++ code prints a page of graph, past ``sys.stdout``."""
    sys.stdout.flush()
    before = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        os.dup2(before, 1)
        os.close(before)

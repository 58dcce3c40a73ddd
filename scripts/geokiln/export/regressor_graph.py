"""Regressors as ONNX: the operations of `geokiln.models.regressors.predict`, a node each."""

import numpy as np
from onnx import TensorProto

from geokiln.models import kernels
from geokiln.models.regressors import affine_map, kernel_weights, tie_width


def add_nodes(graph, kind, arrays, settings, value):
    """Append the nodes of a regressor to a graph; all their names begin with ``regressor.``.

    Parameters
    ----------
    graph : object
        ``graph.constant(name, array)`` adds an initialiser **of the array's own dtype**, float32 or float64, and gives
        its name back; ``graph.node(operator, inputs, output, **attributes)`` adds a node and gives its output's.
    kind, arrays, settings
        As `geokiln.models.regressors.fit` takes and gives them.
    value : str
        Name of the standardised inputs, float32 [batch, n_in].

    Returns
    -------
    str
        Name of the coefficients, float32 [batch, n_coefficients].

    Notes
    -----
    Only operators of opset 9 that onnxruntime 1.16 runs in float64 on a CPU. For a batch they take about twice what
    `geokiln.models.regressors.query_bytes` says for each of its items.
    """
    graph = _Prefixed(graph)
    shift, matrix, offsets = affine_map(kind, arrays, settings)
    queries = graph.node("Cast", [value], "queries", to=TensorProto.DOUBLE)
    if shift.any():
        queries = graph.node("Sub", [queries, graph.constant("shift", shift)], "shifted")
    parts = graph.constant("matrix", matrix), graph.constant("offsets", offsets)
    value = graph.node("Gemm", [queries, *parts], "affine")
    if kind == "nearest":
        return _add_nearest(graph, arrays["targets"], queries, value, *tie_width(matrix, offsets))
    if kind == "kernel":
        value = _add_kernel(graph, settings, arrays["examples"], queries, value)
        weights, bias = kernel_weights(arrays), arrays["bias"].astype(np.float64)
        parts = graph.constant("weights", weights), graph.constant("bias", bias)
        value = graph.node("Gemm", [value, *parts], "sum")
    return graph.node("Cast", [value], "coefficients", to=TensorProto.FLOAT)


def _add_kernel(graph, settings, examples, queries, value):
    """Append what makes kernels of the affine map *value*, both [batch, n_examples]."""
    if settings["kernel"] == "polynomial":
        return graph.node("Pow", [value, graph.scalar("degree", settings["kernel_degree"])], "kernels")
    if settings["kernel"] == "sigmoid":
        # onnxruntime 1.16 makes one operator of a Gemm and a Tanh, and has none in float64: a Neg keeps them apart.
        value = graph.node("Tanh", [graph.node("Neg", [value], "negative")], "negative_kernels")
        return graph.node("Neg", [value], "kernels")
    own = graph.node("ReduceSumSquare", [queries], "squares", axes=[1], keepdims=1)
    own = graph.node("Mul", [own, graph.scalar("gamma", kernels.parameters(settings, examples)["gamma"])], "scaled")
    return graph.node("Exp", [graph.node("Sub", [value, own], "exponents")], "kernels")


def _add_nearest(graph, targets, queries, nearness, least, slope):
    """Append what picks the target of the first of the nearest examples; *nearness* is [batch, n_examples]."""
    width = graph.node("ReduceSumSquare", [queries], "squares", axes=[1], keepdims=1)
    width = graph.node("Mul", [graph.node("Sqrt", [width], "lengths"), graph.scalar("slope", slope)], "scaled")
    width = graph.node("Add", [width, graph.scalar("least", least)], "width")
    limit = graph.node("ReduceMax", [nearness], "largest", axes=[1], keepdims=1)
    limit = graph.node("Sub", [limit, width], "limit")
    is_farther = graph.node("Less", [nearness, limit], "is_farther")  # GreaterOrEqual is of opset 12
    is_nearest = graph.node("Not", [is_farther], "is_nearest")
    is_nearest = graph.node("Cast", [is_nearest], "is_nearest_uint8", to=TensorProto.UINT8)
    first = graph.node("ArgMax", [is_nearest], "first", axis=1, keepdims=0)
    return graph.node("Gather", [graph.constant("targets", targets), first], "coefficients", axis=0)


class _Prefixed:
    """A graph in which every new name begins with ``regressor.``."""

    def __init__(self, graph):
        self.graph = graph

    def constant(self, name, array):
        return self.graph.constant(f"regressor.{name}", array)

    def scalar(self, name, value):
        return self.constant(name, np.array(value, np.float64))

    def node(self, operator, inputs, output, **attributes):
        return self.graph.node(operator, inputs, f"regressor.{output}", **attributes)

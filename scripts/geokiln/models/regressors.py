"""Regressors without a network: a linear map, a weighted sum of kernels, the nearest example; fitted by scikit-learn.

They are the twins of Houdini's ML Regression Linear, Kernel and Proximity
(https://www.sidefx.com/docs/houdini/nodes/sop/ml_regressionkernel.html). All map standardised inputs (n, n_in) to
target coefficients (n, n_coefficients), as the network does. What is stored is float32; what is computed from it is
float64, here and in the exported graph, because large terms cancel in distances and in sums of kernels.
"""

import numpy as np
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import pairwise_kernels

from geokiln.errors import UserError
from geokiln.models import kernels
from geokiln.storage.arrays import block_slices
from geokiln.storage.tables import is_constant

KINDS = ("linear", "kernel", "nearest")
MOST_EXAMPLES = 20_000  # of kernels; the matrix of all pairs then takes 3.2 GB thrice, and a solve of it minutes
MOST_BYTES = 1 << 30  # of examples in a model; an ONNX file holds 2 GB at most, the basis among them
LEAST_SINGULAR = 1e-6  # share of the largest; below it, a direction of the inputs is the rounding of float32
LEAST_DECAY = 1e-8  # share of the mean kernel of an example and itself; bounds the weights where kernels are singular
REASONS = {
    "linear": "the targets may not be linear in the inputs, or training.weight_decay is too large",
    "kernel": "lower training.weight_decay, or choose another training.kernel",
    "nearest": "there are examples with the same inputs and different targets",
}


def fit(kind, inputs, targets, settings):
    """Fit a regressor to training examples.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    inputs, targets : float32 (n_examples, n_in), (n_examples, n_coefficients)
        Standardised inputs and target coefficients of the training split.
    settings : dict
        Keys of ``training:``. ``error_threshold`` for every kind; ``weight_decay`` for linear maps and kernels;
        ``kernel`` and the keys that `geokiln.models.kernels` names for kernels.

    Returns
    -------
    dict of float32 arrays
        linear: ``weight`` (n_in, n_coefficients), ``bias`` (n_coefficients,).
        kernel: ``examples`` (n_examples, n_in); ``weights`` and ``weights_remainder`` (n_examples, n_coefficients),
        whose sum has twice the digits of float32; ``bias`` (n_coefficients,).
        nearest: ``examples`` (n_examples, n_in), ``targets`` (n_examples, n_coefficients).

    Raises
    ------
    UserError
        If there are more examples than the kind can take, the fit is not finite, or its error on the training
        examples, as a share of the targets' RMS deviation from their mean, is above ``error_threshold``.
    """
    _check_kind(kind)
    fits = {"linear": _fit_linear, "kernel": _fit_kernel, "nearest": _fit_nearest}
    with np.errstate(over="ignore", invalid="ignore"):
        arrays = fits[kind](inputs, targets, settings)
        arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise UserError(f"training.weight_decay: the fit of the {kind} regressor is not finite; a larger one may help")
    if settings["error_threshold"] is not None:
        error = _rms(predict(kind, arrays, settings, inputs) - targets)
        error /= _rms(targets - targets.mean(0, dtype=np.float64)) or 1.0
        if not error <= settings["error_threshold"]:
            raise UserError(
                f"training.error_threshold: the {kind} regressor misses the training targets by {error:.3g} of their "
                f"deviation from the mean, more than {settings['error_threshold']:g}; {REASONS[kind]}"
            )
    return arrays


def _fit_linear(inputs, targets, settings):
    """Minimise, for each coefficient, the mean squared error plus ``weight_decay`` times the sum of squared weights.

    Without weight decay it is least squares, and where inputs depend on each other, of all solutions the one of the
    smallest weights. Ridge would give any weight to a direction in which inputs vary by their rounding only.
    """
    inputs, targets = inputs.astype(np.float64), targets.astype(np.float64)
    if settings["weight_decay"]:
        ridge = Ridge(settings["weight_decay"] * len(inputs), solver="svd").fit(inputs, targets)
        return {"weight": ridge.coef_.reshape(targets.shape[1], -1).T, "bias": ridge.intercept_}
    mean, scale, bias = inputs.mean(0), inputs.std(0), targets.mean(0)
    scale[is_constant(mean, scale)] = np.inf  # a constant input tells nothing
    weight = np.linalg.lstsq((inputs - mean) / scale, targets - bias, rcond=LEAST_SINGULAR)[0] / scale[:, None]
    return {"weight": weight, "bias": bias - mean @ weight}


def _fit_kernel(inputs, targets, settings):
    """Minimise, for each coefficient, the mean squared error plus ``weight_decay`` times the sum of squared weights.

    These weights are those of the features whose dot product the kernel is, as in KernelRidge. The bias is the
    targets' mean. A least decay is always added: without it, examples that a kernel hardly tells apart would get
    weights so large that their sum has no correct digit.
    """
    if len(inputs) > MOST_EXAMPLES:
        raise UserError(
            f"training.max_examples: a kernel regressor solves for as many unknowns as there are training examples, "
            f"{len(inputs)}; at most {MOST_EXAMPLES} are possible"
        )
    inputs, bias = inputs.astype(np.float64), targets.mean(0, dtype=np.float64)
    parameters = kernels.parameters(settings, inputs)
    decay = len(inputs) * settings["weight_decay"]
    decay /= kernels.unit(settings, inputs) ** parameters.get("degree", 1)
    decay += LEAST_DECAY * (np.abs(kernels.of_itself(settings, inputs)).mean() or 1.0)
    solve = _solve_definite if kernels.is_definite(settings) else _solve_indefinite
    weights = solve(inputs, targets - bias, decay, {"kernel": kernels.NAMES[settings["kernel"]], **parameters})
    rounded = np.float32(weights)
    return {"examples": inputs, "weights": rounded, "weights_remainder": weights - rounded, "bias": bias}


def _solve_definite(inputs, targets, decay, kernel):
    return KernelRidge(alpha=decay, **kernel).fit(inputs, targets).dual_coef_


def _solve_indefinite(inputs, targets, decay, kernel):
    """Return the weights of a kernel whose matrix has negative eigenvalues, as a sigmoid's has.

    KernelRidge adds the decay to all eigenvalues and so takes a negative one towards 0, where weights have no bound.
    Here each gets it with its own sign: then the matrix of absolute eigenvalues weighs the weights, and the loss has a
    minimum (Ong, Mary, Canu and Smola, "Learning with non-positive kernels", ICML 2004). For 2000 examples this takes
    a second, seven times as long as KernelRidge.
    """
    eigenvalues, vectors = np.linalg.eigh(pairwise_kernels(inputs, metric=kernel.pop("kernel"), **kernel))
    return vectors @ (vectors.T @ targets / (eigenvalues + np.copysign(decay, eigenvalues))[:, None])


def _fit_nearest(inputs, targets, settings):
    size = 8 * inputs.size + 4 * targets.size
    if size > MOST_BYTES:
        raise UserError(
            f"training.max_examples: the examples of a nearest regressor stand in the model, where {len(inputs)} of "
            f"them would take {size / 1e9:.1f} GB; at most {MOST_BYTES * len(inputs) // size} are possible"
        )
    return {"examples": inputs, "targets": targets}


def predict(kind, arrays, settings, inputs):
    """Return target coefficients (n, n_coefficients) float32 for standardised inputs (n, n_in).

    A block of queries is computed at a time, so that a matrix of queries and examples takes 16 MB at most. What is
    beyond the range of float32 is not finite.
    """
    shift, matrix, offsets = affine_map(kind, arrays, settings)
    if kind == "kernel":
        weights, gamma = kernel_weights(arrays), kernels.parameters(settings, arrays["examples"])["gamma"]
    result = np.empty((len(inputs), arrays["targets" if kind == "nearest" else "bias"].shape[-1]), np.float32)
    for rows in block_slices(len(inputs), query_bytes(kind, arrays)):
        queries = inputs[rows] - shift
        with np.errstate(over="ignore", invalid="ignore"):
            values = queries @ matrix
            values += offsets
            if kind == "kernel":
                if settings["kernel"] == "gaussian":
                    values -= gamma * kernels.squares(queries)[:, None]
                values = kernels.apply(settings, values) @ weights + arrays["bias"]
            elif kind == "nearest":
                values = arrays["targets"][_nearest(queries, values, *tie_width(matrix, offsets))]
            result[rows] = values
    return result


def _nearest(queries, nearness, least, slope):
    """Return the index of the first of the nearest examples of each query; *nearness* is what `affine_map` gives."""
    width = least + slope * np.sqrt(kernels.squares(queries))
    return (nearness >= (nearness.max(1) - width)[:, None]).argmax(1)


def query_bytes(kind, arrays):
    """Return the bytes of the largest array that `predict` or a run of the exported model makes, per query."""
    return 8 * (max(arrays["weight"].shape) if kind == "linear" else len(arrays["examples"]))


def affine_map(kind, arrays, settings):
    """Return what every kind begins with: float64 arrays shift (n_in,), matrix (n_in, m) and offsets (m,).

    ``(x - shift) @ matrix + offsets`` are, for a query x, the coefficients of a linear map; what a kernel is a function
    of (up to the query's own square for Gaussians); and for the nearest example 2 x.y - y.y, which is the
    larger the nearer example y is. Where only differences count they are taken from the examples' mean, so that less
    cancels.
    """
    _check_kind(kind)
    if kind == "linear":
        weight, bias = arrays["weight"].astype(np.float64), arrays["bias"].astype(np.float64)
        return np.zeros(len(weight)), weight, bias
    examples = arrays["examples"].astype(np.float64)
    parameters = {"gamma": 1.0} if kind == "nearest" else kernels.parameters(settings, examples)
    gamma = parameters["gamma"]
    if "coef0" in parameters:
        return np.zeros(examples.shape[1]), gamma * examples.T, np.full(len(examples), parameters["coef0"])
    shift = examples.mean(0)
    examples -= shift
    return shift, 2 * gamma * examples.T, -gamma * kernels.squares(examples)


def tie_width(matrix, offsets):
    """Return (least, slope): examples whose 2 x.y - y.y differ by up to ``least + slope * |x|`` are equally near to x.

    That is the most by which rounding can set two equal ones apart, each a sum of n_in products. Without it, the
    library that adds them would choose between examples at the same distance; with it, it is the first.
    """
    largest, rounding = np.sqrt(-offsets.min()), np.finfo(np.float64).eps * (len(matrix) + 8)
    return rounding * largest**2, 2 * rounding * largest


def kernel_weights(arrays):
    """Return the weights of kernels (n_examples, n_coefficients) in the float64 in which they were solved."""
    return arrays["weights"].astype(np.float64) + arrays["weights_remainder"]


def _check_kind(kind):
    if kind not in KINDS:
        raise ValueError(f"no such kind of regressor: {kind!r}")


def _rms(values):
    return float(np.sqrt(np.square(values, dtype=np.float64).mean()))

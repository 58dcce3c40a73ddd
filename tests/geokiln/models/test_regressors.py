import tracemalloc
import warnings
from fractions import Fraction

import numpy as np
import onnx
import onnxruntime
import pytest
import scipy.linalg
from safetensors.numpy import load, save
from threadpoolctl import threadpool_limits

from geokiln.errors import UserError
from geokiln.export.onnx_graph import build_onnx, node_versions
from geokiln.models import regressors
from geokiln.models.regressors import KINDS, fit, kernel_weights, predict

KERNELS = ("gaussian", "polynomial", "sigmoid")
CASES = [
    {"kernel": "gaussian", "kernel_width": 0.7},
    {"kernel": "gaussian", "kernel_width": 5.0},
    {"kernel": "polynomial", "kernel_degree": 1},
    {"kernel": "polynomial", "kernel_degree": 4, "kernel_scale": 0.5, "kernel_offset": 2.0},
    {"kernel": "sigmoid", "kernel_scale": 0.3, "kernel_offset": 0.2},
]
OF_LARGE_WEIGHTS = [
    {"kernel": "gaussian", "kernel_width": 900.0},
    {"kernel": "polynomial", "kernel_degree": 9},
    {"kernel": "polynomial", "kernel_offset": -0.5},
]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small products wait for each other longer than they take, where tests run beside each other."""
    with threadpool_limits(1):
        yield


def settings(**changes):
    """The keys of ``training:`` that regressors use, with what the test changes."""
    defaults = {"weight_decay": 0.0, "error_threshold": None, "kernel": "gaussian", "kernel_width": 1.0}
    return {**defaults, "kernel_scale": 1.0, "kernel_offset": 1.0, "kernel_degree": 3, **changes}


def examples(count, n_in=4, n_out=3, noise=0.05):
    """Standardised inputs, and targets that are smooth functions of them with some noise."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(count, n_in))
    targets = np.sin(inputs @ random.normal(size=(n_in, n_out))) + inputs @ random.normal(size=(n_in, n_out)) / n_in
    return np.float32(inputs), np.float32(targets + noise * random.normal(size=targets.shape))


def queries(inputs):
    """Inputs like those of the examples, the first examples themselves, and twenty from far away."""
    near = np.random.default_rng(1).normal(size=(200, inputs.shape[1]))
    return np.float32(np.vstack([near, inputs[:50], 30 * near[:20]]))


def exported(kind, fitted, options):
    """Return the model that maps standardised inputs to coefficients, checked."""
    n_in = len(fitted["weight"]) if kind == "linear" else fitted["examples"].shape[1]
    n_out = fitted["targets" if kind == "nearest" else "bias"].shape[-1]
    basis = {"input_mean": np.zeros(n_in), "input_scale": np.ones(n_in)}
    basis |= {"target_mean": np.zeros(n_out), "basis": np.eye(n_out)}
    model = build_onnx(fitted, {"model": kind, **options}, basis, {})
    onnx.checker.check_model(model, full_check=True)
    return model


def run(model, inputs):
    """Return what onnxruntime makes of *inputs*."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"input": inputs})[0]


def fitted_kinds(inputs, targets, **changes):
    """Yield (kind, settings, fitted arrays) of every kind and kernel."""
    cases = [("linear", {}), *(("kernel", case) for case in CASES + OF_LARGE_WEIGHTS), ("nearest", {})]
    for kind, case in cases:
        options = settings(**{**case, **changes})
        yield kind, options, fit(kind, inputs, targets, options)


def difference(actual, expected):
    """Return the largest difference as a share of the largest value."""
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype == np.float32
    return np.abs(actual - expected).max() / np.abs(expected).max()


def relative_error(predicted, targets):
    """Return the RMS error as a share of the targets' RMS deviation from their mean."""
    return np.sqrt(np.square(predicted - targets).mean() / np.square(targets - targets.mean(0)).mean())


def explicit_kernel(options, x, y):
    """Return the matrix of kernels of float64 rows, by the formulas in the documentation of the package."""
    product = (x[:, None] * y[None]).mean(2)
    distance = np.sqrt(np.square(x[:, None] - y[None]).mean(2))
    if options["kernel"] == "gaussian":
        return np.exp(-((distance / options["kernel_width"]) ** 2))
    base = options["kernel_scale"] * product + options["kernel_offset"]
    return np.tanh(base) if options["kernel"] == "sigmoid" else base ** options["kernel_degree"]


# Linear


@pytest.mark.parametrize("weight_decay", [0.0, 1e-6, 0.1, 10.0])
def test_a_linear_map_minimises_the_mean_squared_error_plus_the_decay_of_its_weights(weight_decay):
    inputs, targets = examples(60)

    fitted = fit("linear", inputs, targets + 5, settings(weight_decay=weight_decay))

    x, y = np.float64(inputs), np.float64(targets + 5)
    centred = x - x.mean(0)
    weight = np.linalg.solve(centred.T @ centred / 60 + weight_decay * np.eye(4), centred.T @ (y - y.mean(0)) / 60)
    bias = y.mean(0) - x.mean(0) @ weight
    assert fitted["weight"] == pytest.approx(weight, rel=1e-5, abs=1e-7)
    assert fitted["bias"] == pytest.approx(bias, rel=1e-5, abs=1e-7)
    assert predict("linear", fitted, settings(), inputs) == pytest.approx(x @ weight + bias, abs=1e-5)


def test_inputs_that_depend_on_each_other_up_to_their_rounding_share_the_weight():
    inputs, _ = examples(80, n_in=3)
    inputs = np.hstack([inputs, 0.37 * inputs[:, :1]])
    inputs = (inputs - inputs.mean(0)) / inputs.std(0)
    targets = inputs[:, :3] @ np.float32([[2.0], [1.0], [-1.0]])

    fitted = fit("linear", inputs, targets, settings())

    assert fitted["weight"][:, 0] == pytest.approx([1.0, 1.0, -1.0, 1.0], abs=1e-4)


def test_an_input_that_is_small_where_inputs_are_not_standardised_counts_all_the_same():
    inputs, _ = examples(80, n_in=2, n_out=1)
    targets = inputs @ np.float32([[1.0], [1.0]])

    fitted = fit("linear", inputs * np.float32([1e4, 1e-4]) + np.float32([1e5, 0]), targets, settings())

    assert fitted["weight"][:, 0] == pytest.approx([1e-4, 1e4], rel=1e-3)


def test_an_input_that_is_constant_up_to_its_rounding_gets_no_weight():
    inputs, targets = examples(40, n_in=3)
    inputs[:, 1] = 0.1
    inputs[::2, 1] = np.nextafter(inputs[0, 1], np.float32(1))

    fitted = fit("linear", inputs, targets, settings())

    assert np.all(fitted["weight"][1] == 0)
    assert np.all(np.isfinite(fitted["weight"]))


# Kernels


@pytest.mark.parametrize("case", CASES, ids=str)
def test_kernels_minimise_the_loss_of_the_documentation(case):
    options, (inputs, targets) = settings(**case, weight_decay=0.01), examples(60)
    targets, asked = targets + 5, queries(inputs)[:-20]

    result = predict("kernel", fit("kernel", inputs, targets, options), options, asked)

    x, y, mean = np.float64(asked), np.float64(inputs), targets.mean(0, dtype=np.float64)
    kernel = explicit_kernel(options, y, y)
    if case["kernel"] == "sigmoid":
        norm = scipy.linalg.sqrtm(kernel @ kernel).real  # its eigenvalues are absolute
        weights = np.linalg.lstsq(kernel @ kernel / 60 + 0.01 * norm, kernel @ (targets - mean) / 60, rcond=1e-10)[0]
    else:
        weights = np.linalg.solve(kernel / 60 + 0.01 * np.eye(60), (targets - mean) / 60)
    assert difference(result - 5, np.float32(explicit_kernel(options, x, y) @ weights + mean - 5)) < 1e-5


@pytest.mark.parametrize("kernel", KERNELS)
def test_without_weight_decay_a_kernel_fits_its_examples_and_equal_ones_by_the_mean_of_their_targets(kernel):
    inputs, targets = examples(30, n_in=8)
    inputs[1], targets[0], targets[1] = inputs[0], 1.0, 2.0
    options = settings(kernel=kernel, kernel_width=0.5)

    result = predict("kernel", fit("kernel", inputs, targets, options), options, inputs)

    assert result[:2] == pytest.approx(np.full((2, 3), 1.5), abs=1e-3)
    assert result[2:] == pytest.approx(targets[2:], abs=1e-3)


def test_weights_that_cancel_keep_the_digits_in_which_they_were_solved():
    inputs, targets = examples(200, n_in=2, noise=1.0)
    options = settings(kernel_width=3.0)
    y, mean = np.float64(inputs), targets.mean(0, dtype=np.float64)
    kernel = explicit_kernel(options, y, y)
    expected = np.float32(kernel @ np.linalg.solve(kernel + 1e-8 * np.eye(200), targets - mean) + mean)

    fitted = fit("kernel", inputs, targets, options)
    rounded = {**fitted, "weights_remainder": 0 * fitted["weights"]}

    assert np.abs(kernel_weights(fitted)).max() > 1e7
    assert difference(predict("kernel", fitted, options, inputs), expected) < 1e-5
    assert difference(predict("kernel", rounded, options, inputs), expected) > 0.1


def test_a_high_power_of_large_inputs_stays_in_the_range_of_float32():
    inputs, targets = examples(40, n_in=10)
    options = settings(kernel="polynomial", kernel_degree=8)

    fitted = fit("kernel", 1000 * inputs, targets, options)

    assert relative_error(predict("kernel", fitted, options, 1000 * inputs), targets) < 0.01


# Nearest


def nearest_rows(stored, asked):
    """Return which of the *stored* inputs is chosen for each one that is asked; the exported model must agree."""
    fitted = fit("nearest", stored, np.arange(len(stored), dtype=np.float32)[:, None], settings())
    result = predict("nearest", fitted, settings(), asked)
    assert np.array_equal(run(exported("nearest", fitted, settings()), asked), result)
    return result[:, 0].tolist()


def cloud(spread=1.0, centre=0.0, distance=1.0):
    """Stored inputs, and others that are asked for."""
    random = np.random.default_rng(0)
    points = centre + spread * random.normal(size=(100, 5)), centre + spread * distance * random.normal(size=(30, 5))
    return [np.float32(array) for array in points]


def grid(step, away):
    """Points of a grid, and others between several of them."""
    random = np.random.default_rng(0)
    points = random.permutation(np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3), -1).reshape(-1, 3))
    middles = points[:60] + 0.5 * random.integers(0, 2, size=(60, 3))
    return np.float32(step * points)[:83], np.float32(step * (middles + [away, 0, 0]))


LAST_DIGITS = np.float32([[-1], [1], [1 + 2**-22], [1 + 2**-21], [1]])
CLOUDS = {
    "usual": cloud(),
    "far from the origin": cloud(centre=1e6),
    "asked from the end of float32": cloud(distance=1e37),
    "tiny": cloud(spread=1e-20),
    "huge": cloud(spread=1e18),
    "at the same distance": grid(1.0, 0),
    "at the same distance from afar": grid(0.75, 3000),
    "apart in the last digits, and two equal ones": [LAST_DIGITS, LAST_DIGITS],
}


@pytest.mark.parametrize("name", CLOUDS)
def test_the_nearest_example_is_the_first_nearest_in_exact_arithmetic(name):
    stored, asked = CLOUDS[name]

    result = nearest_rows(stored, asked)

    exact = [[Fraction(float(number)) for number in row] for row in stored]
    for query, chosen in zip(asked.tolist(), result, strict=True):
        distances = [sum((a - Fraction(b)) ** 2 for a, b in zip(row, query, strict=True)) for row in exact]
        assert chosen == distances.index(min(distances))


# All


@pytest.mark.parametrize(("count", "n_in", "n_out"), [(1, 3, 2), (40, 1, 1), (60, 30, 20), (300, 9, 32), (500, 4, 3)])
def test_the_exported_regressors_agree_from_their_stored_arrays(count, n_in, n_out):
    inputs, targets = examples(count, n_in, n_out, noise=1.0)  # noise asks for the largest weights
    inputs[count // 2 :] = inputs[: count - count // 2]  # duplicates
    asked = queries(inputs)

    for kind, options, fitted in fitted_kinds(inputs, targets):
        result = predict(kind, fitted, options, asked)
        model = exported(kind, load(save(fitted)), options)

        near, limit = slice(0, -20), (1e-4 if kind == "kernel" else 1e-5)
        assert all(array.dtype == np.float32 for array in fitted.values()) and np.all(np.isfinite(result))
        assert np.abs(run(model, asked[near]) - result[near]).max() <= limit * np.abs(targets).max(), options
        assert difference(run(model, asked), result) <= limit, options
        assert run(model, asked[:1]) == pytest.approx(result[:1], rel=limit, abs=limit)


def test_old_runtimes_have_the_operators():
    """These are in onnxruntime 1.16 at opset 9, on a CPU: all but the last three in float64."""
    runnable = "Add Cast Exp Gemm Less Mul Neg Pow ReduceMax ReduceSumSquare Sqrt Sub Tanh ArgMax Gather Not"

    for kind, options, fitted in fitted_kinds(*examples(20)):
        model = exported(kind, fitted, options)
        nodes = [node for node in model.graph.node if node.name.startswith("regressor.")]

        assert {node.op_type for node in nodes} <= set(runnable.split())
        assert max(node_versions(model.graph, model.opset_import[0].version)) <= model.opset_import[0].version == 9
        maker = {node.output[0]: node.op_type for node in nodes}
        assert all(maker[node.input[0]] != "Gemm" for node in nodes if node.op_type == "Tanh")  # it would fuse them


@pytest.mark.parametrize("kind", ["kernel", "nearest"])
def test_the_distances_of_all_queries_are_never_in_memory_at_once_and_blocks_agree(kind):
    inputs, targets = examples(2000, n_in=2, n_out=1)
    fitted, asked = {"examples": inputs, "targets": targets}, np.tile(inputs, (4, 1))
    if kind == "kernel":
        fitted = {"examples": inputs, "weights": targets, "weights_remainder": 0 * targets, "bias": targets[0]}

    tracemalloc.start()
    try:
        result = predict(kind, fitted, settings(), asked)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 40e6 < 8 * len(asked) * len(inputs)
    alone = np.vstack([predict(kind, fitted, settings(), inputs[part : part + 1]) for part in range(2000)])
    assert difference(result, np.tile(alone, (4, 1))) < 1e-6


def test_a_fit_beyond_float32_is_refused():
    inputs, targets = examples(40)

    with warnings.catch_warnings(action="error"), pytest.raises(UserError) as error:
        fit("linear", 1e-30 * inputs, 1e30 * targets, settings())

    assert str(error.value).startswith("training.weight_decay: the fit of the linear regressor is not finite")


@pytest.mark.parametrize(
    ("kind", "limit", "value", "reason"),
    [
        ("kernel", "MOST_EXAMPLES", 30, "a kernel regressor solves for as many unknowns .*, 31"),
        ("nearest", "MOST_BYTES", 30 * (8 * 4 + 4 * 3), "the examples of a nearest regressor stand in the model"),
    ],
)
def test_more_examples_than_a_kind_can_take_are_refused(kind, limit, value, reason, monkeypatch):
    monkeypatch.setattr(regressors, limit, value)
    fit(kind, *examples(30), settings())

    with pytest.raises(UserError, match=rf"^training.max_examples: {reason}.* at most 30 are possible"):
        fit(kind, *examples(31), settings())


# The error threshold


@pytest.mark.parametrize("kind", ["linear", "kernel"])
def test_an_error_above_the_threshold_is_refused(kind):
    inputs, targets = examples(60)
    options = settings(weight_decay=0.3)
    error = relative_error(predict(kind, fit(kind, inputs, targets, options), options, inputs), targets)

    fit(kind, inputs, targets, {**options, "error_threshold": error * 1.001})
    with pytest.raises(UserError) as refused:
        fit(kind, inputs, targets, {**options, "error_threshold": error * 0.999})

    sentence = f"training.error_threshold: the {kind} regressor misses the training targets by {error:.3g} of their"
    assert str(refused.value).startswith(sentence)


def test_equal_inputs_with_different_targets_are_an_error_of_the_nearest_regressor():
    inputs, targets = examples(50)
    fit("nearest", inputs, targets, settings(error_threshold=0.0))
    inputs[7] = inputs[3]

    fit("nearest", inputs, targets, settings())
    with pytest.raises(UserError, match="there are examples with the same inputs and different targets"):
        fit("nearest", inputs, targets, settings(error_threshold=0.0))


@pytest.mark.parametrize("kind", KINDS)
def test_constant_targets_are_fitted_without_error(kind):
    inputs, targets = examples(20)

    fitted = fit(kind, inputs, np.full_like(targets, 3.0), settings(error_threshold=1e-5))

    assert predict(kind, fitted, settings(), inputs) == pytest.approx(np.full_like(targets, 3.0), rel=1e-6)

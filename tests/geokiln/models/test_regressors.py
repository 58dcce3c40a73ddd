import tracemalloc
import warnings
from fractions import Fraction

import numpy as np
import onnx
import onnxruntime
import pytest
import scipy.linalg
from onnx import TensorProto, helper, numpy_helper
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, Ridge
from threadpoolctl import threadpool_limits

from geokiln.errors import UserError
from geokiln.export.regressor_graph import add_nodes
from geokiln.models import regressors
from geokiln.models.regressors import KINDS, fit, kernel_weights, predict, query_bytes
from geokiln.storage import arrays as arrays_module

KERNELS = ("gaussian", "polynomial", "sigmoid")
IN_DOUBLE = {  # what onnxruntime 1.16 has in float64 at opset 17, on a CPU, and what is needed of other types
    *(
        "Add",
        "Cast",
        "Exp",
        "Gemm",
        "GreaterOrEqual",
        "Mul",
        "Neg",
        "Pow",
        "ReduceMax",
        "ReduceSumSquare",
        "Sqrt",
        "Sub",
    ),
    *("Tanh", "ArgMax", "Gather"),
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small products wait for each other longer than they take, where tests run beside each other."""
    with threadpool_limits(1):
        yield


def settings(**changes):
    """The keys of ``training:`` that regressors use, with what the test changes."""
    defaults = {
        "weight_decay": 0.0,
        "error_threshold": None,
        "kernel": "gaussian",
        "kernel_width": 1.0,
        "kernel_scale": 1.0,
        "kernel_offset": 1.0,
        "kernel_degree": 3,
    }
    return {**defaults, **changes}


def examples(count, n_in=4, n_out=3, noise=0.05, seed=0):
    """Standardised inputs, and targets that are smooth functions of them with some noise."""
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(count, n_in))
    targets = np.sin(inputs @ random.normal(size=(n_in, n_out))) + inputs @ random.normal(size=(n_in, n_out)) / n_in
    return np.float32(inputs), np.float32(targets + noise * random.normal(size=targets.shape))


class Graph:
    """What an exporter gives to add_nodes; it becomes a model from ``input`` to the tensor that is named."""

    def __init__(self):
        self.constants, self.nodes = {}, []

    def constant(self, name, array):
        assert name not in self.constants
        self.constants[name] = array
        return name

    def node(self, operator, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def model(self, n_in, n_out, output):
        graph = helper.make_graph(
            self.nodes,
            "regressor",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", n_in])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", n_out])],
            [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in self.constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        return model


def exported(kind, fitted, options):
    """Return the model of a regressor as bytes, checked."""
    graph = Graph()
    output = add_nodes(graph, kind, fitted, options, "input")
    n_in = len(fitted["weight"]) if kind == "linear" else fitted["examples"].shape[1]
    model = graph.model(n_in, fitted["targets" if kind == "nearest" else "bias"].shape[-1], output)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def run(model, inputs):
    """Return what onnxruntime makes of *inputs*."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"input": inputs})[0]


def queries(inputs, seed=1):
    """Inputs like those of the examples, the first examples themselves, and some from far away."""
    random = np.random.default_rng(seed)
    near = random.normal(size=(200, inputs.shape[1]))
    return np.float32(np.vstack([near, inputs[:50], 30 * near[:20]]))


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


@pytest.mark.parametrize("weight_decay", [1e-6, 0.1, 10.0])
def test_a_linear_map_is_the_ridge_regression_of_scikit_learn(weight_decay):
    inputs, targets = examples(60)

    fitted = fit("linear", inputs, targets, settings(weight_decay=weight_decay))

    expected = Ridge(alpha=60 * weight_decay, solver="cholesky").fit(np.float64(inputs), np.float64(targets))
    assert fitted["weight"] == pytest.approx(expected.coef_.T, rel=1e-5, abs=1e-7)
    assert fitted["bias"] == pytest.approx(expected.intercept_, rel=1e-5, abs=1e-7)
    assert predict("linear", fitted, settings(), inputs) == pytest.approx(expected.predict(inputs), abs=1e-5)


def test_without_weight_decay_a_linear_map_is_least_squares():
    inputs, targets = examples(60)

    fitted = fit("linear", inputs, targets, settings())

    expected = LinearRegression().fit(np.float64(inputs), np.float64(targets))
    assert fitted["weight"] == pytest.approx(expected.coef_.T, rel=1e-5, abs=1e-7)
    assert fitted["bias"] == pytest.approx(expected.intercept_, rel=1e-5, abs=1e-7)


def test_weight_decay_weighs_the_squared_weights_against_the_mean_squared_error():
    inputs, targets = (np.float64(array) for array in examples(50, n_out=1))
    fitted = fit("linear", inputs, targets, settings(weight_decay=0.3))

    def loss(weight, bias):
        return np.square(inputs @ weight + bias - targets).mean() + 0.3 * np.square(weight).sum()

    least = loss(np.float64(fitted["weight"]), fitted["bias"])
    for step in (1e-2, -1e-2):
        for number in range(4):
            moved = np.float64(fitted["weight"])
            moved[number] += step
            assert loss(moved, fitted["bias"]) > least
        assert loss(np.float64(fitted["weight"]), fitted["bias"] + step) > least


@pytest.mark.parametrize("duplicate", [lambda x: x, lambda x: 0.37 * x])
def test_inputs_that_depend_on_each_other_share_the_weight(duplicate):
    inputs, _ = examples(80, n_in=3)
    inputs = np.hstack([inputs, duplicate(inputs[:, :1])])  # float32: the copy is rounded
    inputs = (inputs - inputs.mean(0)) / inputs.std(0)
    targets = inputs[:, :3] @ np.float32([[2.0], [1.0], [-1.0]])

    fitted = fit("linear", inputs, targets, settings())

    assert fitted["weight"][:, 0] == pytest.approx([1.0, 1.0, -1.0, 1.0], abs=1e-4)


def test_an_input_that_is_small_where_inputs_are_not_standardised_counts_all_the_same():
    inputs, _ = examples(80, n_in=2, n_out=1)
    targets = inputs @ np.float32([[1.0], [1.0]])

    fitted = fit("linear", inputs * np.float32([1e4, 1e-4]) + np.float32([1e5, 0]), targets, settings())

    assert fitted["weight"][:, 0] == pytest.approx([1e-4, 1e4], rel=1e-3)


@pytest.mark.parametrize("constant", [0.0, 0.1])
def test_a_constant_input_gets_no_weight(constant):
    inputs, targets = examples(40, n_in=3)
    inputs[:, 1] = constant

    fitted = fit("linear", inputs, targets, settings())

    assert np.all(fitted["weight"][1] == 0)
    assert np.all(np.isfinite(fitted["weight"]))


def test_more_inputs_than_examples_are_fitted_exactly_by_small_weights():
    inputs, targets = examples(10, n_in=40)

    fitted = fit("linear", inputs, targets, settings())

    assert predict("linear", fitted, settings(), inputs) == pytest.approx(targets, abs=1e-5)
    assert np.abs(fitted["weight"]).max() < 1


# Kernels


CASES = [
    {"kernel": "gaussian", "kernel_width": 0.7},
    {"kernel": "gaussian", "kernel_width": 5.0},
    {"kernel": "polynomial", "kernel_degree": 1},
    {"kernel": "polynomial", "kernel_degree": 4, "kernel_scale": 0.5, "kernel_offset": 2.0},
    {"kernel": "sigmoid", "kernel_scale": 0.3, "kernel_offset": 0.2},
]
NAMES = {"gaussian": "rbf", "polynomial": "poly", "sigmoid": "sigmoid"}


def name(case):
    return "-".join(str(value) for value in case.values())


@pytest.mark.parametrize("weight_decay", [1e-3, 0.1])
@pytest.mark.parametrize("case", CASES[:-1], ids=name)
def test_kernels_are_the_kernel_ridge_regression_of_scikit_learn(case, weight_decay):
    options, (inputs, targets) = settings(**case, weight_decay=weight_decay), examples(60)

    result = predict("kernel", fit("kernel", inputs, targets, options), options, queries(inputs))

    gamma = options["kernel_width"] ** -2 if case["kernel"] == "gaussian" else options["kernel_scale"]
    parameters = {"coef0": options["kernel_offset"], "degree": options["kernel_degree"], "gamma": gamma / 4}
    ridge = KernelRidge(alpha=60 * weight_decay, kernel=NAMES[case["kernel"]], **parameters)
    ridge.fit(np.float64(inputs), targets - targets.mean(0, dtype=np.float64))
    expected = ridge.predict(np.float64(queries(inputs))) + targets.mean(0)
    assert difference(result, np.float32(expected)) < 1e-5


@pytest.mark.parametrize("case", CASES, ids=name)
def test_kernels_minimise_the_loss_of_the_documentation(case):
    options, (inputs, targets) = settings(**case, weight_decay=0.01), examples(60)
    asked = queries(inputs)[:-20]

    result = predict("kernel", fit("kernel", inputs, targets, options), options, asked)

    x, y, mean = np.float64(asked), np.float64(inputs), targets.mean(0, dtype=np.float64)
    kernel = explicit_kernel(options, y, y)
    if case["kernel"] == "sigmoid":
        norm = scipy.linalg.sqrtm(kernel @ kernel).real  # its eigenvalues are absolute
        weights = np.linalg.lstsq(kernel @ kernel / 60 + 0.01 * norm, kernel @ (targets - mean) / 60, rcond=1e-10)[0]
    else:
        weights = np.linalg.solve(kernel / 60 + 0.01 * np.eye(60), (targets - mean) / 60)
    assert difference(result, np.float32(explicit_kernel(options, x, y) @ weights + mean)) < 1e-4


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_fits_its_examples_without_weight_decay(kernel):
    inputs, targets = examples(30, n_in=8)
    options = settings(kernel=kernel, kernel_width=0.5, error_threshold=1e-4)

    fitted = fit("kernel", inputs, targets, options)

    assert predict("kernel", fitted, options, inputs) == pytest.approx(targets, abs=1e-3)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_singular_kernel_gives_equal_inputs_the_mean_of_their_targets(kernel):
    inputs, targets = examples(30, n_in=8, noise=0)
    inputs[1], targets[0], targets[1] = inputs[0], 1.0, 2.0

    result = predict("kernel", fit("kernel", inputs, targets, settings(kernel=kernel)), settings(kernel=kernel), inputs)

    assert result[:2] == pytest.approx(np.full((2, 3), 1.5), abs=1e-2)
    assert result[2:] == pytest.approx(targets[2:], abs=1e-2)


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


@pytest.mark.parametrize("case", CASES, ids=name)
def test_weight_decay_only_ever_moves_the_fit_to_the_mean(case):
    inputs, targets = examples(100)
    errors, deviations = [], []

    for weight_decay in (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0):
        options = settings(**case, weight_decay=weight_decay)
        result = predict("kernel", fit("kernel", inputs, targets, options), options, inputs)
        errors.append(np.square(result - targets).mean())
        deviations.append(np.square(result - targets.mean(0)).mean())

    assert np.all(np.diff(errors) > -1e-6)
    assert np.all(np.diff(deviations) < 1e-6)
    assert errors[-1] > 1.2 * errors[0]


@pytest.mark.parametrize(("scale", "degree"), [(1, 12), (1000, 8)])
def test_a_high_power_stays_in_the_range_of_float32(scale, degree):
    inputs, targets = examples(40, n_in=10)
    options = settings(kernel="polynomial", kernel_degree=degree)

    fitted = fit("kernel", scale * inputs, targets, options)

    assert relative_error(predict("kernel", fitted, options, scale * inputs), targets) < 0.01


def test_more_examples_than_can_be_solved_for_are_refused(monkeypatch):
    monkeypatch.setattr(regressors, "MOST_EXAMPLES", 30)
    fit("kernel", *examples(30), settings())

    with pytest.raises(UserError) as error:
        fit("kernel", *examples(31), settings())

    assert str(error.value).startswith("training.max_examples: a kernel regressor solves for as many unknowns")
    assert "31; at most 30 are possible" in str(error.value)


def test_twenty_thousand_examples_are_the_most_of_a_kernel():
    with pytest.raises(UserError, match="20001; at most 20000"):
        fit("kernel", np.zeros((20_001, 1), np.float32), np.zeros((20_001, 1), np.float32), settings())


def test_an_unknown_kernel_is_named():
    with pytest.raises(UserError, match="training.kernel: 'rbf' is none of gaussian, polynomial, sigmoid"):
        fit("kernel", *examples(5), settings(kernel="rbf"))


# Both


BOTH = [("linear", {}), *(("kernel", case) for case in CASES)]


@pytest.mark.parametrize(("kind", "case"), BOTH)
def test_weight_decay_leaves_the_bias_alone(kind, case):
    (inputs, targets), options = examples(50), settings(**case, weight_decay=0.1)

    here = predict(kind, fit(kind, inputs, targets, options), options, inputs)
    shifted = predict(kind, fit(kind, inputs, targets + 100, options), options, inputs)
    options["weight_decay"] = 1e9
    constant = predict(kind, fit(kind, inputs, targets, options), options, inputs)

    assert shifted - 100 == pytest.approx(here, abs=1e-4)
    assert constant == pytest.approx(np.tile(targets.mean(0), (50, 1)), abs=1e-4)


@pytest.mark.parametrize(("kind", "case"), BOTH)
def test_weight_decay_means_the_same_for_more_examples_of_the_same_kind(kind, case):
    (inputs, targets), options = examples(40), settings(**case, weight_decay=0.05)

    once = predict(kind, fit(kind, inputs, targets, options), options, inputs)
    thrice = predict(kind, fit(kind, np.tile(inputs, (3, 1)), np.tile(targets, (3, 1)), options), options, inputs)

    assert thrice == pytest.approx(once, abs=1e-4)


# Nearest


def nearest_exactly(stored, query):
    """Return the index of the first of the nearest rows, in exact arithmetic."""
    distances = [
        sum((Fraction(float(a)) - Fraction(float(b))) ** 2 for a, b in zip(row, query, strict=True)) for row in stored
    ]
    return distances.index(min(distances))


NEIGHBOURS = {
    "usual": (1.0, 0.0, 1.0),
    "far from the origin": (1.0, 1e6, 1.0),
    "queries from far away": (1.0, 0.0, 1e6),
    "queries from the end of float32": (1.0, 0.0, 1e37),
    "tiny": (1e-20, 0.0, 1.0),
    "huge": (1e18, 0.0, 1.0),
}


@pytest.mark.parametrize("where", NEIGHBOURS)
def test_the_nearest_example_is_that_of_exact_arithmetic(where):
    spread, centre, distance = NEIGHBOURS[where]
    random = np.random.default_rng(0)
    inputs = np.float32(centre + spread * random.normal(size=(100, 5)))
    asked = np.float32(centre + spread * distance * random.normal(size=(30, 5)))
    fitted = fit("nearest", inputs, np.arange(100, dtype=np.float32)[:, None], settings())

    result = predict("nearest", fitted, settings(), asked)

    assert result[:, 0].tolist() == [nearest_exactly(inputs, query) for query in asked]
    assert np.array_equal(run(exported("nearest", fitted, settings()), asked), result)


def lattice(step):
    """The points of a grid in an order of its own, and the middles between neighbours, which are near to several."""
    random = np.random.default_rng(0)
    points = random.permutation(np.stack(np.meshgrid(*[np.arange(-3, 4)] * 4), -1).reshape(-1, 4))
    middles = random.permutation(points)[:300] + 0.5 * random.integers(0, 2, size=(300, 4))
    return np.float32(step * points), np.float32(step * middles)


@pytest.mark.parametrize("away", [0, 3000])
@pytest.mark.parametrize("step", [1.0, 0.75, 1024.0])
def test_of_examples_at_the_same_distance_the_first_is_the_nearest(step, away):
    inputs, asked = lattice(step)
    asked[:, 0] += away * np.float32(step)
    inputs = inputs[: len(inputs) * 2 // 3]  # their mean is no point of the grid
    fitted = fit("nearest", inputs, np.arange(len(inputs), dtype=np.float32)[:, None], settings())

    result = predict("nearest", fitted, settings(), asked)

    distances = np.square(np.int64(asked * 8)[:, None] - np.int64(inputs * 8)[None]).sum(2)
    assert ((distances == distances.min(1, keepdims=True)).sum(1) > 1).sum() > 100
    assert result[:, 0].tolist() == distances.argmin(1).tolist()
    assert np.array_equal(run(exported("nearest", fitted, settings()), asked), result)


@pytest.mark.parametrize("count", [1, 2, 3, 50, 2000])
def test_of_equal_examples_the_first_counts(count):
    inputs, _ = examples(count, n_in=7)
    stored = np.tile(inputs, (3, 1))
    fitted = fit("nearest", stored, np.arange(3 * count, dtype=np.float32)[:, None], settings())

    result = predict("nearest", fitted, settings(), inputs)

    assert result[:, 0].tolist() == list(range(count))
    assert np.array_equal(run(exported("nearest", fitted, settings()), inputs), result)


def test_examples_that_differ_in_the_last_digits_are_told_apart():
    inputs = np.float32([[-1], [1], [1 + 2**-22], [1 + 2**-21]])
    fitted = fit("nearest", inputs, np.arange(4, dtype=np.float32)[:, None], settings())

    result = predict("nearest", fitted, settings(), inputs)

    assert result[:, 0].tolist() == [0, 1, 2, 3]
    assert np.array_equal(run(exported("nearest", fitted, settings()), inputs), result)


def test_more_examples_than_a_model_can_hold_are_refused(monkeypatch):
    monkeypatch.setattr(regressors, "MOST_BYTES", 30 * (8 * 4 + 4 * 3))
    fit("nearest", *examples(30), settings())

    with pytest.raises(UserError, match=r"training.max_examples: .* at most 30 are possible"):
        fit("nearest", *examples(31), settings())


# All


def fitted_kinds(inputs, targets, **changes):
    """Yield (kind, settings, fitted arrays) of every kind and kernel."""
    for kind, case in [*BOTH, ("nearest", {})]:
        options = settings(**{**case, **changes})
        yield kind, options, fit(kind, inputs, targets, options)


@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
@pytest.mark.parametrize(("count", "n_in", "n_out"), [(1, 3, 2), (2, 1, 1), (40, 1, 1), (60, 30, 20), (300, 9, 32)])
def test_the_exported_regressors_agree(count, n_in, n_out, weight_decay):
    inputs, targets = examples(count, n_in, n_out)
    inputs[count // 2 :] = inputs[: count - count // 2]  # duplicates
    asked = queries(inputs)

    for kind, options, fitted in fitted_kinds(inputs, targets, weight_decay=weight_decay):
        result = predict(kind, fitted, options, asked)
        model = exported(kind, fitted, options)

        near, limit = slice(0, -20), (1e-4 if kind == "kernel" else 1e-5)
        assert np.all(np.isfinite(result))
        assert np.abs(run(model, asked[near]) - result[near]).max() <= limit * np.abs(targets).max(), options
        assert difference(run(model, asked), result) <= limit, options


LARGE = [
    (500, {"kernel": "gaussian", "kernel_width": 0.1}),
    (2000, {"kernel": "gaussian", "kernel_width": 1.1}),
    (500, {"kernel": "gaussian", "kernel_width": 900.0}),
    (500, {"kernel": "polynomial", "kernel_degree": 2}),
    (2000, {"kernel": "polynomial", "kernel_degree": 9}),
    (500, {"kernel": "sigmoid"}),
    (500, {"kernel": "polynomial", "kernel_degree": 3, "kernel_offset": -0.5}),
]


@pytest.mark.parametrize(("count", "case"), LARGE)
def test_exported_kernels_of_many_examples_agree(count, case):
    inputs, targets = examples(count, noise=1.0)  # noise asks for the largest weights
    options, asked = settings(**case), queries(inputs)[:-20]
    fitted = fit("kernel", inputs, targets, options)

    apart = run(exported("kernel", fitted, options), asked) - predict("kernel", fitted, options, asked)

    assert np.abs(apart).max() <= 1e-4 * np.abs(targets).max()


@pytest.mark.parametrize("batch", [1, 3, 700])
def test_any_batch_can_be_run(batch):
    inputs, targets = examples(20)

    for kind, options, fitted in fitted_kinds(inputs, targets, weight_decay=0.1):
        result = run(exported(kind, fitted, options), np.repeat(inputs[:1], batch, axis=0))

        expected = np.repeat(predict(kind, fitted, options, inputs[:1]), batch, axis=0)
        assert result == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_old_runtimes_have_the_operators():
    inputs, targets = examples(20)

    for kind, options, fitted in fitted_kinds(inputs, targets, weight_decay=0.1):
        model = onnx.load_from_string(exported(kind, fitted, options))

        assert {node.op_type for node in model.graph.node} <= IN_DOUBLE
        maker = {node.output[0]: node.op_type for node in model.graph.node}
        assert all(maker[node.input[0]] != "Gemm" for node in model.graph.node if node.op_type == "Tanh")
        assert all(node.name.startswith("regressor.") for node in model.graph.node)
        assert all(array.name.startswith("regressor.") for array in model.graph.initializer)


def test_the_arrays_can_be_saved_as_safetensors():
    from safetensors.numpy import load, save

    for kind, options, fitted in fitted_kinds(*examples(20)):
        loaded = load(save(fitted))

        assert all(array.dtype == np.float32 for array in fitted.values())
        assert np.array_equal(
            predict(kind, loaded, options, examples(20)[0]), predict(kind, fitted, options, examples(20)[0])
        )


def test_blocks_agree_with_the_whole(monkeypatch):
    inputs, targets = examples(30)
    asked = queries(inputs)

    for kind, options, fitted in fitted_kinds(inputs, targets, weight_decay=0.01):
        whole = predict(kind, fitted, options, asked)
        for rows in (1, 7, 64):
            monkeypatch.setattr(arrays_module, "BLOCK_BYTES", rows * query_bytes(kind, fitted))

            assert difference(predict(kind, fitted, options, asked), whole) < 1e-6
        monkeypatch.undo()


@pytest.mark.parametrize("kind", ["kernel", "nearest"])
def test_the_distances_of_all_queries_are_never_in_memory_at_once(kind):
    inputs, targets = examples(2000, n_in=2, n_out=1)
    fitted, asked = {"examples": inputs, "targets": targets}, np.tile(inputs, (4, 1))
    if kind == "kernel":
        fitted = {"examples": inputs, "weights": targets, "weights_remainder": 0 * targets, "bias": targets[0]}

    tracemalloc.start()
    try:
        predict(kind, fitted, settings(), asked)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 40e6 < 8 * len(asked) * len(inputs)


def test_no_query_is_no_prediction():
    inputs, targets = examples(20)

    for kind, options, fitted in fitted_kinds(inputs, targets):
        assert predict(kind, fitted, options, inputs[:0]).shape == (0, 3)


def test_predictions_beyond_float32_are_infinite_in_both():
    inputs, targets = examples(40)
    options = settings(kernel="polynomial", kernel_degree=5, weight_decay=0.01)
    fitted = fit("kernel", inputs, targets, options)

    with warnings.catch_warnings(action="error"):
        result = predict("kernel", fitted, options, 1e12 * inputs)

    assert np.all(np.isinf(result))
    assert np.array_equal(run(exported("kernel", fitted, options), 1e12 * inputs), result)


def test_a_fit_beyond_float32_is_refused():
    inputs, targets = examples(40)

    with warnings.catch_warnings(action="error"), pytest.raises(UserError) as error:
        fit("linear", 1e-30 * inputs, 1e30 * targets, settings())

    assert str(error.value).startswith("training.weight_decay: the fit of the linear regressor is not finite")


def test_an_unknown_kind_is_an_error():
    inputs, targets = examples(5)

    with pytest.raises(ValueError, match="cubic"):
        fit("cubic", inputs, targets, settings())
    with pytest.raises(ValueError, match="cubic"):
        predict("cubic", {"examples": inputs, "targets": targets}, settings(), inputs)
    assert set(KINDS) == {"linear", "kernel", "nearest"}


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


def test_the_error_of_what_a_linear_map_cannot_know_is_the_deviation_from_the_mean():
    inputs = np.float32(np.linspace(-1, 1, 41))[:, None]

    fit("linear", inputs, inputs**2, settings(error_threshold=1.001))
    with pytest.raises(UserError, match="by 1 of their deviation from the mean, more than 0.999"):
        fit("linear", inputs, inputs**2, settings(error_threshold=0.999))


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

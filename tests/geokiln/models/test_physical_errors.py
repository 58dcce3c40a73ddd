import numpy as np
import pytest

from geokiln.models.physical_errors import relative_error, rms_and_spread, rms_by_example
from geokiln.prediction import simple_answers as evaluation
from geokiln.prediction.simple_answers import SimpleAnswers
from geokiln.storage import tables
from geokiln.storage.tables import Table, TableWriter, components_of

COMPONENTS = components_of({"height": (2,), "force": ()})


def answers(rows, n_in, queries, block_rows=1000, answered=1000):
    """The simple answers, with *rows* in blocks of a table and the queries *answered* a few at a time."""
    rows, queries = np.float32(rows), np.float32(queries)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "BLOCK_BYTES", 4 * block_rows * rows.shape[1])
        with TableWriter("e.raw", "e.json", {"x": (n_in,)}, {"y": (rows.shape[1] - n_in,)}) as writer:
            writer.write(rows)
    simple = SimpleAnswers(Table("e.raw", "e.json"), queries)
    parts = [simple(slice(first, first + answered)) for first in range(0, len(queries), answered)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def rms(errors):
    return rms_and_spread([(errors, np.zeros_like(errors))], COMPONENTS, np.zeros(3))[0]


def linear_rows(count, seed=0):
    """Rows of three inputs in different units and two targets that depend on them linearly."""
    inputs = np.random.default_rng(seed).normal(size=(count, 3)) * [1, 100, 0.01] + [0, 50, -3]
    slope = np.array([[2.0, -1.0], [0.5, 0.25], [30.0, -80.0]])
    return np.float32(np.hstack([inputs, inputs @ slope + [5, -7]]))


def test_rms_of_each_component_by_hand():
    errors = np.array([[3.0, 4.0, 1.0], [0.0, 0.0, -7.0]])

    result = rms(errors)

    assert result == pytest.approx({"height": 2.5, "force": 5.0})
    assert all(type(value) is float for value in result.values())


def test_rms_of_each_example_by_hand():
    errors = np.array([[3.0, 4.0, 1.0], [0.0, 0.0, -7.0]])

    result = {component["name"]: rms_by_example(errors, component).tolist() for component in COMPONENTS}

    assert result == {"height": pytest.approx([12.5**0.5, 0]), "force": [1, 7]}


def test_small_errors_of_float32_do_not_vanish():
    errors = np.full((10, 3), 1e-25, np.float32)

    assert rms(errors)["height"] == pytest.approx(1e-25, rel=1e-6)
    assert rms_by_example(errors, COMPONENTS[0]) == pytest.approx(1e-25, rel=1e-6)


@pytest.mark.parametrize(
    ("rms", "spread", "expected"),
    [
        ({"a": 1.0}, {"a": 4.0}, 0.25),
        ({"a": 3.0, "b": 400.0}, {"a": 10.0, "b": 1000.0}, (0.125) ** 0.5),
        ({"a": 0.0, "b": 0.0}, {"a": 1.0, "b": 1.0}, 0.0),
        ({"a": 0.5}, {"a": 0.0}, 0.5),
    ],
)
def test_the_relative_error_is_the_rms_of_the_shares_of_the_spread(rms, spread, expected):
    assert relative_error(rms, spread) == pytest.approx(expected)


def test_the_relative_error_does_not_depend_on_units():
    metres = relative_error({"a": 0.02, "b": 5.0}, {"a": 0.1, "b": 20.0})

    millimetres = relative_error({"a": 20.0, "b": 5.0}, {"a": 100.0, "b": 20.0})

    assert millimetres == pytest.approx(metres)


def test_simple_answers_by_hand():
    rows = [[0, 10], [1, 12], [2, 14], [5, 20]]

    result = answers(rows, 1, [[1.2], [4.0], [-1.0]])

    assert result["mean target"] == pytest.approx(np.full((3, 1), 14))
    assert result["linear fit"] == pytest.approx(np.array([[12.4], [18], [8]]))
    assert result["nearest example"].tolist() == [[12], [20], [10]]


def test_the_linear_fit_is_exact_on_linear_data():
    queries, truth = np.split(linear_rows(20, seed=1), [3], axis=1)

    result = answers(linear_rows(60), 3, queries)["linear fit"]

    assert np.abs(result - truth).max() < 1e-5 * np.abs(truth).max()


def test_the_linear_fit_is_that_of_least_squares():
    random = np.random.default_rng(1)
    rows, queries = random.normal(size=(50, 5)), random.normal(size=(7, 3))
    design = np.hstack([rows[:, :3], np.ones((50, 1))])
    solution = np.linalg.lstsq(design, rows[:, 3:], rcond=None)[0]

    result = answers(rows, 3, queries)["linear fit"]

    assert result == pytest.approx(np.hstack([queries, np.ones((7, 1))]) @ solution, abs=1e-5)


def test_the_nearest_example_is_exact_on_the_training_inputs():
    rows = linear_rows(200)

    result = answers(rows, 3, rows[:, :3])["nearest example"]

    assert np.array_equal(result, rows[:, 3:])


def test_the_nearest_example_is_nearest_among_standardised_inputs():
    random = np.random.default_rng(2)
    rows = random.normal(size=(80, 4)) * [1, 1000, 1e-3, 1]
    queries = random.normal(size=(30, 3)) * [1, 1000, 1e-3]
    standard = lambda inputs: (inputs - rows[:, :3].mean(0)) / rows[:, :3].std(0)
    distances = np.linalg.norm(standard(queries)[:, None] - standard(rows[:, :3]), axis=2)

    result = answers(rows, 3, queries)["nearest example"]

    assert result == pytest.approx(rows[distances.argmin(1), 3:], rel=1e-6)


def test_squares_of_blocks_of_examples_add_up():
    errors = np.random.default_rng(0).normal(size=(7, 3))
    blocks = [(part, np.zeros_like(part)) for part in np.split(errors, [1, 5])]

    assert rms_and_spread(blocks, COMPONENTS, np.zeros(3))[0] == pytest.approx(rms(errors))


@pytest.mark.parametrize("compared", [8, 100, 1 << 20])
@pytest.mark.parametrize(("block_rows", "answered"), [(1, 30), (2, 1), (7, 4), (50, 29), (199, 30)])
def test_the_size_of_the_blocks_changes_nothing(block_rows, answered, compared, monkeypatch):
    monkeypatch.setattr(evaluation, "BLOCK_BYTES", compared)
    rows = linear_rows(200)
    rows[:, 3:] += np.sin(rows[:, :2])
    queries = linear_rows(30, seed=3)[:, :3]
    whole = answers(rows, 3, queries)

    result = answers(rows, 3, queries, block_rows, answered)

    assert np.array_equal(result["nearest example"], whole["nearest example"])
    for name in ("mean target", "linear fit"):
        assert result[name] == pytest.approx(whole[name], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("constant", [0.0, 1.0, 0.1, 1e6, -1e-20])
def test_a_constant_input_changes_nothing(constant):
    rows = linear_rows(50)
    queries = linear_rows(10, seed=4)[:, :3]
    expected = answers(rows, 3, queries)
    column = lambda array: np.insert(array, 1, constant, axis=1)

    result = answers(column(rows), 4, column(queries))

    for name, values in expected.items():
        assert result[name] == pytest.approx(values, rel=1e-6, abs=1e-6)


def test_inputs_that_are_all_constant_answer_by_the_mean():
    result = answers([[1, 2], [1, 4], [1, 9]], 1, [[1], [3]])

    assert result["linear fit"].tolist() == result["mean target"].tolist() == [[5], [5]]
    assert np.isfinite(result["nearest example"]).all()


def test_inputs_that_depend_on_each_other_are_no_obstacle():
    rows = np.array([[x, 2 * x, 3 * x + 1] for x in range(10)])

    result = answers(rows, 2, [[4.5, 9.0]])

    assert result["linear fit"] == pytest.approx(np.array([[14.5]]), rel=1e-5)


def test_a_large_offset_costs_no_accuracy():
    rows = [[1e4 + x / 8, 1e4 - x / 8] for x in range(40)]

    result = answers(rows, 1, [[1e4 + 1.0]])

    assert result["linear fit"] == pytest.approx(np.array([[1e4 - 1.0]]), abs=1e-3)


def test_a_single_example_answers_everything():
    result = answers([[1, 2, 3]], 1, [[5]])

    assert [values.tolist() for values in result.values()] == [[[2, 3]]] * 3

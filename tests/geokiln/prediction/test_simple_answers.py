import numpy as np
import pytest

from geokiln.prediction import simple_answers
from geokiln.prediction.simple_answers import SimpleAnswers
from geokiln.storage import tables
from geokiln.storage.tables import Table, TableWriter


def answers(rows, n_in, queries, block_rows=1000, answered=1000, held_out=()):
    """The simple answers, with *rows* in blocks of a table and the queries *answered* a few at a time."""
    rows, queries = np.float32(rows), np.float32(queries)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "BLOCK_BYTES", 4 * block_rows * rows.shape[1])
        with TableWriter("e.raw", "e.json", {"x": (n_in,)}, {"y": (rows.shape[1] - n_in,)}) as writer:
            writer.write(rows)
    simple = SimpleAnswers(Table("e.raw", "e.json"), queries, held_out)
    parts = [simple(slice(first, first + answered)) for first in range(0, len(queries), answered)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def in_other_units(count, seed=0):
    """Rows of three inputs in different units and two targets, linear in them but for a wave."""
    inputs = np.random.default_rng(seed).normal(size=(count, 3)) * [1, 100, 0.01] + [0, 50, -3]
    slope = np.array([[2.0, -1.0], [0.5, 0.25], [30.0, -80.0]])
    return np.float32(np.hstack([inputs, inputs @ slope + [5, -7] + np.sin(inputs[:, :2])]))


def test_answers_are_the_mean_least_squares_and_the_nearest_of_standardised_inputs():
    rows, queries = np.float64(in_other_units(80)), np.float64(in_other_units(30, seed=1))[:, :3]
    standard = lambda inputs: (inputs - rows[:, :3].mean(0)) / rows[:, :3].std(0)
    distances = np.linalg.norm(standard(queries)[:, None] - standard(rows[:, :3]), axis=2)
    solution = np.linalg.lstsq(np.hstack([rows[:, :3], np.ones((80, 1))]), rows[:, 3:], rcond=None)[0]

    result = answers(rows, 3, queries)

    assert result["mean target"] == pytest.approx(np.tile(rows[:, 3:].mean(0), (30, 1)))
    assert result["linear fit"] == pytest.approx(np.hstack([queries, np.ones((30, 1))]) @ solution, rel=1e-5, abs=1e-5)
    assert np.array_equal(result["nearest example"], rows[distances.argmin(1), 3:])


@pytest.mark.parametrize(("block_rows", "answered", "compared"), [(1, 30, 1 << 20), (7, 4, 8), (50, 29, 100)])
def test_the_size_of_the_blocks_changes_nothing(block_rows, answered, compared, monkeypatch):
    rows, queries = in_other_units(200), in_other_units(30, seed=3)[:, :3]
    whole = answers(rows, 3, queries)
    monkeypatch.setattr(simple_answers, "BLOCK_BYTES", compared)

    result = answers(rows, 3, queries, block_rows, answered)

    assert np.array_equal(result["nearest example"], whole["nearest example"])
    for name in ("mean target", "linear fit"):
        assert result[name] == pytest.approx(whole[name], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("constant", [0.0, 0.1])
def test_an_input_that_is_constant_up_to_its_rounding_changes_nothing(constant):
    rows, queries = in_other_units(50), in_other_units(10, seed=4)[:, :3]
    expected = answers(rows, 3, queries)
    column = lambda array: np.insert(array, 1, constant, axis=1)
    rows, queries = column(rows), column(queries)
    rows[::2, 1] *= 1 + np.float32(2**-23)

    result = answers(rows, 4, queries)

    for name, values in expected.items():
        assert result[name] == pytest.approx(values, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("rows", "n_in", "query", "expected"),
    [
        ([[1, 2], [1, 4], [1, 9]], 1, [3], [5]),
        ([[x, 2 * x, 3 * x + 1] for x in range(10)], 2, [4.5, 9.0], [14.5]),
        ([[1e4 + x / 8, 1e4 - x / 8] for x in range(40)], 1, [1e4 + 1.0], [1e4 - 1.0]),
        ([[1, 2, 3]], 1, [5], [2, 3]),
    ],
    ids=["all inputs constant", "inputs that depend on each other", "a large offset", "a single example"],
)
def test_odd_inputs_are_no_obstacle_to_a_linear_fit(rows, n_in, query, expected):
    result = answers(rows, n_in, [query])

    assert result["linear fit"] == pytest.approx(np.array([expected]), rel=1e-7)
    assert np.isfinite(result["nearest example"]).all()


@pytest.mark.parametrize("block_rows", [1, 7, 1000])
def test_rows_that_are_held_out_are_known_to_no_answer(block_rows):
    rows = in_other_units(60)
    held_out = np.array([0, 1, 2, 3, 17, 40, 41, 59])

    result = answers(rows, 3, rows[held_out, :3], block_rows, held_out=held_out)

    expected = answers(np.delete(rows, held_out, 0), 3, rows[held_out, :3])
    for name, array in expected.items():
        assert result[name] == pytest.approx(array, rel=1e-5), name

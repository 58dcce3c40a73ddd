import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.wedges.nodes import expand_node

SCRIPTS = Path(__file__).parents[3] / "scripts"


def values(spread, **node):
    return [wedge["x"] for wedge in expand_node({"x": spread, **node})]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"a": [0.123456789, True, [8, 4]], "b": None}, [{"a": a, "b": None} for a in (0.123456789, True, [8, 4])]),
        ({"a": [1, 2, 3], "b": ["x", "y"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": "x"}]),
        ({"a": {"values": [1, 2]}}, [{"a": 1}, {"a": 2}]),
        ({"count": 3, "a": [1, 2]}, [{"a": 1}, {"a": 2}, {"a": 1}]),
        ({"count": 1, "a": [1, 2]}, [{"a": 1}]),
        ({"count": 2, "a": {"range": [1, 3]}, "b": {"bracket": [10, 1]}}, [{"a": 1, "b": 9}, {"a": 3, "b": 11}]),
        ({"seed": 3}, [{"seed": 3}]),
        ({"count": 2, "seed": [3, 4]}, [{"seed": 3}, {"seed": 4}]),
        ({"count": 2, "seed": {"range": [0, 1]}}, [{"seed": 0}, {"seed": 1}]),
        ({"count": 2, "seed": 7, "a": {"range": [0, 1]}}, [{"a": 0}, {"a": 1}]),
    ],
    ids=str,
)
def test_hyperparameters_of_a_node_vary_together(node, expected):
    assert repr(expand_node(node)) == repr(expected)  # True is not 1


@pytest.mark.parametrize(
    ("spread", "count", "expected"),
    [
        ({"range": [0.0, 1.0]}, 11, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        ({"range": [1.0, 0.0]}, 3, [1.0, 0.5, 0.0]),
        ({"range": [0.5, 1.0]}, 1, [0.5]),
        ({"range": [0.123456789, 0.987654321]}, 2, [0.123456789, 0.987654321]),
        ({"range": [0, 0.5]}, 2, [0.0, 0.5]),
        ({"range": [1, 8]}, 3, [1, 4, 8]),
        ({"range": [0.01, 0.0001], "spacing": "log"}, 3, [0.01, 0.001, 0.0001]),
        ({"range": [16, 256], "spacing": "log"}, 5, [16, 32, 64, 128, 256]),
        ({"bracket": [96, 32]}, 3, [64, 96, 128]),
        ({"bracket": [96, 32]}, 1, [96]),
        ({"bracket": [0.3, 0.1]}, 3, [0.2, 0.3, 0.4]),
        ({"bracket": [1, 0.5]}, 3, [0.5, 1.0, 1.5]),
    ],
    ids=str,
)
def test_ranges_and_brackets_are_spaced_from_end_to_end(spread, count, expected):
    assert repr(values(spread, count=count)) == repr(expected)  # 1 is not 1.0


# What is drawn


@pytest.mark.parametrize("ends", [[0, 9], [9, 0]])
def test_drawn_whole_numbers_are_all_equally_likely(ends):
    result = values({"range": ends, "spacing": "random"}, count=5000)

    assert set(result) == set(range(10))
    shares = [result.count(number) / 5000 for number in range(10)]
    assert shares == pytest.approx([0.1] * 10, abs=0.02)


def test_log_samples_are_even_in_the_logarithm():
    result = values({"range": [0.0001, 1.0], "spacing": "log"}, count=1000, sampling="random")

    shares = [sum(low <= value < 10 * low for value in result) / 1000 for low in (0.0001, 0.001, 0.01, 0.1)]
    assert shares == pytest.approx([0.25] * 4, abs=0.05)


@pytest.mark.parametrize("sampling", ["sobol", "latin_hypercube"])
def test_joint_samples_fill_every_range_evenly_and_sobol_ones_fill_two_together(sampling):
    node = {"count": 16, "sampling": sampling, "a": {"range": [0.0, 16.0]}, "b": {"bracket": [8.0, 8.0]}}

    result = expand_node(node)

    for key in "ab":
        assert sorted(int(wedge[key]) for wedge in result) == list(range(16))
    cells = {(wedge["a"] // 4, wedge["b"] // 4) for wedge in result}
    assert (len(cells) == 16) == (sampling == "sobol")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_random_bracket_draws_its_first_half_from_below_as_houdini_does(count):
    for seed in range(10):
        result = values({"bracket": [5.0, 2.0]}, count=count, seed=seed, sampling="random")

        assert all(3 <= value <= 5 for value in result[: count // 2])
        assert all(5 <= value <= 7 for value in result[count // 2 :])
        assert len(result) == len(set(result)) == count


def test_values_in_random_order_come_once_each_before_any_comes_twice():
    names = ["tanh", "relu", "silu"]

    orders = [values({"values": names, "random": True}, count=7, seed=seed) for seed in range(30)]

    assert all(sorted(order[:3]) == sorted(order[3:6]) == sorted(names) for order in orders)
    assert len({tuple(order[:3]) for order in orders}) == 6


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        ("random", [{"x": 0.717333, "y": 0.478198}, {"x": 0.357118, "y": 0.678339}]),
        ("sobol", [{"x": 0.113205, "y": 0.930531}, {"x": 0.890716, "y": 0.0876625}]),
    ],
)
def test_samples_hang_on_seed_and_name_and_are_the_same_on_every_machine(sampling, expected):
    unit = {"range": [0.0, 1.0]}

    assert expand_node({"count": 2, "seed": 3, "sampling": sampling, "x": unit, "y": unit}) == expected


# What holds whatever the node


NUMBERS = st.one_of(
    st.tuples(st.integers(1, 500), st.integers(1, 500)),
    st.tuples(st.floats(1e-6, 100), st.floats(1e-6, 100)),
    st.just((0.12345678, 0.12345699)),  # rounding must not leave it
)
RANGES = st.builds(lambda ends, way: {"range": [*ends], "spacing": way}, NUMBERS, st.sampled_from(["even", "log"]))
SPREADS = st.one_of(RANGES, st.builds(lambda ends: {"bracket": [*ends]}, NUMBERS))
SAMPLINGS = st.sampled_from(["even", "random", "sobol", "latin_hypercube"])


def node_of(spreads, **own):
    return {**own, **{f"x{number}": spread for number, spread in enumerate(spreads)}}


def ends(spread):
    if "range" in spread:
        return sorted(spread["range"])
    centre, offset = spread["bracket"]
    return [centre - offset, centre + offset]


@given(st.lists(SPREADS, min_size=1, max_size=3), SAMPLINGS, st.integers(1, 9), st.integers(0, 5))
def test_samples_lie_between_the_ends_and_keep_their_type(spreads, sampling, count, seed):
    result = expand_node(node_of(spreads, count=count, seed=seed, sampling=sampling))

    assert len(result) == count
    for number, spread in enumerate(spreads):
        low, high = ends(spread)
        whole = all(isinstance(end, int) for end in spread.get("range") or spread["bracket"])
        tolerance = 0 if whole or "range" in spread else 1e-4 * max(abs(low), abs(high))  # of rounded ends
        for wedge in result:
            assert type(wedge[f"x{number}"]) is (int if whole else float)
            assert low - tolerance <= wedge[f"x{number}"] <= high + tolerance


@given(st.lists(RANGES, min_size=1, max_size=3), st.sampled_from(["random", "sobol"]), st.integers(1, 20), st.data())
def test_a_larger_count_keeps_the_first_samples(ranges, sampling, count, data):
    fewer = data.draw(st.integers(1, count))
    node = node_of(ranges, sampling=sampling, any={"values": [1, 2, 3], "random": True}, round=[1, 2])

    assert expand_node({**node, "count": fewer}) == expand_node({**node, "count": count})[:fewer]


@given(st.lists(SPREADS, min_size=1, max_size=3), SAMPLINGS, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(spreads, sampling, random):
    node = node_of(spreads, count=4, seed=2, sampling=sampling, any={"values": [1, 2, 3], "random": True})
    keys = list(node)
    random.shuffle(keys)

    assert expand_node({key: node[key] for key in keys}) == expand_node(node)


# What it needs


def test_drawing_costs_no_import_of_numpy():
    code = (
        "import sys; from geokiln.wedges.nodes import expand_node; from geokiln.wedges.expansion import expand_wedges;"
        "expand_node({'count': 3, 'sampling': 'random', 'x': {'range': [0, 1]}}); assert 'numpy' not in sys.modules"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_without_scipy_what_needs_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.stats", None)

    with pytest.raises(UserError) as error:
        values({"range": [0.0, 1.0]}, count=2, sampling="sobol")

    assert str(error.value) == "sobol needs scipy beside snakemake, see envs/geokiln.txt; or take random"

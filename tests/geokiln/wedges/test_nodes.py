import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.wedges.nodes import expand_node

SCRIPTS = Path(__file__).parents[3] / "scripts"
DRAWING = ["random", "sobol", "latin_hypercube"]


def values(key, **node):
    return [wedge[key] for wedge in expand_node(node)]


def of_range(first, last, count, **spread):
    return values("x", count=count, x={"range": [first, last], **spread})


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"a": [1, 2]}, [{"a": 1}, {"a": 2}]),
        ({"a": 5}, [{"a": 5}]),
        ({"a": None, "b": "x"}, [{"a": None, "b": "x"}]),
        ({"a": [1, 2, 3], "b": ["x", "y"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": "x"}]),
        ({"a": [1, 2], "b": True}, [{"a": 1, "b": True}, {"a": 2, "b": True}]),
        ({"a": {"values": [1, 2]}}, [{"a": 1}, {"a": 2}]),
        ({"count": 3, "a": [1, 2]}, [{"a": 1}, {"a": 2}, {"a": 1}]),
        ({"count": 1, "a": [1, 2]}, [{"a": 1}]),
        ({"a": [[8, 4], [4]]}, [{"a": [8, 4]}, {"a": [4]}]),
        ({"seed": 3}, [{"seed": 3}]),
        ({"seed": [3, 4], "count": 2}, [{"seed": 3}, {"seed": 4}]),
        ({"count": 2, "seed": {"range": [0, 1]}}, [{"seed": 0}, {"seed": 1}]),
        ({"count": 2, "seed": 7, "a": {"range": [0, 1]}}, [{"a": 0}, {"a": 1}]),
        (
            {"count": 2, "a": {"range": [1, 3]}, "b": {"bracket": [10, 1]}, "c": [0], "d": "x"},
            [{"a": 1, "b": 9, "c": 0, "d": "x"}, {"a": 3, "b": 11, "c": 0, "d": "x"}],
        ),
    ],
    ids=str,
)
def test_hyperparameters_of_a_node_vary_together(node, expected):
    assert expand_node(node) == expected


@pytest.mark.parametrize(
    ("spread", "count", "expected"),
    [
        ({"range": [0.0, 1.0]}, 3, [0.0, 0.5, 1.0]),
        ({"range": [1.0, 0.0]}, 3, [1.0, 0.5, 0.0]),
        ({"range": [0.0, 1.0]}, 11, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        ({"range": [0.5, 1.0]}, 1, [0.5]),
        ({"range": [0.123456789, 0.987654321]}, 2, [0.123456789, 0.987654321]),
        ({"range": [0, 0.5]}, 2, [0.0, 0.5]),
        ({"range": [0.0001, 0.01], "spacing": "log"}, 3, [0.0001, 0.001, 0.01]),
        ({"range": [0.01, 0.0001], "spacing": "log"}, 3, [0.01, 0.001, 0.0001]),
        ({"range": [16, 256], "spacing": "log"}, 5, [16, 32, 64, 128, 256]),
        ({"range": [1, 8]}, 3, [1, 4, 8]),
        ({"range": [1, 2]}, 5, [1, 1, 2, 2, 2]),
        ({"range": [3, 3]}, 2, [3, 3]),
        ({"bracket": [96, 32]}, 3, [64, 96, 128]),
        ({"bracket": [96, 32]}, 2, [64, 128]),
        ({"bracket": [96, 32]}, 1, [96]),
        ({"bracket": [0.3, 0.1]}, 3, [0.2, 0.3, 0.4]),
        ({"bracket": [1, 0.5]}, 3, [0.5, 1.0, 1.5]),
    ],
    ids=str,
)
def test_ranges_and_brackets_are_spaced_from_end_to_end(spread, count, expected):
    result = values("x", count=count, x=spread)

    assert result == expected
    assert [type(value) for value in result] == [type(value) for value in expected]


def test_log_spacing_has_even_factors():
    result = of_range(0.001, 8.0, 6, spacing="log")

    factors = [later / earlier for earlier, later in zip(result, result[1:], strict=False)]
    assert factors == pytest.approx([8000 ** (1 / 5)] * 5, rel=1e-4)


@pytest.mark.parametrize("ends", [[0, 9], [9, 0]])
def test_drawn_whole_numbers_are_all_equally_likely(ends):
    result = of_range(*ends, 5000, spacing="random")

    assert set(result) == set(range(10))
    shares = [result.count(number) / 5000 for number in range(10)]
    assert shares == pytest.approx([0.1] * 10, abs=0.02)


@pytest.mark.parametrize("sampling", DRAWING)
def test_rounding_does_not_leave_the_range(sampling):
    result = values("x", count=20, sampling=sampling, x={"range": [0.12345678, 0.12345699]})

    assert all(0.12345678 <= value <= 0.12345699 for value in result)


@pytest.mark.parametrize("sampling", DRAWING)
def test_log_samples_are_even_in_the_logarithm(sampling):
    result = values("x", count=1000, sampling=sampling, x={"range": [0.0001, 1.0], "spacing": "log"})

    shares = [sum(low <= value < 10 * low for value in result) / 1000 for low in (0.0001, 0.001, 0.01, 0.1)]
    assert shares == pytest.approx([0.25] * 4, abs=0.05)


@pytest.mark.parametrize("sampling", ["sobol", "latin_hypercube"])
def test_joint_samples_fill_every_range_evenly(sampling):
    node = {"count": 16, "sampling": sampling, "a": {"range": [0.0, 16.0]}, "b": {"bracket": [8.0, 8.0]}}

    result = expand_node(node)

    for key in "ab":
        assert sorted(int(wedge[key]) for wedge in result) == list(range(16))


def test_sobol_samples_fill_two_ranges_together_and_random_ones_do_not():
    def cells(sampling):
        node = {"count": 16, "sampling": sampling, "a": {"range": [0.0, 4.0]}, "b": {"range": [0.0, 4.0]}}
        return len({(int(wedge["a"]), int(wedge["b"])) for wedge in expand_node(node)})

    assert cells("sobol") == 16
    assert cells("random") < 16


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_a_random_bracket_draws_its_first_half_from_below_as_houdini_does(count):
    for seed in range(10):
        result = values("x", count=count, seed=seed, sampling="random", x={"bracket": [5.0, 2.0]})

        assert all(3 <= value <= 5 for value in result[: count // 2])
        assert all(5 <= value <= 7 for value in result[count // 2 :])
    assert len(result) == len(set(result)) == count


def test_values_in_random_order_come_once_each_before_any_comes_twice():
    names = ["tanh", "relu", "silu"]
    node = {"count": 7, "seed": 1, "activation": {"values": names, "random": True}}

    result = values("activation", **node)

    assert sorted(result[:3]) == sorted(result[3:6]) == sorted(names)
    orders = {tuple(values("activation", **{**node, "count": 3, "seed": seed})) for seed in range(30)}
    assert len(orders) == 6


# What holds whatever the node


NUMBERS = st.one_of(
    st.tuples(st.integers(1, 500), st.integers(1, 500)),
    st.tuples(st.floats(1e-6, 100), st.floats(1e-6, 100)),
)
SPREADS = st.one_of(
    st.builds(lambda ends, spacing: {"range": [*ends], "spacing": spacing}, NUMBERS, st.sampled_from(["even", "log"])),
    st.builds(lambda ends: {"bracket": [*ends]}, NUMBERS),
)
RANGES = SPREADS.filter(lambda spread: "range" in spread)
SAMPLINGS = st.sampled_from(["even", *DRAWING])


def ends(spread):
    if "range" in spread:
        return sorted(spread["range"])
    centre, offset = spread["bracket"]
    return [centre - offset, centre + offset]


@given(st.lists(SPREADS, min_size=1, max_size=3), SAMPLINGS, st.integers(1, 9), st.integers(0, 5))
def test_samples_lie_between_the_ends_and_keep_their_type(spreads, sampling, count, seed):
    node = {"count": count, "seed": seed, "sampling": sampling}
    node.update({f"x{number}": spread for number, spread in enumerate(spreads)})

    result = expand_node(node)

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
    node = {f"x{number}": range_ for number, range_ in enumerate(ranges)}
    node.update({"sampling": sampling, "any": {"values": [1, 2, 3], "random": True}, "round": [1, 2]})

    assert expand_node({**node, "count": fewer}) == expand_node({**node, "count": count})[:fewer]


@given(st.lists(SPREADS, min_size=1, max_size=3), SAMPLINGS, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(spreads, sampling, random):
    node = {"count": 4, "seed": 2, "sampling": sampling, "any": {"values": [1, 2, 3], "random": True}}
    node.update({f"x{number}": spread for number, spread in enumerate(spreads)})
    keys = list(node)
    random.shuffle(keys)

    assert expand_node({key: node[key] for key in keys}) == expand_node(node)


@given(
    st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.none(), st.text(), st.lists(st.integers()))
)
def test_listed_values_survive_as_they_are(value):
    (wedge,) = expand_node({"x": [value]})

    assert wedge["x"] == value and type(wedge["x"]) is type(value)


@pytest.mark.parametrize("sampling", DRAWING)
def test_another_seed_gives_other_samples(sampling):
    results = [values("x", count=4, seed=seed, sampling=sampling, x={"range": [0.0, 1.0]}) for seed in (0, 1)]

    assert not set(results[0]) & set(results[1])


def test_two_hyperparameters_are_drawn_independently():
    (wedge,) = expand_node({"count": 1, "sampling": "random", "a": {"range": [0.0, 1.0]}, "b": {"range": [0.0, 1.0]}})

    assert wedge["a"] != wedge["b"]


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        ("random", [0.717333, 0.357118]),
        ("sobol", [0.113205, 0.877022]),
    ],
)
def test_samples_are_the_same_on_every_machine_and_with_every_version(sampling, expected):
    assert values("x", count=2, seed=3, sampling=sampling, x={"range": [0.0, 1.0]}) == expected


def test_drawing_costs_no_import_of_numpy():
    code = (
        "import sys; from geokiln.wedges.nodes import expand_node; from geokiln.wedges.expansion import expand_wedges;"
        "expand_node({'count': 3, 'sampling': 'random', 'x': {'range': [0, 1]}}); assert 'numpy' not in sys.modules"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("sampling", ["sobol", "latin_hypercube"])
def test_without_scipy_what_needs_it_says_so(sampling, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.stats", None)

    with pytest.raises(UserError) as error:
        values("x", count=2, sampling=sampling, x={"range": [0.0, 1.0]})

    assert str(error.value).startswith(f"{sampling} needs scipy")

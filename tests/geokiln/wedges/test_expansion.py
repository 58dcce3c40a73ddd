import itertools
import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.wedges.expansion import LONGEST_NAME, expand_wedges, wedge_name

LONGEST = "1" * (LONGEST_NAME - len("seed-"))
AXES = {
    "hidden_layers": st.integers(0, 64),
    "learning_rate": st.floats(1e-8, 1),
    "activation": st.sampled_from(["tanh", "relu"]),
    "seed": st.integers(0, 2**40),
}
SOME_AXES = st.fixed_dictionaries(
    {}, optional={key: st.lists(value, min_size=1, max_size=3) for key, value in AXES.items()}
)


@given(SOME_AXES, st.randoms(use_true_random=False))
def test_the_short_form_is_every_combination_once_named_by_its_values_alone_whatever_its_order(axes, random):
    keys = sorted(axes)
    expected = itertools.product(*(dict.fromkeys(map(repr, axes[key])) for key in keys))

    wedges = expand_wedges({key: axes[key] for key in random.sample(keys, len(keys))})

    assert [tuple(repr(wedge[key]) for key in keys) for wedge in wedges.values()] == list(expected)
    assert list(wedges) == [wedge_name(wedge) for wedge in wedges.values()]


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([], [{}]),
        ([{"a": [1, 2]}, {"b": [3, 4]}], [{"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4}]),
        ([{"a": [1, 2], "b": [3, 4]}], [{"a": 1, "b": 3}, {"a": 2, "b": 4}]),
        ([{"a": [1, 2]}, {"a": [3, 1]}], [{"a": 3}, {"a": 1}]),
        ([{"a": [1, 1.0, True]}], [{"a": 1}, {"a": True}]),
        ([{"a": [1, 2]}, {"skip": "a == 1 and c > 8"}], [{"a": 2}]),
        ([{"a": [1]}, {"extra": [{"b": 2}, {"a": 1}, {}]}], [{"a": 1}, {"b": 2}, {}]),
        ([{"extra": {"b": 2}}, {"a": [1, 3]}], [{"a": 1, "b": 2}, {"a": 3, "b": 2}]),
        ([{"repeats": 3}], [{"seed": 7}, {"seed": 8}, {"seed": 9}]),
        ([{"seed": [1, 5]}, {"repeats": 2}], [{"seed": 1}, {"seed": 2}, {"seed": 5}, {"seed": 6}]),
        ([{"a": [1, 2]}, {"script": "mine.py"}, {"b": 1}], [{"a": 6, "b": 1}, {"a": 7, "b": 1}]),
    ],
    ids=str,
)
def test_each_node_takes_the_wedges_made_so_far_and_gives_more(nodes, expected):
    def run_script(path, wedges, where):
        assert (path, where) == ("mine.py", "wedges[1]")
        return [{"a": wedge["a"] + 5} for wedge in wedges]

    result = [*expand_wedges(nodes, {"a": 0, "b": 0, "c": 9, "seed": 7}, run_script).values()]

    assert repr(result) == repr(expected)  # 1 is not 1.0


@pytest.mark.parametrize(
    ("values", "condition", "reason"),
    [
        ([1, None], "a > 1", "a > 1 cannot be told of None and 1"),
        ([1, 2], "a < 3", "'a < 3' holds for all of the wedges (2); none is left"),
    ],
)
def test_a_condition_that_cannot_be_told_or_leaves_nothing_is_named(values, condition, reason):
    with pytest.raises(UserError) as error:
        expand_wedges([{"a": values}, {"skip": condition}])

    assert str(error.value) == f"config.yaml: wedges[1].skip: {reason}"


def test_100000_wedges_are_the_most():
    nodes = [{"a": [*range(1000)]}, {"b": [*range(100)]}]

    result = expand_wedges(nodes)
    with pytest.raises(UserError) as error:
        expand_wedges([*nodes, {"extra": {"c": 1}}])

    assert len(result) == 100_000
    assert str(error.value) == "config.yaml: wedges[2]: makes 100001 wedges; 100000 are the most"


@pytest.mark.parametrize(
    ("wedges", "where"),
    [
        ([{"a": [*range(400)]}, {"b": [*range(1000)]}], "wedges[1]"),
        ([{"a": [*range(400)]}, {"repeats": 1000}], "wedges[1]"),
        ({"a": [*range(400)], "b": [*range(1000)]}, "wedges"),
    ],
    ids=["product", "repeats", "short form"],
)
def test_more_wedges_than_anybody_trains_are_refused_before_they_take_memory(wedges, where):
    tracemalloc.start()

    with pytest.raises(UserError) as error:
        expand_wedges(wedges)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(error.value) == f"config.yaml: {where}: makes 400000 wedges; 100000 are the most"
    assert peak < 400_000 * 8  # a list of so many would take more


# Names


@pytest.mark.parametrize(
    ("wedge", "name"),
    [
        ({"weight_decay": 1e-5, "epochs": 5}, "epochs-5_weight_decay-1e-05"),
        ({"betas": [0.9, 0.99]}, "betas-0.9x0.99"),
        ({}, "single"),
        ({"activation": "../a,b c\nd*{e}'f:g"}, "activation-..~a~b~c~d~~e~~f~g"),
        ({"seed": LONGEST}, f"seed-{LONGEST}"),
    ],
)
def test_a_name_is_keys_sorted_and_values_without_letters_that_folders_or_farms_misread(wedge, name):
    assert wedge_name(wedge) == name


def test_a_longer_name_is_a_hash_that_tells_its_values():
    names = {wedge_name({"seed": LONGEST + more}) for more in ("1", "2")}

    assert len(names) == 2 and all(re.fullmatch(r"wedge-[0-9a-f]{16}", name) for name in names)


def test_where_a_name_is_taken_the_later_wedge_is_named_by_a_hash_of_its_values():
    result = expand_wedges({"device": ["cuda:1", "cuda~1", "cuda 1"]})

    assert list(result)[0] == "device-cuda~1"
    assert [wedge["device"] for wedge in result.values()] == ["cuda:1", "cuda~1", "cuda 1"]
    assert all(re.fullmatch("wedge-[0-9a-f]{16}", name) for name in list(result)[1:])

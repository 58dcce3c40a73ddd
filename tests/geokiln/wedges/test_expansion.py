import itertools
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.wedges.expansion import LONGEST_NAME, expand_wedges, wedge_name

AXES = {
    "hidden_layers": st.integers(0, 64),
    "learning_rate": st.floats(1e-8, 1),
    "activation": st.sampled_from(["tanh", "relu"]),
    "schedule": st.sampled_from(["constant", "cosine"]),
    "seed": st.integers(0, 2**40),
    "patience": st.integers(0, 10**6),
    "weight_decay": st.floats(0, 1),
}
SOME_AXES = st.fixed_dictionaries(
    {}, optional={key: st.lists(value, min_size=1, max_size=3) for key, value in AXES.items()}
)


@given(SOME_AXES)
def test_every_combination_has_a_name_of_its_own(axes):
    expected = list(itertools.product(*({repr(value) for value in values} for values in axes.values())))

    wedges = expand_wedges(axes)

    assert len(wedges) == len(expected)
    assert {tuple(repr(wedge[key]) for key in axes) for wedge in wedges.values()} == set(expected)


@given(SOME_AXES, st.randoms(use_true_random=False))
def test_the_order_of_the_axes_does_not_matter(axes, random):
    keys = list(axes)
    random.shuffle(keys)

    shuffled = expand_wedges({key: axes[key] for key in keys})

    assert shuffled == expand_wedges(axes)
    assert list(shuffled) == list(expand_wedges(axes))


@given(SOME_AXES)
def test_a_name_is_one_short_word_for_a_folder(axes):
    names = list(expand_wedges(axes))

    assert all(re.fullmatch(r"[\w.+~-]+", name) and len(name) <= LONGEST_NAME for name in names)


def test_the_order_of_values_is_kept():
    result = expand_wedges({"hidden_layers": [3, 1, 2]})

    assert list(result) == ["hidden_layers-3", "hidden_layers-1", "hidden_layers-2"]


def test_a_repeated_value_counts_once():
    result = expand_wedges({"hidden_layers": [1, 2, 1], "weight_decay": [0.001, 1e-3]})

    assert [*result.values()] == [{"hidden_layers": n, "weight_decay": 0.001} for n in (1, 2)]


def test_no_axes_make_one_wedge():
    result = expand_wedges({})

    assert result == {"single": {}}


def test_a_value_of_a_wedge_is_the_value_of_the_config_whatever_its_name():
    result = expand_wedges({"learning_rate": [1e-5, 2.5]})

    assert result == {"learning_rate-1e-05": {"learning_rate": 1e-5}, "learning_rate-2.5": {"learning_rate": 2.5}}


@pytest.mark.parametrize("value", ["a,b", "a/b", "a b", "../a", "a\nb", "a*b", "{a}", "a'b"])
def test_letters_that_folders_or_farms_misread_are_replaced(value):
    result = wedge_name({"activation": value})

    assert re.fullmatch(r"activation-[\w.~-]+", result)


def test_a_long_name_is_hashed_and_differs_for_other_values():
    long = {f"hyperparameter_{number}": number for number in range(10)}

    names = [wedge_name(long), wedge_name({**long, "hyperparameter_9": 10})]

    assert names[0] != names[1]
    assert all(re.fullmatch(r"wedge-[0-9a-f]{16}", name) for name in names)


@pytest.mark.parametrize("length", [LONGEST_NAME, LONGEST_NAME + 1])
def test_a_name_is_hashed_from_the_first_letter_too_many(length):
    wedge = {"seed": "1" * (length - len("seed-"))}

    result = wedge_name(wedge)

    assert result.startswith("wedge-") == (length > LONGEST_NAME)


# Nodes


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([], [{}]),
        ([{"a": [1, 2]}, {"b": [3, 4]}], [{"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4}]),
        ([{"a": [1, 2], "b": [3, 4]}], [{"a": 1, "b": 3}, {"a": 2, "b": 4}]),
        ([{"a": [1, 2]}, {"b": 5}], [{"a": 1, "b": 5}, {"a": 2, "b": 5}]),
        ([{"a": [1, 2]}, {"a": [3, 1]}], [{"a": 3}, {"a": 1}]),
        ([{"a": [2, 1, 2]}], [{"a": 2}, {"a": 1}]),
        ([{"a": [1, 1.0, True]}], [{"a": 1}, {"a": True}]),
        ([{"count": 5, "a": {"range": [1, 2]}}], [{"a": 1}, {"a": 2}]),
        ([{"a": [1, 2, 3]}, {"skip": "a == 2"}], [{"a": 1}, {"a": 3}]),
        ([{"a": [1, 2]}, {"skip": "a == 1 and c > 8"}], [{"a": 2}]),
        ([{"a": [1, 2]}, {"skip": "a == 1 and c > 9"}], [{"a": 1}, {"a": 2}]),
        ([{"a": [1]}, {"extra": {"b": 2}}], [{"a": 1}, {"b": 2}]),
        ([{"a": [1]}, {"extra": [{"b": 2}, {"a": 1}, {}]}], [{"a": 1}, {"b": 2}, {}]),
        ([{"extra": [{"b": 2}, {"a": 1}]}], [{"b": 2}, {"a": 1}]),
        ([{"extra": {"b": 2}}, {"a": [1, 3]}], [{"a": 1, "b": 2}, {"a": 3, "b": 2}]),
        ([{"repeats": 3}], [{"seed": 7}, {"seed": 8}, {"seed": 9}]),
        ([{"seed": [1, 5]}, {"repeats": 2}], [{"seed": 1}, {"seed": 2}, {"seed": 5}, {"seed": 6}]),
        ([{"a": [1, 2]}, {"repeats": 1}], [{"a": 1, "seed": 7}, {"a": 2, "seed": 7}]),
        ([{"script": "mine.py"}], [{"a": 5}]),
        ([{"a": [1, 2]}, {"script": "mine.py"}, {"b": 1}], [{"a": 6, "b": 1}, {"a": 7, "b": 1}]),
    ],
    ids=str,
)
def test_each_node_takes_the_wedges_made_so_far_and_gives_more(nodes, expected):
    def run_script(path, wedges, where):
        assert (path, where) == ("mine.py", f"wedges[{nodes.index({'script': 'mine.py'})}]")
        return [{"a": wedge.get("a", 0) + 5} for wedge in wedges]

    result = [*expand_wedges(nodes, {"a": 0, "b": 0, "c": 9, "seed": 7}, run_script).values()]

    assert result == expected
    assert [repr(wedge) for wedge in result] == [repr(wedge) for wedge in expected]


@given(SOME_AXES)
def test_the_short_form_is_a_node_for_each_key(axes):
    nodes = [{key: axes[key]} for key in sorted(axes)]

    assert expand_wedges(nodes) == expand_wedges(axes)
    assert list(expand_wedges(nodes)) == list(expand_wedges(axes))


@given(SOME_AXES, st.randoms(use_true_random=False))
def test_the_order_of_keys_in_a_node_does_not_matter(axes, random):
    keys = list(axes) or ["seed"]
    node = {key: axes.get(key, [1]) for key in keys}
    random.shuffle(keys)

    shuffled = expand_wedges([{key: node[key] for key in keys}])

    assert list(shuffled.items()) == list(expand_wedges([node]).items())


@given(SOME_AXES, st.permutations(range(3)))
def test_the_order_of_nodes_does_not_change_which_wedges_there_are(axes, order):
    nodes = [dict(part) for part in ([], [], [])]
    for number, key in enumerate(axes):
        nodes[number % 3][key] = axes[key]
    nodes = [node or {f"x{number}": 1} for number, node in enumerate(nodes)]

    shuffled = expand_wedges([nodes[number] for number in order])

    assert shuffled == expand_wedges(nodes)


@given(SOME_AXES.filter(bool), st.data())
def test_one_more_value_keeps_the_wedges_that_are_there(axes, data):
    key = data.draw(st.sampled_from(sorted(axes)))
    more = {**axes, key: [*axes[key], data.draw(AXES[key])]}

    result = expand_wedges(more)

    assert expand_wedges(axes).items() <= result.items()


def test_a_larger_count_of_samples_keeps_the_wedges_that_are_there():
    node = {"sampling": "sobol", "learning_rate": {"range": [0.0001, 0.1], "spacing": "log"}}

    few, many = (expand_wedges([{**node, "count": count}, {"repeats": count}]) for count in (3, 8))

    assert few.items() <= many.items()
    assert (len(few), len(many)) == (9, 64)


def test_a_value_that_cannot_be_told_of_one_wedge_is_named():
    with pytest.raises(UserError) as error:
        expand_wedges([{"a": [1, None]}, {"skip": "a > 1"}])

    assert str(error.value) == "config.yaml: wedges[1].skip: a > 1 cannot be told of None and 1"


def test_a_condition_that_leaves_nothing_is_named():
    with pytest.raises(UserError) as error:
        expand_wedges([{"a": [1, 2]}, {"skip": "a < 3"}])

    expected = "config.yaml: wedges[1].skip: 'a < 3' holds for all of the wedges (2); none is left"
    assert str(error.value) == expected


@pytest.mark.parametrize(
    ("wedges", "where", "count"),
    [
        ([{"a": [*range(400)]}, {"b": [*range(400)]}], "wedges[1]", 160_000),
        ([{"a": [*range(400)]}, {"repeats": 1000}], "wedges[1]", 400_000),
        ([{"a": [*range(100_001)]}], "wedges[0]", 100_001),
        ([{"a": [*range(100_000)]}, {"extra": {"b": 1}}], "wedges[1]", 100_001),
        ([{"a": [1]}, {"script": "mine.py"}], "wedges[1]", 100_001),
        ({letter: [*range(10)] for letter in "abcdefghij"}, "wedges", 1_000_000),
    ],
    ids=["product", "repeats", "list", "extra", "script", "short form"],
)
def test_more_wedges_than_anybody_trains_are_refused_before_they_are_made(wedges, where, count):
    with pytest.raises(UserError) as error:
        expand_wedges(wedges, {}, lambda *_: [{"a": number} for number in range(100_001)])

    assert str(error.value) == f"config.yaml: {where}: makes {count} wedges; 100000 are the most"


def test_a_product_that_is_too_large_is_refused_before_it_takes_memory(monkeypatch):
    product = itertools.product

    def small_product(*lists):
        assert math.prod(map(len, lists)) <= 100_000
        return product(*lists)

    monkeypatch.setattr("geokiln.wedges.expansion.itertools.product", small_product)

    with pytest.raises(UserError, match="wedges.1.: makes 160000 wedges"):
        expand_wedges([{"a": [*range(400)]}, {"b": [*range(400)]}])


def test_100000_wedges_are_made():
    result = expand_wedges([{"a": [*range(1000)]}, {"b": [*range(100)]}])

    assert len(result) == 100_000


def test_wedges_are_named_by_their_own_keys():
    result = expand_wedges([{"weight_decay": [0.1], "epochs": 5}, {"extra": [{"betas": [0.9, 0.99]}, {}]}])

    assert list(result) == ["epochs-5_weight_decay-0.1", "betas-0.9x0.99", "single"]


def test_where_a_name_is_taken_the_later_wedge_is_named_by_a_hash_of_its_values():
    result = expand_wedges({"device": ["cuda:1", "cuda~1", "cuda 1"]})

    assert list(result)[0] == "device-cuda~1"
    assert [wedge["device"] for wedge in result.values()] == ["cuda:1", "cuda~1", "cuda 1"]
    assert all(re.fullmatch("wedge-[0-9a-f]{16}", name) for name in list(result)[1:])


def test_the_order_of_keys_does_not_matter_to_a_name():
    assert wedge_name({"b": 1, "a": 2}) == wedge_name({"a": 2, "b": 1}) == "a-2_b-1"

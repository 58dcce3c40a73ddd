import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.wedges import LONGEST_NAME, expand_wedges, wedge_name

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

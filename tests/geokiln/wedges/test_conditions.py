import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.wedges.conditions import condition

VALUES = {
    "hidden_layers": 2,
    "hidden_widths": None,
    "activation": "tanh",
    "skip_connections": False,
    "betas": [0.9, 0.999],
}


def holds(text):
    return condition(text, VALUES)(VALUES)


NUMBERS = st.sampled_from(["a", "b", "1", "2.5", "-a", "+b", "(a + b)", "b - 2", "(a - b) * b", "a / 4 - b"])
SIGNS = st.sampled_from(["<", "<=", "==", "!=", ">", ">="])
COMPARISONS = st.one_of(
    st.builds("{} {} {}".format, NUMBERS, SIGNS, NUMBERS),
    st.builds("{} {} {} {} {}".format, NUMBERS, SIGNS, NUMBERS, SIGNS, NUMBERS),
    st.builds("{} {} [{}, {}]".format, NUMBERS, st.sampled_from(["in", "not in"]), NUMBERS, NUMBERS),
)
EXPRESSIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.builds("not {}".format, inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or"]), inner),
    ),
    max_leaves=6,
)


@settings(max_examples=300)
@given(EXPRESSIONS, st.integers(-3, 3), st.floats(-3, 3))
def test_a_condition_says_what_python_would(text, a, b):
    expected = eval(text, {}, {"a": a, "b": b})  # noqa: S307 the reference; the text is drawn above

    assert condition(text, ["a", "b"])({"a": a, "b": b}) is expected


@pytest.mark.parametrize(
    "text",
    [
        "skip_connections == false and not False",
        "hidden_widths == null and hidden_widths == None",
        "true and True",
        "activation == 'tanh'",
        "activation not in ('relu', \"silu\")",
        "betas == [0.9, 0.999] and 0.9 in betas",
        "  hidden_layers == 2\n  and hidden_layers < 1e1\n",
    ],
)
def test_texts_lists_and_constants_as_yaml_or_python_writes_them_are_values_too(text):
    assert holds(text) is True


def test_an_operand_that_does_not_matter_is_not_evaluated():
    assert holds("hidden_widths == null or hidden_widths > 3") is True
    assert holds("hidden_widths != null and hidden_widths > 3") is False


def test_a_hyperparameter_that_is_called_like_a_constant_of_yaml_is_the_hyperparameter():
    assert condition("true == 5", ["true"])({"true": 5}) is True


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        # refused before it is evaluated
        ("", "'' cannot be read: "),
        ("hidden_layers = 2", "'hidden_layers = 2' cannot be read: "),
        ("not " * 100_000 + "true", f"{('not ' * 10)!r}... cannot be read"),
        ("hiden_layers == 2", "hiden_layers is no hyperparameter; did you mean hidden_layers?"),
        ("activation == tanh", "tanh is no hyperparameter; a text stands in quotes, 'tanh'"),
        ("hidden_layers is 2", "hidden_layers is 2 is not allowed in a condition; it takes comparisons, "),
        ("hidden_layers ** 2 > 3", "hidden_layers ** 2 is not allowed"),
        ("~hidden_layers == 1", "~hidden_layers is not allowed"),
        ("activation == b'tanh'", "b'tanh' is not allowed"),
        ("betas[0] > 0.5", "betas[0] is not allowed"),
        ("true or [*betas] == betas", "*betas is not allowed"),
        ("true or __import__('os').system('touch ran')", "__import__('os').system('touch ran') is not allowed"),
        # not to be told of the values
        ("activation or true", "'activation or true' gives 'tanh', neither true nor false; compare it with something"),
        ("hidden_widths > 3", "hidden_widths > 3 cannot be told of None and 3"),
        ("'a' in activation", "'a' in activation cannot be told of 'a' and 'tanh'"),
        ("activation * 10000000 == 'a'", "activation * 10000000 cannot be computed of 'tanh', 10000000"),
        ("-activation == 1", "-activation cannot be computed of 'tanh'"),
        ("skip_connections + 1 == 1", "skip_connections + 1 cannot be computed of False, 1"),
        ("hidden_layers / 0 > 1", "hidden_layers / 0: division by zero"),
    ],
    ids=lambda text: text[:30],
)
def test_what_no_condition_says_is_named(text, sentence):
    with pytest.raises(UserError) as error:
        holds(text)

    assert str(error.value).startswith(sentence)

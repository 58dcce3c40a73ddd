import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.wedges.conditions import condition

VALUES = {
    "hidden_layers": 2,
    "hidden_width": 96,
    "hidden_widths": None,
    "learning_rate": 0.01,
    "activation": "tanh",
    "skip_connections": False,
    "betas": [0.9, 0.999],
}


def holds(text, **changes):
    return condition(text, VALUES)({**VALUES, **changes})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hidden_layers == 2", True),
        ("hidden_layers != 2", False),
        ("hidden_layers < 2", False),
        ("hidden_layers <= 2", True),
        ("hidden_layers > 1", True),
        ("hidden_layers >= 3", False),
        ("1 < hidden_layers < 3", True),
        ("1 < hidden_layers < 2", False),
        ("3 < hidden_layers < 4", False),
        ("hidden_layers == 2 and hidden_width > 96", False),
        ("hidden_layers == 2 and hidden_width > 95", True),
        ("hidden_layers == 1 or hidden_width > 95", True),
        ("hidden_layers == 1 or hidden_width > 96", False),
        ("hidden_layers == 1 or hidden_layers == 2 and hidden_width == 1", False),
        ("not hidden_layers == 1", True),
        ("not (hidden_layers == 2 or hidden_width == 1)", False),
        ("activation == 'tanh'", True),
        ('activation in ["relu", "tanh"]', True),
        ("activation in ('relu', 'silu')", False),
        ("activation not in ['relu', 'silu']", True),
        ("hidden_layers in [1, 2]", True),
        ("hidden_layers * hidden_width == 192", True),
        ("hidden_width / hidden_layers < 48", False),
        ("hidden_width - 4 * (hidden_layers + 1) == 84", True),
        ("-hidden_layers == -2", True),
        ("learning_rate < 1e-1", True),
        ("skip_connections", False),
        ("not skip_connections", True),
        ("skip_connections == false", True),
        ("skip_connections == False", True),
        ("hidden_widths == null", True),
        ("hidden_widths == None", True),
        ("betas == [0.9, 0.999]", True),
        ("0.9 in betas", True),
        ("0.8 in betas", False),
        ("  hidden_layers == 2\n  and hidden_width == 96\n", True),
        ("true", True),
    ],
)
def test_a_condition_says_what_python_would(text, expected):
    assert holds(text) is expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["cannot be read"]),
        ("hidden_layers ==", ["cannot be read"]),
        ("hidden_layers = 2", ["cannot be read"]),
        ("hidden_layers == 2 hidden_width", ["cannot be read"]),
        ("not " * 100_000 + "true", ["cannot be read"]),
        ("(" * 1000 + "1" + ")" * 1000, ["cannot be read"]),
        ("hiden_layers == 2", ["hiden_layers is no hyperparameter", "did you mean hidden_layers?"]),
        ("activation == tanh", ["tanh is no hyperparameter", "quotes, 'tanh'"]),
        ("hidden_layers is 2", ["hidden_layers is 2 is not allowed", "comparisons"]),
        ("hidden_layers ** 2 > 3", ["hidden_layers ** 2 is not allowed"]),
        ("hidden_layers % 2 == 1", ["not allowed"]),
        ("hidden_layers & 1", ["not allowed"]),
        ("~hidden_layers == 1", ["not allowed"]),
        ("hidden_layers if true else 1", ["not allowed"]),
        ("betas[0] > 0.5", ["betas[0] is not allowed"]),
        ("activation.upper() == 'TANH'", ["not allowed"]),
        ("len(betas) == 2", ["not allowed"]),
        ("__import__('os').system('touch ran')", ["not allowed"]),
        ("[x for x in betas] == betas", ["not allowed"]),
        ("(lambda: true)()", ["not allowed"]),
        ("f'{activation}' == 'tanh'", ["not allowed"]),
        ("(hidden_layers := 2) == 2", ["not allowed"]),
        ("[*betas] == betas", ["*betas is not allowed"]),
        ("{1: 2} == 1", ["not allowed"]),
        ("activation == b'tanh'", ["not allowed"]),
        ("hidden_layers == 2j", ["not allowed"]),
        ("hidden_layers == ...", ["not allowed"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_condition_is_refused_before_it_is_evaluated(text, words):
    with pytest.raises(UserError) as error:
        condition(text, VALUES)

    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hidden_layers", ["'hidden_layers' gives 2", "neither true nor false"]),
        ("hidden_layers + 1", ["gives 3"]),
        ("activation or true", ["gives 'tanh'"]),
        ("hidden_widths > 3", ["hidden_widths > 3 cannot be told of None and 3"]),
        ("activation < 3", ["activation < 3 cannot be told of 'tanh' and 3"]),
        ("'a' in activation", ["cannot be told"]),
        ("1 in hidden_layers", ["cannot be told"]),
        ("activation * 1000000000000 == 'a'", ["cannot be computed of 'tanh', 1000000000000"]),
        ("betas + betas == betas", ["cannot be computed"]),
        ("-activation == 1", ["-activation cannot be computed of 'tanh'"]),
        ("skip_connections + 1 == 1", ["cannot be computed of False, 1"]),
        ("hidden_layers / 0 > 1", ["hidden_layers / 0: division by zero"]),
    ],
)
def test_what_cannot_be_told_of_the_values_is_named(text, words):
    with pytest.raises(UserError) as error:
        holds(text)

    assert all(word in str(error.value) for word in words)


def test_an_operand_that_does_not_matter_is_not_evaluated():
    assert holds("hidden_widths == null or hidden_widths > 3") is True
    assert holds("hidden_widths != null and hidden_widths > 3") is False


def test_a_hyperparameter_that_is_called_like_a_constant_of_yaml_is_the_hyperparameter():
    assert condition("true == 5", ["true"])({"true": 5}) is True


COMPARISONS = st.builds(
    "{} {} {}".format,
    st.sampled_from(["a", "b", "1", "2.5", "-3", "(a + b)", "(a * 2)"]),
    st.sampled_from(["<", "<=", "==", "!=", ">", ">="]),
    st.integers(-3, 3),
)
EXPRESSIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS, st.integers(-3, 3), st.floats(-3, 3))
def test_drawn_conditions_say_what_python_would(text, a, b):
    expected = eval(text, {}, {"a": a, "b": b})  # noqa: S307 the reference; the text is drawn above

    assert condition(text, ["a", "b"])({"a": a, "b": b}) is expected

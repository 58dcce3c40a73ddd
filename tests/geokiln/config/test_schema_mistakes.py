import copy
from pathlib import Path

import pytest

from geokiln.config.reading import read_yaml
from geokiln.config.schema_mistakes import odd_values, violations, without_violations

CHECKOUT = Path(__file__).parents[3]
SCHEMA = read_yaml(CHECKOUT / "schemas/config.schema.yaml")
SHIPPED = read_yaml(CHECKOUT / "config.yaml")
ONE_UNSEEN = {"source": "generator", "count": 3, "ground_truth": True}


def changed(*changes):
    """The shipped config with changes: pairs of a dotted key and its value, or a key alone, which is deleted."""
    config = copy.deepcopy(SHIPPED)
    for key, *value in changes:
        *sections, last = key.split(".")
        section = config
        for name in sections:
            section = section[name]
        if value:
            section[last] = value[0]
        else:
            del section[last]
    return config


MISTAKES = [
    (("training.epohcs", 5), "training.epohcs: unknown key; did you mean epochs?"),
    (("geometry.xyz", 1), "geometry.xyz: unknown key; known: name, source, count, seed"),
    (("training.epochs", 8.0), "training.epochs: 8.0 is not an integer (write 8)"),
    (("training.epochs", True), "training.epochs: True is not an integer"),
    (("preprocess.standardise_inputs", 1), "preprocess.standardise_inputs: 1 is not true or false"),
    (("generator.inputs", [1]), "generator.inputs[0]: 1 is not a text"),
    (("training", None), "training: None is not a section of keys"),
    (("geometry.count", 0), "geometry.count: 0 is too small; at least 1"),
    (("training.hidden_layers", 65), "training.hidden_layers: 65 is too large; at most 64"),
    (("training.learning_rate", 0), "training.learning_rate: 0 is too small; it must be above 0"),
    (("preprocess.validation_share", 1), "preprocess.validation_share: 1 is too large; it must be below 1"),
    (("training.activation", "tahn"), "training.activation: 'tahn' is unknown; did you mean tanh?"),
    (("unseen", {}), "unseen: is empty; at least one is needed"),
    (("unseen", {"a/b": ONE_UNSEEN}), "unseen: 'a/b': a name is made of letters, digits, '-' and '_'"),
    (("unseen", {"all": ONE_UNSEEN}), "unseen: 'all' is taken; choose another name"),
    (
        ("geometry.name", "poses.obj"),
        "geometry.name: 'poses.obj': a name is made of letters, digits, '-' and '_', and",
    ),
    (("wedges", 1), "wedges: 1 is not a section of keys or a list"),
    (("training.betas", [0.9]), "training.betas: [0.9] has 1 values; it takes 2"),
    (
        ("training.learning_rate", "1e-4"),
        "training.learning_rate: '1e-4' is not a number (a text; take it out of its quotes)",
    ),
    (("training.epochs",), "training.epochs: missing; Most passes over the training split."),
    (("work_items",), "work_items: missing; How data points are spread over jobs."),
]


@pytest.mark.parametrize(("change", "sentence"), MISTAKES, ids=str)
def test_a_mistake_is_told_with_its_key_and_what_would_be_right_and_the_rest_can_be_checked(change, sentence):
    config = changed(("preprocess.split_seed", 77), change)
    before = copy.deepcopy(config)

    (line,) = violations(config, SCHEMA)
    sound = without_violations(config, SCHEMA, SHIPPED)

    assert line.startswith(sentence)
    assert set(violations(sound, SCHEMA)) <= {"unseen: is empty; at least one is needed"}
    assert config == before
    assert sound["preprocess"]["split_seed"] == 77


@pytest.mark.parametrize(
    "change",
    [
        ("wedges", {}),
        ("generator.parameters", {"any": {"thing": [1, "a", None]}}),
        ("unseen", {"A-b_3": {"source": "a.geo", "ground_truth": False}}),
        ("preprocess.validation_share", 0.999),
        ("training.learning_rate", 1),
        ("training.hidden_layers", 0),
        ("geometry.name", "poses.npz"),
    ],
    ids=str,
)
def test_a_good_value_is_accepted(change):
    assert violations(changed(change), SCHEMA) == []


def test_what_went_with_one_mistake_is_not_looked_for_by_the_next():
    config = changed(("unseen", {"my film": {**ONE_UNSEEN, "truth": True}}))

    assert len(violations(config, SCHEMA)) == 2
    assert without_violations(config, SCHEMA, SHIPPED)["unseen"] == {}


def test_odd_numbers_and_keys_are_told_by_their_paths_wherever_they_stand():
    config = {
        "generator": {"parameters": {"a": [1.0, [float("nan")]], "b": [{2024: 1}]}, "time_limit": float("inf")},
        "wedges": [{"dropout": {"range": [0.0, -float("inf")]}}],
        "unseen": {True: {"count": 2**63}},
        "training": {"seed": 2**63 - 1, "fine": -(2**63)},
    }

    assert list(odd_values(config)) == [
        "generator.parameters.a[1][0]: nan is no finite number",
        "generator.parameters.b[0].2024: YAML does not read this key as a text; put it in quotes",
        "generator.time_limit: inf is no finite number",
        "wedges[0].dropout.range[1]: -inf is no finite number",
        "unseen.True: YAML does not read this key as a text; put it in quotes",
        f"unseen.True.count: {2**63} is no number of 64 bits; put it in quotes if it is a text",
    ]

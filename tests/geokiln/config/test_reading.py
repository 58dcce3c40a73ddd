import copy
import re
from pathlib import Path

import pytest
import yaml

from geokiln.config.reading import check_config, complete_config, locate, read_yaml
from geokiln.errors import UserError, near_match

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


def mistakes(*changes):
    """The lines of the message about the shipped config with changes."""
    with pytest.raises(UserError) as error:
        check_config(changed(*changes), SCHEMA)
    headline, *lines = str(error.value).splitlines()
    assert re.fullmatch(r"config.yaml: (1 mistake|\d+ mistakes)", headline)
    return [line.removeprefix("  ") for line in lines]


def test_the_shipped_config_has_no_mistakes():
    result = check_config(SHIPPED, SCHEMA)

    assert result is None


@pytest.mark.parametrize(
    "change",
    [
        ("wedges", {}),
        ("wedges", {"learning_rate": [0.1, 1], "schedule": ["constant"]}),
        ("generator.parameters", {"any": {"thing": [1, "a", None]}}),
        ("unseen", {"a": {"source": "a.geo", "ground_truth": False}}),
        ("unseen", {"A-b_3": ONE_UNSEEN}),
        ("preprocess.validation_share", 0.999),
        ("preprocess.target_components", 0),
        ("training.learning_rate", 1),
        ("training.hidden_layers", 0),
        ("training.patience", 0),
        ("geometry.source", "my poses.geo"),
        ("environments.python", "/usr/bin/python3"),
    ],
    ids=str,
)
def test_a_good_value_is_accepted(change):
    result = check_config(changed(change), SCHEMA)

    assert result is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("training.epohcs", 5), "training.epohcs: unknown key; did you mean epochs?"),
        (("trainign", {}), "trainign: unknown key; did you mean training?"),
        (("geometry.xyz", 1), "geometry.xyz: unknown key; known: name, source, format, count, seed"),
        (("unseen.stir.counts", 1), "unseen.stir.counts: unknown key; did you mean count?"),
        (("training.epochs", "ten"), "training.epochs: 'ten' is not an integer"),
        (("training.epochs", 1.5), "training.epochs: 1.5 is not an integer"),
        (("training.epochs", True), "training.epochs: True is not an integer"),
        (("training.epochs", None), "training.epochs: None is not an integer"),
        (("preprocess.standardise_inputs", 1), "preprocess.standardise_inputs: 1 is not true or false"),
        (("generator.inputs", "a.obj"), "generator.inputs: 'a.obj' is not a list"),
        (("generator.inputs", [1]), "generator.inputs[0]: 1 is not a text"),
        (("generator.parameters", [1]), "generator.parameters: [1] is not a section of keys"),
        (("training", None), "training: None is not a section of keys"),
        (("unseen.stir", "generator"), "unseen.stir: 'generator' is not a section of keys"),
        (("geometry.count", 0), "geometry.count: 0 is too small; at least 1"),
        (("geometry.seed", -1), "geometry.seed: -1 is too small; at least 0"),
        (("work_items.batch_size", 0), "work_items.batch_size: 0 is too small; at least 1"),
        (("training.hidden_layers", 65), "training.hidden_layers: 65 is too large; at most 64"),
        (("training.learning_rate", 0), "training.learning_rate: 0 is too small; it must be above 0"),
        (("preprocess.validation_share", -0.1), "preprocess.validation_share: -0.1 is too small; at least 0"),
        (("preprocess.validation_share", 1), "preprocess.validation_share: 1 is too large; it must be below 1"),
        (("training.activation", "tahn"), "training.activation: 'tahn' is unknown; did you mean tanh?"),
        (
            ("training.activation", "gaussian"),
            "training.activation: 'gaussian' is unknown; known: tanh, relu, leaky_relu, elu, "
            "sigmoid, softplus, silu, gelu, sine",
        ),
        (
            ("training.schedule", False),
            "training.schedule: False is unknown; known: constant, linear, step, exponential, cosine",
        ),
        (("unseen", {}), "unseen: is empty; at least one is needed"),
        (("geometry.name", "my poses"), "geometry.name: 'my poses': a name is made of letters, digits, '-' and '_'"),
        (("unseen", {"a/b": ONE_UNSEEN}), "unseen: 'a/b': a name is made of letters, digits, '-' and '_'"),
        (("wedges.hiden_layers", [1]), "wedges.hiden_layers: unknown hyperparameter; did you mean hidden_layers?"),
        (("wedges.hidden_layers", 2), "wedges.hidden_layers: 2 is not a list"),
        (("wedges.hidden_layers", []), "wedges.hidden_layers: is empty; at least one is needed"),
        (("wedges.hidden_layers", [1, 65]), "wedges.hidden_layers: 65 is too large; at most 64"),
        (("wedges.activation", ["tanh", "rely"]), "wedges.activation: 'rely' is unknown; did you mean relu?"),
        (("wedges", 1), "wedges: 1 is not a section of keys or a list"),
        (("wedges", [1]), "wedges[0]: 1 is not a section of keys"),
    ],
    ids=str,
)
def test_a_mistake_is_told_with_its_key_and_what_would_be_right(change, sentence):
    assert mistakes(change) == [sentence]


SECTIONS = SCHEMA["properties"]


@pytest.mark.parametrize(
    ("key", "described"),
    [
        ("geometry.count", SECTIONS["geometry"]["properties"]["count"]),
        ("training.epochs", SECTIONS["training"]["properties"]["epochs"]),
        ("environments.cook", SECTIONS["environments"]["properties"]["cook"]),
        ("unseen.stir.ground_truth", SECTIONS["unseen"]["additionalProperties"]["properties"]["ground_truth"]),
        ("work_items", SECTIONS["work_items"]),
    ],
)
def test_a_missing_key_is_told_with_its_description(key, described):
    assert mistakes((key,)) == [f"{key}: missing; {described['description']}"]


def test_an_unseen_input_of_the_generators_needs_a_count():
    (line,) = mistakes(("unseen.stir.count",))

    assert line.startswith("unseen.stir.count: missing; ")


@pytest.mark.parametrize(
    ("text", "number"), [("1e-4", "1.0e-04"), ("3E5", "3.0e+05"), ("1.5e-3", "1.5e-03"), ("-2e1", "-2.0e+01")]
)
@pytest.mark.parametrize("key", ["training.learning_rate", "wedges.learning_rate"])
def test_a_number_that_yaml_reads_as_text_gets_a_hint(key, text, number):
    value = text if key.startswith("training") else [text]

    (line,) = mistakes((key, value))

    expected = f"{key}: '{text}' is not a number (YAML reads a number only with a dot and a sign: {number})"
    assert line == expected
    assert float(yaml.safe_load(number)) == float(text)


def test_other_texts_get_no_hint():
    (line,) = mistakes(("training.learning_rate", "fast"))

    assert line == "training.learning_rate: 'fast' is not a number"


def test_all_mistakes_are_listed_at_once_sorted_by_key():
    result = mistakes(
        ("training.epochs", "ten"),
        ("geometry.count", 0),
        ("wedges.hiden_layers", [1]),
        ("wedges.epochs", [0, -1]),
        ("unseen.stir.count",),
        ("generator.fiel", "a.py"),
        ("generator.file",),
    )

    assert [line.split(":")[0] for line in result] == [
        "generator.fiel",
        "generator.file",
        "geometry.count",
        "training.epochs",
        "unseen.stir.count",
        "wedges.epochs",
        "wedges.epochs",
        "wedges.hiden_layers",
    ]


def test_the_message_names_the_file_it_is_told():
    with pytest.raises(UserError) as error:
        check_config(changed(("geometry.count", 0)), SCHEMA, "other.yaml")

    assert str(error.value) == "other.yaml: 1 mistake\n  geometry.count: 0 is too small; at least 1"


def test_a_name_that_is_taken_is_told_apart_from_letters_that_are_not_allowed():
    (line,) = mistakes(("unseen", {"all": ONE_UNSEEN}))

    assert line == "unseen: 'all' is taken; choose another name"


def test_a_name_that_yaml_reads_as_a_number_is_told():
    (line,) = mistakes(("unseen", {2024: ONE_UNSEEN}))

    assert line.startswith("unseen") and "2024" in line


# Layers


def layered(project, command_line=None, shipped=None):
    """The config of a project whose config.yaml holds the mapping *project*."""
    Path("shipped.yaml").write_text(yaml.safe_dump(shipped or SHIPPED))
    Path("config.yaml").write_text(yaml.safe_dump(project))
    return complete_config("shipped.yaml", "config.yaml", command_line or {})


OWN = {"generator": {"file": "generator.py"}, "unseen": {"line": ONE_UNSEEN}}


def test_a_project_inherits_what_it_does_not_say():
    result = layered(OWN)

    for section in ("geometry", "work_items", "preprocess", "training", "wedges", "environments"):
        assert result[section] == SHIPPED[section]
    check_config(result, SCHEMA)


def test_sections_are_laid_over_key_by_key():
    result = layered({**OWN, "training": {"epochs": 7}})

    assert result["training"] == {**SHIPPED["training"], "epochs": 7}


@pytest.mark.parametrize(
    ("section", "value"), [("wedges", {"seed": [1]}), ("wedges", {}), ("unseen", {"a": ONE_UNSEEN})]
)
def test_wedges_and_unseen_are_replaced_as_a_whole(section, value):
    result = layered({**OWN, section: value})

    assert result[section] == value


def test_the_command_line_wins_over_the_project():
    project = {**OWN, "training": {"epochs": 7, "seed": 3}, "wedges": {"seed": [1]}}

    result = layered(project, {"training": {"epochs": 9}, "wedges": {"epochs": [1, 2]}})

    assert (result["training"]["epochs"], result["training"]["seed"]) == (9, 3)
    assert result["wedges"] == {"epochs": [1, 2]}


def test_parameters_are_replaced_as_one_value():
    project = {**OWN, "generator": {"file": "generator.py", "parameters": {"a": 1}}}

    result = layered(project, {"generator": {"parameters": {"b": 2}}})

    assert result["generator"]["file"] == "generator.py"
    assert result["generator"]["parameters"] == {"b": 2}


@pytest.mark.parametrize(
    ("project", "missing"),
    [
        ({"unseen": OWN["unseen"]}, "generator.file"),
        ({"generator": OWN["generator"]}, "unseen"),
        ({"generator": {"inputs": []}, "unseen": OWN["unseen"]}, "generator.file"),
    ],
)
def test_a_project_must_state_its_own_generator_and_unseen_inputs(project, missing):
    config = layered(project)

    with pytest.raises(UserError) as error:
        check_config(config, SCHEMA)

    assert [line.split(":")[0].strip() for line in str(error.value).splitlines()[1:]] == [missing]


def test_the_command_line_may_state_what_the_project_must():
    result = layered({}, OWN)

    check_config(result, SCHEMA)
    assert result["generator"]["file"] == "generator.py"


def test_the_checkout_itself_is_a_project():
    Path("config.yaml").write_text(yaml.safe_dump(SHIPPED))
    Path("link.yaml").symlink_to("config.yaml")

    result = complete_config("link.yaml", "config.yaml", {"geometry": {"count": 5}})

    assert result == {**SHIPPED, "geometry": {**SHIPPED["geometry"], "count": 5}}


def test_a_section_of_the_wrong_type_is_left_to_the_check():
    config = layered({**OWN, "training": 5})

    with pytest.raises(UserError) as error:
        check_config(config, SCHEMA)

    assert "training: 5 is not a section of keys" in str(error.value)


def test_an_empty_project_file_is_a_project_that_says_nothing(tmp_path):
    Path("shipped.yaml").write_text(yaml.safe_dump(SHIPPED))
    Path("config.yaml").write_text("# nothing yet\n")

    result = complete_config("shipped.yaml", "config.yaml", {})

    assert "unseen" not in result
    assert result["training"] == SHIPPED["training"]


def test_a_folder_without_a_config_is_no_project(tmp_path):
    Path("shipped.yaml").write_text(yaml.safe_dump(SHIPPED))

    with pytest.raises(UserError) as error:
        complete_config("shipped.yaml", "config.yaml", {})

    expected = f"{tmp_path}/config.yaml does not exist; a project is a folder with a config.yaml"
    assert str(error.value) == expected


# YAML


@pytest.mark.parametrize(
    ("text", "line"), [("a: 1\nb: [1, 2\nc: 3\n", 3), ("a:\n\t- b\n", 2), ("a: b: c\n", 1), ("a: 'x\n", 2)]
)
def test_a_mistake_of_yaml_is_named_with_file_and_line(text, line, write):
    write("config.yaml", text)

    with pytest.raises(UserError) as error:
        read_yaml("config.yaml")

    assert str(error.value).startswith(f"config.yaml, line {line}: ")


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text\n", "5\n"])
def test_a_document_without_keys_is_refused(text, write):
    write("config.yaml", text)

    with pytest.raises(UserError) as error:
        read_yaml("config.yaml")

    assert str(error.value) == "config.yaml: must hold keys and values (generator: ..., geometry: ...)"


@pytest.mark.parametrize("content", ["# für Öfen\na: 1\n".encode("latin-1"), b"a: \x00\n", "a: 1\n".encode("utf-16")])
def test_a_config_that_is_not_utf8_is_named(content):
    Path("config.yaml").write_bytes(content)

    with pytest.raises(UserError) as error:
        read_yaml("config.yaml")

    assert str(error.value).startswith("config.yaml")


def test_yaml_cannot_run_code(write):
    write("config.yaml", "a: !!python/object/apply:os.system ['touch ran']\n")

    with pytest.raises(UserError) as error:
        read_yaml("config.yaml")

    assert "config.yaml, line 1" in str(error.value)
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("epoch", "did you mean epochs?"),
        ("Seed", "did you mean seed?"),
        ("xyz", "known: epochs, seed"),
        (5, "known: epochs, seed"),
    ],
)
def test_the_near_match_or_all_known_words_are_told(word, expected):
    assert near_match(word, ["epochs", "seed"]) == expected


# Files


def test_a_file_of_the_project_comes_before_one_of_the_checkout(write):
    write("checkout/a.txt", "")
    write("checkout/b.txt", "")
    write("a.txt", "")
    write("checkout/folder/c.txt", "")

    found = {path: locate(path, "checkout") for path in ("a.txt", "b.txt", "c.txt", "folder")}

    assert found == {"a.txt": "a.txt", "b.txt": "checkout/b.txt", "c.txt": None, "folder": None}

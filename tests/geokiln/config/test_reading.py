from pathlib import Path

import pytest
import yaml

from geokiln.config.reading import complete_config, locate, read_yaml
from geokiln.errors import UserError

SHIPPED = read_yaml(Path(__file__).parents[3] / "config.yaml")
ONE_UNSEEN = {"source": "generator", "count": 3, "ground_truth": True}
OWN = {"generator": {"file": "generator.py"}, "unseen": {"line": ONE_UNSEEN}}


def layered(project, command_line=None):
    """The config of a project whose config.yaml holds the mapping *project*."""
    Path("shipped.yaml").write_text(yaml.safe_dump(SHIPPED))
    Path("config.yaml").write_text(yaml.safe_dump(project))
    return complete_config("shipped.yaml", "config.yaml", command_line or {})


def test_a_project_inherits_what_it_does_not_say_but_a_generator_and_unseen_inputs():
    result = layered({"training": {"epochs": 7}})

    assert result["training"] == {**SHIPPED["training"], "epochs": 7}
    for section in ("geometry", "work_items", "preprocess", "wedges", "environments"):
        assert result[section] == SHIPPED[section]
    assert "file" not in result["generator"] and "unseen" not in result


@pytest.mark.parametrize(
    ("project", "key", "value"),
    [
        ({"wedges": {"seed": [1]}}, "wedges", {"seed": [1]}),
        ({"unseen": {"a": ONE_UNSEEN}}, "unseen", {"a": ONE_UNSEEN}),
        ({"generator": {"parameters": {"b": 2}}}, "generator.parameters", {"b": 2}),
        (
            {"generator": {"command": {"words": ["a"]}}},
            "generator.command",
            {**SHIPPED["generator"]["command"], "words": ["a"]},
        ),
        ({"training": 5}, "training", 5),
    ],
    ids=str,
)
def test_sections_are_laid_over_and_values_replaced_as_a_whole(project, key, value):
    result = layered({**OWN, "generator": {"file": "a.py", "parameters": {"a": 1}}}, project)

    for part in key.split("."):
        result = result[part]
    assert result == value


def test_a_folder_without_a_config_is_no_project(tmp_path):
    Path("shipped.yaml").write_text(yaml.safe_dump(SHIPPED))

    with pytest.raises(UserError) as error:
        complete_config("shipped.yaml", "config.yaml", {})

    assert str(error.value) == f"{tmp_path}/config.yaml does not exist; a project is a folder with a config.yaml"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a: 1\nb: [1, 2\nc: 3\n", "config.yaml, line 3: "),
        (b"- a\n- b\n", "config.yaml: must hold keys and values (generator: ..., geometry: ...)"),
        ("# für Öfen\na: 1\n".encode("latin-1"), "config.yaml: is not UTF-8 text"),
        (b"a: !!python/object/apply:os.system ['touch ran']\n", "config.yaml, line 1: "),
    ],
    ids=str,
)
def test_a_file_that_is_no_config_is_named_with_its_line(content, sentence):
    Path("config.yaml").write_bytes(content)

    with pytest.raises(UserError) as error:
        read_yaml("config.yaml")

    assert str(error.value).startswith(sentence)
    assert not Path("ran").exists()


def test_a_file_of_the_project_comes_before_one_of_the_checkout(write):
    for path in ("checkout/a.txt", "checkout/b.txt", "a.txt", "checkout/folder/c.txt"):
        write(path, "")

    found = {path: locate(path, "checkout") for path in ("a.txt", "b.txt", "c.txt", "folder")}

    assert found == {"a.txt": "a.txt", "b.txt": "checkout/b.txt", "c.txt": None, "folder": None}

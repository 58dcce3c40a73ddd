import json
import os
from pathlib import Path

import pytest
import yaml

from geokiln.errors import UserError
from geokiln.geometry.geo_file import write_geo
from geokiln.geometry.geometry import Geometry
from geokiln.planning.project import Project
from geokiln.planning.reservations import memory, minutes

CHECKOUT = Path(__file__).parents[3]
GENERATOR = """
import helper


def geometry(count, seed, parameters): ...


def unseen(name, count, parameters): ...


def cook(item): ...
"""


@pytest.fixture
def project(write):
    """A function that reads a project of ten items, with what the test lays over: section -> keys."""
    write("generator.py", GENERATOR)
    write("helper.py", "import json")

    def project(command_line=None, **sections):
        config = {
            "generator": {"file": "generator.py"},
            "geometry": {"name": "drops", "count": 10},
            "work_items": {"batch_size": 4},
            "unseen": {"line": {"source": "generator", "count": 3, "ground_truth": True}},
        }
        for section, value in sections.items():
            config[section] = {**config.get(section, {}), **value} if section != "unseen" else value
        Path("config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        return Project(CHECKOUT, command_line or {})

    return project


@pytest.fixture
def poses():
    write_geo("poses.geo", Geometry.from_attributes({"time": [0.0, 1.0, 2.0, 3.0, 4.0]}))


def refusal(project, **sections):
    with pytest.raises(UserError) as error:
        project(**sections)
    return str(error.value)


def test_a_project_knows_its_batches_wedges_and_generator(project):
    result = project()

    assert result.batches == ["0-3", "4-7", "8-11"]
    assert list(result.training.wedges)[0] == "hidden_layers-1_weight_decay-0.0"
    assert result.generator == ["generator.py", "helper.py"]
    assert result.config["geometry"]["name"] == "drops"


def test_the_command_line_wins(project):
    result = project({"geometry": {"count": 4}})

    assert result.batches == ["0-3"]


def test_parameters_are_text_with_sorted_keys(project):
    result = project(generator={"parameters": {"b": 1, "a": [1, None, "ü"]}})

    assert json.loads(result.parameters) == {"a": [1, None, "ü"], "b": 1}
    assert result.parameters.index('"a"') < result.parameters.index('"b"')


@pytest.mark.parametrize("value", ["2024-01-01", ".nan", ".inf"])
def test_a_parameter_that_json_lacks_is_told_by_its_key(value, project):
    message = refusal(project, generator={"parameters": {"limit": yaml.safe_load(value)}})

    assert "generator.parameters" in message


def test_an_environment_has_a_name_and_requirements_for_each_kind(project):
    result = project()

    assert list(result.environment_names) == ["cook", "train", "predict"]
    assert all(name.startswith(f"{kind}-") for kind, name in result.environment_names.items())
    assert {os.path.basename(path) for path in result.requirements.values()} == {"cook.txt", "train.txt", "predict.txt"}
    assert all(os.path.exists(path) for path in result.requirements.values())


def test_requirements_of_the_project_come_first(project, write):
    shipped = project()
    write("envs/cook.txt", "numpy\nscipy")

    own = project()

    assert own.requirements["cook"] == "envs/cook.txt"
    assert own.environment_names["cook"] != shipped.environment_names["cook"]
    assert own.environment_names["train"] == shipped.environment_names["train"]


@pytest.mark.parametrize(
    ("folder", "expected"),
    [(".environments", str(CHECKOUT / ".environments")), ("/shared/envs", "/shared/envs"), ("~/envs", "/home/me/envs")],
)
def test_environments_are_in_the_checkout_or_where_an_absolute_path_says(folder, expected, project, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")

    result = project(environments={"folder": folder})

    assert result.environments == expected


def test_the_axes_of_wedges_are_all_keys_that_any_of_them_has(project):
    config = yaml.safe_load("[{weight_decay: [0.0], dropout: 0.1}, {extra: [{epochs: 7}, {hidden_layers: 3}]}]")

    training = project({"wedges": config}).training

    assert training.axes == ["dropout", "epochs", "hidden_layers", "weight_decay"]
    assert training.of("hidden_layers-3")["hidden_layers"] == 3
    assert training.of("epochs-7")["hidden_layers"] == training.settings["hidden_layers"]


def test_a_script_of_wedges_lies_in_the_project_and_gets_its_settings(project, write):
    write("mine.py", "def wedges(wedges, settings):\n    return [{'epochs': settings['epochs'] + 1}]\n")

    result = project({"wedges": [{"script": "mine.py"}], "training": {"epochs": 7}})

    assert result.training.wedges == {"epochs-8": {"epochs": 8}}


def test_a_script_of_wedges_that_is_missing_is_named_with_its_node(project):
    with pytest.raises(UserError) as error:
        project({"wedges": [{"epochs": 1}, {"script": "mine.py"}]})

    assert str(error.value).startswith("config.yaml: wedges[1].script: mine.py does not exist in ")


def test_settings_of_a_wedge_that_contradict_each_other_are_told_for_nodes_too(project):
    wedges = [{"extra": [{}, {"patience": 3}]}]

    with pytest.raises(UserError, match="training.patience needs a validation split"):
        project({"wedges": wedges, "preprocess": {"validation_share": 0}})


def test_training_settings_of_a_wedge_are_the_configs_under_its_own(project):
    result = project(wedges={"hidden_layers": [5], "weight_decay": [0.25]}, training={"epochs": 7})

    settings = result.training.of("hidden_layers-5_weight_decay-0.25")

    assert settings == {**result.config["training"], "hidden_layers": 5, "weight_decay": 0.25}
    assert settings["epochs"] == 7
    flags = result.training.pack_flags("hidden_layers-5_weight_decay-0.25")
    given = {flag: json.loads(value) for flag, value in zip(flags[2::2], flags[3::2], strict=True)}
    assert flags[:2] == ["--preprocessed", "preprocessed/base"] and given["--settings"] == result.config["training"]
    assert given["--wedges"] == {"hidden_layers-5_weight_decay-0.25": {"hidden_layers": 5, "weight_decay": 0.25}}


def test_what_is_cooked_for_an_unseen_input_depends_on_the_ground_truth(project):
    one = {"source": "generator", "count": 3}

    result = project(unseen={"judged": {**one, "ground_truth": True}, "bare": {**one, "ground_truth": False}})

    assert result.unseen_parts("judged") == ["inputs", "targets", "baseline"]
    assert result.unseen_parts("bare") == ["inputs"]


def test_a_geo_file_tells_the_number_of_items(project, poses):
    result = project(geometry={"source": "poses.geo"})

    assert result.batches == ["0-3", "4-7"]
    assert list(result.geometries.values()) == result.geometry_files("drops.geo") == ["poses.geo"]


def test_a_source_that_is_the_generator_is_no_file(project):
    result = project()

    assert result.geometries == {"drops.geo": "generator"} and result.geometry_files("drops.geo") == []


def test_an_empty_geo_file_is_refused(project):
    Path("poses.geo").write_text('["pointcount",0,"primitivecount",0]')

    message = refusal(project, geometry={"source": "poses.geo"})

    assert message == "poses.geo: the geometry is empty; each data point needs a primitive"


def test_a_geo_file_without_a_header_is_named(project):
    Path("poses.geo").write_bytes(b"\x7fNSJb")

    message = refusal(project, geometry={"source": "poses.geo"})

    assert message.startswith("poses.geo: no primitivecount")


@pytest.mark.parametrize(
    ("sections", "key", "path"),
    [
        ({"generator": {"file": "other.py"}}, "generator.file", "other.py"),
        ({"generator": {"inputs": ["rest.obj"]}}, "generator.inputs", "rest.obj"),
        ({"geometry": {"source": "poses.geo"}}, "source", "poses.geo"),
        ({"environments": {"train": "envs/mine.txt"}}, "environments.train", "envs/mine.txt"),
        (
            {"unseen": {"walk": {"source": "walk.geo", "ground_truth": True}}},
            "source",
            "walk.geo",
        ),
    ],
    ids=["generator", "inputs", "geometry", "environments", "unseen"],
)
def test_a_file_that_does_not_exist_is_named_with_its_key(sections, key, path, project, tmp_path):
    message = refusal(project, **sections)

    assert message.startswith("config.yaml: ")
    assert f"{key}: {path} does not exist in {tmp_path}" in message


def test_a_source_that_does_not_exist_is_named_with_its_whole_key(project):
    message = refusal(project, geometry={"source": "poses.geo"})

    assert "geometry.source" in message


def test_an_interpreter_that_does_not_exist_is_named(project):
    message = refusal(project, environments={"python": "/no/python"})

    assert message.startswith("environments.python: /no/python does not exist")


@pytest.mark.parametrize("function", ["cook", "geometry", "unseen"])
def test_a_function_that_the_generator_lacks_is_named_with_those_that_it_has(function, project, write):
    write("generator.py", GENERATOR.replace(f"def {function}(", f"def {function[:-1]}("))

    message = refusal(project)

    assert message.startswith(f"generator.py defines no function {function}; ")
    assert f"did you mean {function[:-1]}?" in message


def test_a_generator_need_not_make_what_comes_from_files(project, write, poses):
    write("generator.py", "def cook(item): ...")

    result = project(geometry={"source": "poses.geo"}, unseen={"walk": {"source": "poses.geo", "ground_truth": True}})

    assert result.generator == ["generator.py"]


def test_a_generator_that_takes_its_names_from_elsewhere_is_left_to_the_job(project, write):
    write("generator.py", "from helper import *")

    result = project()

    assert result.generator == ["generator.py", "helper.py"]


def test_a_syntax_error_of_the_generators_module_is_told_before_any_job(project, write):
    write("helper.py", "x = (\n")

    message = refusal(project)

    assert message.startswith("helper.py, line 1: ")


def test_mistakes_of_the_config_are_listed_before_files_are_looked_for(project):
    message = refusal(project, generator={"file": "missing.py"}, geometry={"count": 0}, training={"epochs": "ten"})

    assert message.startswith("config.yaml: 2 mistakes\n")
    assert "geometry.count" in message and "training.epochs" in message


@pytest.mark.parametrize("key", ["geometry.count", "work_items.batch_size", "training.epochs", "training.batch_size"])
def test_a_whole_number_written_with_a_dot_is_made_whole_or_refused_by_its_key(key, project):
    section, name = key.split(".")

    try:
        result = project(**{section: {name: 8.0}})
        settings = result.training.of(next(iter(result.training.wedges)))
        outcome = isinstance({**result.config[section], **settings, **result.config[section]}[name], int)
    except UserError as error:
        outcome = key in str(error)

    assert outcome


def test_an_input_that_only_the_checkout_has_is_where_the_rules_will_look_for_it(project):
    path = "examples/ripple/generator.py"

    try:
        found = all(os.path.exists(file) for file in project(generator={"inputs": [path]}).generator_inputs)
    except UserError as error:
        found = path in str(error)

    assert found


def test_a_batch_larger_than_the_geometry_is_pointed_out(project, capsys):
    project(work_items={"batch_size": 64})

    message = capsys.readouterr().err

    assert "work_items.batch_size: 64 is more than the 10 items of geometry/drops.geo" in message


def test_batches_that_fit_are_not_mentioned(project, capsys):
    project(work_items={"batch_size": 10})

    assert capsys.readouterr().err == ""


def test_wedges_with_the_same_preprocessing_share_a_recipe(project):
    training = project({"wedges": {"target_components": [4, 8], "hidden_layers": [1, 2]}}).training

    assert list(training.recipes) == ["target_components-4", "target_components-8"]
    assert [recipe["target_components"] for recipe in training.recipes.values()] == [4, 8]
    assert {training.recipe_of(wedge) for wedge in training.wedges} == training.recipes.keys()
    assert training.recipe_of("hidden_layers-2_target_components-4") == "target_components-4"
    assert training.of("hidden_layers-2_target_components-4").keys() == training.settings.keys()
    flags = training.recipe_flags("target_components-8")
    assert flags[flags.index("--target-components") + 1] == "8"
    assert flags[flags.index("--standardise-inputs") + 1] == "1"
    assert flags[flags.index("--target-weights") + 1] == "{}"


def test_without_such_axes_there_is_one_recipe(project):
    training = project({}).training

    assert list(training.recipes) == ["base"]
    assert training.preprocessed(next(iter(training.wedges)), "basis.npz") == ["preprocessed/base/basis.npz"]


def test_shares_that_leave_nothing_to_train_on_are_named_for_wedges_too(project):
    with pytest.raises(UserError, match="validation_share and test_share leave nothing"):
        project({"wedges": {"validation_share": [0.2, 0.7]}, "preprocess": {"test_share": 0.4}})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"halving": {"rungs": [15]}}, "halving.rungs: 15 is no multiple of training.epochs_per_evaluation (10)"),
        ({"halving": {"rungs": [20, 10]}}, "halving.rungs: [20, 10] must be epochs that grow from rung to rung"),
        ({"halving": {"rungs": [5000]}}, "halving.rungs: a wedge has only 1000 epochs; rungs must be fewer"),
        ({"halving": {"eta": 1}}, "halving.eta: 1 "),
        ({"selection": {"by": "luck"}}, "selection.by: 'luck' "),
        (
            {
                "selection": {"by": "unseen"},
                "unseen": {"film": {"source": "generator", "count": 4, "ground_truth": False}},
            },
            "selection.by: unseen needs an unseen input with ground_truth: true",
        ),
        ({"training": {"pack_size": 0}}, "training.pack_size: 0 "),
        ({"wedges": {"pack_size": [1, 2]}}, "wedges.pack_size: says how wedges are trained together"),
    ],
    ids=str,
)
def test_mistakes_about_packs_rungs_and_selection_are_told(changes, sentence, project):
    with pytest.raises(UserError) as error:
        project(**changes)

    assert sentence in str(error.value)


def test_a_pack_goes_on_from_the_rung_before_and_a_wedge_alone_from_none(project):
    result = project(halving={"rungs": [10, 20]}, wedges={"seed": [1, 2]}).training

    assert result.rung_before("base_0") == ["rungs/20/base_0.json", "rungs/20.json"]
    assert result.rung_flags("base_0", 20) == [
        "--rung", "20", "--earlier", "rungs/10/base_0.json", "--chosen", "rungs/10.json"
    ]  # fmt: skip
    assert result.rung_flags("base_0", 10) == ["--rung", "10"]
    assert result.rung_before("seed-1") == [] == result.rung_flags("seed-1")


def test_a_job_holds_so_many_items_and_reserves_memory_and_minutes_by_them_and_by_the_attempt(project):
    read = project(resources={"cook": {"memory_per_item": 10, "minutes": 5, "minutes_per_item": 0.5}})

    items = [read.items_of(batch="4-7"), read.items_of(point="3"), read.items_of(unseen="line"), read.items_of()]

    assert items == [4, 1, 3, 10]
    assert [memory(read.config, "cook", 4, attempt) for attempt in (1, 2, 3)] == [1040, 2080, 3120]
    assert [minutes(read.config, "cook", count, 1) for count in (1, 4, 5)] == [6, 7, 8]
    assert read.config["resources"]["cook"]["threads"] == 1  # what the project does not state is as shipped
    assert memory(read.config, "train", 8, 1) == 1000 + 1024 + 8 * 50
    assert minutes(read.config, "other", 1, 2) == 60


@pytest.mark.parametrize(
    "section, key, value, sentence",
    [
        ("cook", "threads", 0, "resources.cook.threads: 0 is too small; at least 1"),
        ("cook", "memroy", 100, "resources.cook.memroy: unknown key; did you mean memory"),
        ("train", "gpus", "one", "resources.train.gpus"),
        ("other", "minutes", None, "resources.other.minutes"),
        ("cokk", "minutes", 1, "resources.cokk: unknown key; did you mean cook"),
    ],
)
def test_a_mistaken_reservation_is_named(project, section, key, value, sentence):
    with pytest.raises(UserError) as error:
        project(resources={section: {key: value}})
    assert sentence in str(error.value)

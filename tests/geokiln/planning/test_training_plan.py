import json

import pytest
import yaml

from geokiln.errors import UserError


def test_the_axes_of_wedges_are_all_keys_that_any_of_them_has(project):
    config = yaml.safe_load("[{weight_decay: [0.0], dropout: 0.1}, {extra: [{epochs: 7}, {hidden_layers: 3}]}]")

    training = project(wedges=config).training

    assert training.axes == ["dropout", "epochs", "hidden_layers", "weight_decay"]


def test_a_script_of_wedges_lies_in_the_project_and_gets_its_settings(project, write):
    write("mine.py", "def wedges(wedges, settings):\n    return [{'epochs': settings['epochs'] + 1}]\n")

    result = project(wedges=[{"script": "mine.py"}], training={"epochs": 7})

    assert result.training.wedges == {"epochs-8": {"epochs": 8}}


def test_a_pack_is_told_all_settings_and_each_wedges_own(project):
    training = project(wedges={"hidden_layers": [5], "weight_decay": [0.25]}, training={"epochs": 7}).training

    (pack,) = training.packs

    assert json.loads(training.settings_json())["epochs"] == 7
    assert json.loads(training.values_json(pack)) == {pack: {"hidden_layers": 5, "weight_decay": 0.25}}


def test_wedges_with_the_same_preprocessing_share_a_recipe(project):
    training = project(wedges={"target_components": [4, 8], "hidden_layers": [1, 2]}).training

    assert list(training.recipes) == ["target_components-4", "target_components-8"]
    assert training.recipe_of("hidden_layers-2_target_components-4") == "target_components-4"
    assert json.loads(training.recipe_json("target_components-8")) == {**training.preprocess, "target_components": 8}
    assert list(project(wedges={}).training.recipes) == ["base"]


def test_a_pack_goes_on_from_the_rung_before_and_a_wedge_alone_from_none(project):
    training = project(selection={"rungs": [10, 20]}, wedges={"seed": [1, 2]}).training

    before = [training.rung_before("base_0", rung) for rung in (None, 20, 10)]

    assert before == [20, 10, None]
    assert training.rung_before("seed-1") is None


KEPT = {"epochs": 30, "snapshots": 10}


@pytest.mark.parametrize(
    ("epoch", "training", "reason"),
    [
        (30, KEPT, None),
        (7, {**KEPT, "snapshots": "improvement"}, None),
        (7, KEPT, "training.snapshots is 10"),
        (40, KEPT, "training.epochs is 30"),
        (31, {**KEPT, "snapshots": "improvement"}, "training.epochs is 30"),
        (10, {"epochs": 30}, "training.snapshots is null; set it to improvement, or to a number: every so many epochs"),
        (10, {**KEPT, "model": "linear"}, "the model linear is trained without epochs"),
        (10, {**KEPT, "script": "own.py"}, "the function train of own.py keeps no snapshots"),
    ],
)
def test_an_epoch_whose_model_is_never_kept_is_refused_before_any_job(epoch, training, reason, project, write):
    write("own.py", "def model(n_in, n_out, settings): ...\n\n\ndef train(*arguments): ...\n")
    plan, target = project(wedges={"seed": [1]}, training=training).training, f"wedges/seed-1/epoch-{epoch}.onnx"

    if reason is None:
        plan.check_epochs(["--cores", "2", target])
    else:
        with pytest.raises(UserError) as error:
            plan.check_epochs(["--cores", "2", target])
        assert str(error.value) == f"{target} cannot be made: {reason}"


@pytest.mark.parametrize(
    ("components", "target", "refused"),
    [
        ([0, 8], "model_weights.onnx", False),
        ([0, 8], "wedges/target_components-8/basis/drop.geo", False),
        ([0, 8], "wedges/target_components-0/basis/drop.geo", True),
        ([0, 8], "wedges/target_components-0/model_weights.onnx", True),
        ([0], "model_weights.onnx", True),
        ([0], "basis/drop.geo", True),
        ([0], "model.onnx", False),
    ],
)
def test_a_basis_of_targets_that_stay_as_they_are_is_refused_before_any_job(components, target, refused, project):
    plan = project(wedges={"target_components": components}).training

    if not refused:
        plan.check_basis(["--cores", "2", target])
    else:
        with pytest.raises(UserError) as error:
            plan.check_basis(["--cores", "2", target])
        assert str(error.value).startswith(f"{target} cannot be made: preprocess.target_components is 0, so")

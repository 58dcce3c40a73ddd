"""Real runs of the trainer: kills, extensions, divergence, models of other kinds and of one's own."""

import csv
import json
import os
import signal

import numpy as np
import onnxruntime
import pytest

from conftest import CHECKOUT, wait_until


@pytest.fixture
def short(ripple):
    """The finished tiny example, with a short training of one wedge."""
    ripple.configure(training={"epochs": 30, "schedule": "constant"}, wedges={"hidden_layers": [1]})
    ripple.build("wedges/hidden_layers-1/training.json")
    return ripple


def result(project, wedge="hidden_layers-1"):
    return json.loads((project / f"wedges/{wedge}/training.json").read_text())


def losses(project, wedge="hidden_layers-1"):
    with open(project / f"wedges/{wedge}/losses.csv", newline="") as file:
        return [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]


def test_a_killed_training_goes_on_and_ends_as_an_undisturbed_one(short):
    long = {"epochs": 2000, "epochs_per_evaluation": 50, "save_state": 50, "learning_rate": 0.001}
    short.configure(training=long)
    states = short / ".kept/states"
    before = set(states.rglob("[1-9]*.safetensors"))
    process = short.start("predictions/all.npz", start_new_session=True)
    wait_until(lambda: any(int(path.stem) >= 200 for path in set(states.rglob("[1-9]*.safetensors")) - before))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    short.build()
    log = (short / "logs/train_pack/hidden_layers-1.log").read_text()
    resumed = losses(short)
    assert short.plan() == {}
    short.configure(training={"save_state": "never"})
    for folder in ("wedges", "states"):
        (short / f".kept/{folder}").rename(short / f".kept/{folder}_before")
    (short / "wedges/hidden_layers-1/losses.csv").unlink()
    short.build("wedges/hidden_layers-1/losses.csv")

    assert "resumed from epoch " in log
    assert resumed == losses(short) and resumed[-1][0] == 2000


def test_more_epochs_go_on_from_the_end(short):
    before = losses(short)

    short.configure(training={"epochs": 60})
    built = short.build("wedges/hidden_layers-1/training.json")

    log = (short / "logs/train_pack/hidden_layers-1.log").read_text()
    assert built["trained"] == 1 and "resumed from epoch 30" in log
    assert losses(short)[: len(before)] == before and losses(short)[-1][0] == 60


def test_a_wedge_that_diverges_is_recorded_and_the_others_go_on(ripple):
    ripple.configure(
        training={"activation": "relu", "schedule": "constant", "epochs": 50},
        wedges={"learning_rate": [0.003, 1e30]},
    )

    built = ripple.build()
    asked = ripple.snakemake("wedges/learning_rate-1e+30/model.onnx", fails=True)

    assert built["trained"] == 2
    assert result(ripple, "learning_rate-1e+30")["status"] == "diverged"
    rows = list(csv.DictReader((ripple / "wedges.csv").read_text().splitlines()))
    assert [(row["wedge"], row["status"]) for row in rows] == [
        ("learning_rate-0.003", "trained"),
        ("learning_rate-1e+30", "diverged"),
    ]
    assert "export_model: wedge learning_rate-1e+30 diverged in epoch" in asked
    assert not (ripple / "wedges/learning_rate-1e+30/model.onnx").exists()
    ripple.configure(wedges={"learning_rate": [1e30]})
    failed = ripple.build("wedges.csv", fails=True)
    assert "select_wedge: every wedge diverged (learning_rate-1e+30)" in failed["output"] and failed["trained"] == 0


def test_regressors_of_other_kinds_stand_beside_networks(ripple):
    ripple.configure(wedges={"model": ["linear", "kernel", "nearest"]}, training={"weight_decay": 1e-6})

    built = ripple.build(*(f"wedges/model-{kind}/model.onnx" for kind in ("linear", "kernel", "nearest")))

    assert built["trained"] == 3
    unseen = np.load(ripple / "unseen/film.npz")
    for kind, most in (("linear", 1.1), ("kernel", 0.3), ("nearest", 0.7)):
        session = onnxruntime.InferenceSession(ripple / f"wedges/model-{kind}/model.onnx")
        parts = [unseen[name] for name in unseen.files if name.startswith("input/")]
        inputs = np.concatenate([part.reshape(len(part), -1) for part in parts], 1)
        height = session.run(["output"], {"input": inputs})[0]
        truth = unseen["target/height"].reshape(len(height), -1)
        assert np.square(height - truth).mean() < most * np.square(truth - truth.mean(0)).mean(), kind


def test_the_model_of_an_epoch_can_be_asked_for(short):
    short.configure(training={"snapshots": 10})
    short.snakemake("wedges/hidden_layers-1/epoch-20.onnx", "wedges/hidden_layers-1/predictions/film.npz")
    missing = short.snakemake("wedges/hidden_layers-1/epoch-25.onnx", fails=True)

    assert (short / "wedges/hidden_layers-1/epoch-20.onnx").exists()
    assert np.load(short / "wedges/hidden_layers-1/predictions/film.npz")["height"].shape[0] == 24
    assert "wedge hidden_layers-1 has no snapshot of epoch 25; there are: 10, 20, 30" in missing


def test_a_training_of_ones_own_is_an_input_like_the_generator(ripple):
    script = (CHECKOUT / "examples/own_training/training.py").read_text()
    (ripple / "training.py").write_text(script)
    target = "wedges/hidden_layers-1/model.onnx"
    ripple.configure(training={"script": "training.py", "epochs": 20}, wedges={"hidden_layers": [1]})
    built = ripple.build(target)
    own = losses(ripple)

    ripple.edit("training.py", "import copy", "# a comment\nimport copy")
    commented = ripple.build(target)
    ripple.edit("training.py", "return (outputs - targets).square().mean()", "return (outputs - targets).abs().mean()")
    edited = ripple.build(target)
    ripple.configure(training={"script": None})
    ripple.build("wedges/hidden_layers-1/training.json")

    assert [built["trained"], commented["trained"], edited["trained"]] == [1, 0, 1]
    assert built["rules"] == commented["rules"] == edited["rules"] == {"train_pack", "publish_wedge", "export_wedge"}
    assert np.array(losses(ripple))[:, 3:] == pytest.approx(np.array(own)[:, 3:], rel=1e-3)


def test_initial_weights_come_from_a_named_file(short):
    (short / "start.safetensors").write_bytes((short / "wedges/hidden_layers-1/weights.safetensors").read_bytes())
    end = losses(short)[-1]

    short.configure(training={"initial_weights": "start.safetensors", "learning_rate": 1e-9, "epochs": 10})
    built = short.build("wedges/hidden_layers-1/training.json")

    assert built["trained"] == 1
    assert losses(short)[0][4] == pytest.approx(end[4], rel=1e-3)


def test_wedges_share_a_preprocessing_and_another_value_makes_only_its_own(ripple):
    ripple.configure(wedges={"target_components": [2, 0], "hidden_layers": [1, 2]}, training={"epochs": 20})
    built = ripple.build()
    ripple.configure(wedges={"target_components": [2, 0, 3], "hidden_layers": [1, 2]})
    planned, more = ripple.plan("wedges.csv"), ripple.build("wedges.csv")
    ripple.configure(wedges={"target_components": [2, 0], "hidden_layers": [1, 2]})
    back = ripple.build()

    assert (built["trained"], more["trained"], back["trained"]) == (4, 2, 0)
    assert planned == {"preprocess": 1, "train_pack": 2, "publish_wedge": 2, "select_wedge": 1}
    rows = list(csv.DictReader((ripple / "wedges.csv").read_text().splitlines()))
    assert {(row["target_components"], row["hidden_layers"]) for row in rows} == {
        ("2", "1"), ("2", "2"), ("0", "1"), ("0", "2")
    }  # fmt: skip
    assert ripple.plan() == {}

"""Real runs of the trainer: divergence, models of other kinds and of one's own; kills are in test_packs.py."""

import csv
import json

import numpy as np
import onnxruntime
import pytest

from conftest import CHECKOUT


def losses(project):
    with open(project / "wedges/hidden_layers-1/losses.csv", newline="") as file:
        return [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]


def test_a_wedge_that_diverges_is_recorded_and_the_others_go_on(ripple):
    ripple.configure(
        training={"activation": "relu", "schedule": "constant", "epochs": 50},
        wedges={"learning_rate": [0.003, 1e30]},
    )

    built = ripple.build()

    assert built["trained"] == 2 and json.loads((ripple / "predictions/film.json").read_text())["errors"]
    rows = list(csv.DictReader((ripple / "wedges.csv").read_text().splitlines()))
    assert [(row["wedge"], row["status"]) for row in rows] == [
        ("learning_rate-0.003", "trained"),
        ("learning_rate-1e+30", "diverged"),
    ]


def test_a_regressor_of_another_kind_stands_beside_networks(ripple):
    ripple.configure(wedges={"model": ["kernel"]}, training={"weight_decay": 1e-6})

    ripple.build("wedges/model-kernel/model.onnx")

    unseen = np.load(ripple / "unseen/film.npz")
    session = onnxruntime.InferenceSession(ripple / "wedges/model-kernel/model.onnx")
    parts = [unseen[name] for name in unseen.files if name.startswith("input/")]
    inputs = np.concatenate([part.reshape(len(part), -1) for part in parts], 1)
    height = session.run(["output"], {"input": inputs})[0]
    truth = unseen["target/height"].reshape(len(height), -1)
    assert np.square(height - truth).mean() < 0.3 * np.square(truth - truth.mean(0)).mean()


def test_the_model_of_an_epoch_can_be_asked_for(ripple):
    ripple.configure(training={"epochs": 30, "snapshots": 10}, wedges={"hidden_layers": [1]})

    ripple.snakemake("wedges/hidden_layers-1/epoch-20.onnx", "wedges/hidden_layers-1/predictions/film.npz")

    assert (ripple / "wedges/hidden_layers-1/epoch-20.onnx").exists()
    assert np.load(ripple / "wedges/hidden_layers-1/predictions/film.npz")["height"].shape[0] == 24


def test_a_training_of_ones_own_is_an_input_like_the_generator(ripple):
    script = (CHECKOUT / "examples/own_training/training.py").read_text()
    (ripple / "training.py").write_text(script)
    target = "wedges/hidden_layers-1/model.onnx"
    ripple.configure(training={"script": "training.py", "epochs": 20}, wedges={"hidden_layers": [1]})
    built = ripple.build(target)

    ripple.edit("training.py", "return (outputs - targets).square().mean()", "return (outputs - targets).abs().mean()")
    edited = ripple.build(target)

    assert (built["trained"], edited["trained"]) == (1, 1)
    assert built["rules"] == edited["rules"] == {"train_pack", "publish_wedge", "export_wedge"}


def test_initial_weights_come_from_a_named_file(ripple):
    (ripple / "start.safetensors").write_bytes((ripple / "wedges/hidden_layers-1/weights.safetensors").read_bytes())
    best = min(row[4] for row in losses(ripple))

    ripple.configure(
        training={"initial_weights": "start.safetensors", "learning_rate": 1e-9, "epochs": 10},
        wedges={"hidden_layers": [1]},
    )
    ripple.build("wedges/hidden_layers-1/training.json")

    assert losses(ripple)[0][4] == pytest.approx(best, rel=1e-3)

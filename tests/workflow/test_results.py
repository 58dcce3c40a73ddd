"""Properties of what the default job produces."""

import json
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest

from geokiln.geometry.element_count import primitive_count
from geokiln.geometry.geo_file import read_geo
from geokiln.storage.tables import Table

UNSEEN = ["stir", "sway"]


@pytest.fixture(scope="module")
def errors(finished_tube):
    return {name: json.loads((finished_tube / f"predictions/{name}.json").read_text()) for name in UNSEEN}


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize("name", UNSEEN)
def test_the_model_makes_at_most_4_percent_of_the_error_of_skinning_and_10_in_the_worst_frame(errors, name):
    judged = errors[name]["errors"]["displacement"]
    model, skinning = np.array(judged["model"]), np.array(judged["baseline"])

    assert rms(model) <= 0.04 * rms(skinning)
    assert (model / skinning).max() <= 0.10


@pytest.mark.parametrize("name", UNSEEN)
def test_the_model_beats_every_simple_answer(errors, name):
    judged = errors[name]["errors"]["displacement"]

    assert set(judged) == {"model", "baseline", "mean target", "linear fit", "nearest example"}
    assert all(rms(judged["model"]) < rms(values) for answer, values in judged.items() if answer != "model")


@pytest.mark.parametrize("name", UNSEEN)
def test_a_pose_costs_the_model_a_thousandth_of_the_solver(errors, name):
    seconds = errors[name]["seconds_per_item"]

    assert seconds["model"] <= seconds["cook"] / 1000


@pytest.mark.parametrize("name", UNSEEN)
def test_unseen_motion_reaches_80_percent_of_every_joint_limit(finished_tube, name):
    rotation = read_geo(finished_tube / f"geometry/unseen/{name}.geo").primitive_attributes["rotation"]

    assert np.allclose(np.abs(rotation).max(0), 0.8 * np.array([0.8, 1.2, 1.2]), rtol=0.01)


def test_the_training_geometry_holds_a_polyline_of_the_bones_per_pose(finished_tube):
    path = finished_tube / "geometry/poses.geo"
    geometry = read_geo(path)

    bones = geometry.points[np.array(geometry.primitives)]
    assert primitive_count(path) == len(geometry.primitives) == 128
    assert np.allclose(np.linalg.norm(np.diff(bones, axis=1), axis=2), 2.0, atol=1e-5)  # bones keep their length


def test_the_model_file_alone_maps_raw_inputs_to_vertex_displacements(finished_tube):
    path = finished_tube / "model.onnx"
    model = onnx.load(path)
    unseen = np.load(finished_tube / "unseen/stir.npz")

    session = onnxruntime.InferenceSession(path)
    output = session.run(None, {"input": unseen["input/rotation"].reshape(-1, 9)})[0]

    assert [(i.name, i.type, i.shape) for i in session.get_inputs()] == [("input", "tensor(float)", ["batch", 9])]
    assert [(o.name, o.type, o.shape) for o in session.get_outputs()] == [("output", "tensor(float)", ["batch", 1275])]
    assert model.opset_import[0].version <= 17 and model.ir_version <= 8
    truth = unseen["target/displacement"].reshape(-1, 1275)
    assert rms(output - truth) <= 0.04 * rms(truth)


def test_an_onnxruntime_of_2023_runs_the_model_alike(finished_tube, tmp_path):
    subprocess.run([sys.executable, "-m", "virtualenv", "-q", tmp_path / "old"], check=True)
    python = tmp_path / "old/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "onnxruntime==1.16.3", "numpy==1.26.4"], check=True)
    program = """
import sys, numpy as np, onnxruntime
x = np.load(sys.argv[2])["input/rotation"].reshape(-1, 9)
np.save(sys.argv[3], onnxruntime.InferenceSession(sys.argv[1]).run(["output"], {"input": x})[0])
"""
    files = [finished_tube / "model.onnx", finished_tube / "unseen/stir.npz", tmp_path / "old.npy"]

    subprocess.run([python, "-I", "-c", program, *files], check=True)

    predicted = np.load(finished_tube / "predictions/stir.npz")["displacement"].reshape(-1, 1275)
    assert np.abs(np.load(tmp_path / "old.npy") - predicted).max() <= 1e-5 * np.abs(predicted).max()


def test_all_predictions_stand_in_the_stated_order_with_source_and_id(finished_tube):
    merged = np.load(finished_tube / "predictions/all.npz", allow_pickle=False)

    assert set(merged.files) == {"source", "id", "displacement"}
    assert merged["source"].tolist() == ["stir"] * 48 + ["sway"] * 48
    assert merged["id"].tolist() == [str(frame) for frame in range(48)] * 2
    assert merged["displacement"].shape == (96, 425, 3) and merged["displacement"].dtype == np.float32
    assert np.isfinite(merged["displacement"]).all()


def test_the_dataset_holds_a_row_per_pose_in_the_order_of_the_poses(finished_tube):
    table = Table(finished_tube / "dataset/examples.raw", finished_tube / "dataset/examples.json")
    first = np.load(finished_tube / "batches/0-31.npz")

    rows = table.read()

    assert (table.count, table.width, table.input_width) == (128, 9 + 1275, 9)
    assert (finished_tube / "dataset/examples.ids").read_text().split() == [str(i) for i in range(128)]
    assert np.array_equal(rows[:32, 9:], first["target/displacement"].reshape(32, -1))


def test_the_chosen_wedge_is_the_first_of_the_ranking_and_has_the_least_validation_error(finished_tube):
    import csv

    rows = list(csv.DictReader((finished_tube / "wedges.csv").open()))
    metadata = onnxruntime.InferenceSession(finished_tube / "model.onnx").get_modelmeta().custom_metadata_map

    errors = [float(row["validation_rmse_displacement"]) for row in rows]
    assert len(rows) == 4 and errors == sorted(errors)
    assert json.loads(metadata["wedge"])["name"] == rows[0]["wedge"]
    assert json.loads(metadata["validation_rmse"])["displacement"] == errors[0]


def test_the_same_seed_gives_the_same_bytes_and_losses(finished_ripple, fresh_ripple):
    fresh_ripple.snakemake("predictions/all.npz")

    for path in ("geometry/drops.geo", "batches/32-63.npz", "dataset/examples.raw", "dataset/examples.json"):
        assert (fresh_ripple / path).read_bytes() == (finished_ripple / path).read_bytes(), path
    losses = [
        json.loads((project / "wedges/hidden_layers-2/training.json").read_text())["validation_loss"]
        for project in (finished_ripple, fresh_ripple)
    ]
    assert abs(losses[0] - losses[1]) <= 1e-6 * losses[0]


def test_validation_examples_do_not_leak_into_the_basis(finished_ripple, tmp_path, monkeypatch):
    import preprocess
    from geokiln.storage.tables import TableWriter

    table = Table(finished_ripple / "dataset/examples.raw", finished_ripple / "dataset/examples.json")
    basis = np.load(finished_ripple / "preprocessed/base/basis.npz")
    rows, noise = table.read(), np.random.default_rng(1)
    rows[basis["validation"], table.input_width :] = noise.normal(size=(basis["validation"].sum(), 33))
    with TableWriter(
        tmp_path / "e.raw", tmp_path / "e.json", {"strength": (), "time": ()}, {"height": (33,)}
    ) as writer:
        writer.write(rows)
    (tmp_path / "e.ids").write_bytes((finished_ripple / "dataset/examples.ids").read_bytes())
    monkeypatch.chdir(tmp_path)

    files = ["--raw", "e.raw", "--ids", "e.ids", "--sidecar", "e.json", "--folder", "out", "--environment", "any"]
    split = ["--validation-share", "0.15", "--split-seed", "0"]
    preprocess.main([*files, *split, "--standardise-inputs", "1", "--target-components", "32"])

    again = np.load(tmp_path / "out/basis.npz")
    assert all(np.array_equal(basis[name], again[name]) for name in basis.files)

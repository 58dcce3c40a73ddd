"""Properties of what the default job produces."""

import json
import subprocess
import sys

import numpy as np
import pytest


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize("name", ["stir", "sway"])
def test_the_model_is_far_better_than_every_simple_answer_and_far_quicker_than_the_solver(finished_tube, name):
    about = json.loads((finished_tube / f"predictions/{name}.json").read_text())
    errors, seconds = about["errors"]["displacement"], about["seconds_per_item"]
    model, skinning = np.array(errors["model"]), np.array(errors["baseline"])

    assert errors.keys() == {"model", "baseline", "mean target", "linear fit", "nearest example"}
    assert all(rms(model) < rms(values) for answer, values in errors.items() if answer != "model")
    assert rms(model) <= 0.04 * rms(skinning) and (model / skinning).max() <= 0.10
    assert seconds["model"] <= seconds["cook"] / 1000


@pytest.mark.slow
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

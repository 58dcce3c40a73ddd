"""The project in this folder, from hython (a stand-in) to predictions."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import ALL, copy_project

HERE = Path(__file__).parent


@pytest.mark.slow
def test_a_scene_cooks_batches_with_one_hython_each_and_an_edit_of_it_cooks_again(projects, monkeypatch):
    monkeypatch.setenv("PATH", str(HERE / "bin"), prepend=":")
    monkeypatch.setenv("STANDIN_PYTHON", sys.executable)
    project = copy_project(HERE / "project", projects / "scene")
    monkeypatch.setenv("HOU_CALLS", str(project / "calls.jsonl"))

    def calls():
        lines = [json.loads(line) for line in (project / "calls.jsonl").read_text().splitlines()]
        (project / "calls.jsonl").unlink()
        return [call for call, *_ in lines]

    built = project.build(ALL)
    first = calls()
    errors = json.loads((project / "predictions/sweep.json").read_text())["errors"]["position"]
    again = project.build(ALL)
    project.edit("tube.hip", "3 * math.pi", "4 * math.pi")
    edited = project.build("dataset/examples.json")

    assert built["cooked"] == 48 + 8 and first.count("load") == 3 + 1  # batches, and the unseen input
    assert np.load(project / ALL)["position"].shape == (8, 24, 3)
    assert np.mean(errors["model"]) < 0.2 * np.mean(errors["mean target"])
    assert again["rules"] == set()
    assert edited["cooked"] == 48 and calls().count("load") == 3

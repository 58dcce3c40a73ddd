"""What a cook reads without a word of the config: it counts where the command's words tell, and is told otherwise."""

import pytest

SETS = "dataset/examples.json"
COOK = """
import json, sys
from pathlib import Path

import numpy as np
import solver

scene, item, folder = sys.argv[1].split("=")[1], *sys.argv[2:]
gain = json.loads(Path(scene).read_text())["gain"]
height = solver.height(json.loads(Path(item).read_text())["attributes"]["time"])
np.savez(Path(folder, "result.npz"), height=[gain * height, 1.0])
"""


@pytest.fixture
def small(fresh_ripple):
    """A project of six data points."""
    fresh_ripple.configure(geometry={"count": 6}, work_items={"batch_size": 8})
    return fresh_ripple


@pytest.mark.slow
def test_what_a_command_runs_on_cooks_again_and_its_python_is_the_environments(small, monkeypatch, tmp_path, write):
    files = {"cook.py": COOK, "solver.py": "def height(time): return time\n", "scene.json": '{"gain": 1}'}
    for path, text in files.items():
        (small / path).write_text(text)
    words = ["python3", "cook.py", "--scene=scene.json", "{item}", "{folder}"]
    small.configure(generator={"command": {"words": words, "outputs": ["result.npz"]}})
    write("bin/python3", "#!/bin/sh\nexit 9").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    cooked = [small.build(SETS)["cooked"]]

    for path, old, new in (("solver.py", "time\n", "2 * time\n"), ("scene.json", "1", "3"), ("cook.py", "1.0", "2.0")):
        small.edit(path, old, new)
        cooked.append(small.build(SETS)["cooked"])

    assert cooked == [6, 6, 6, 6]


@pytest.mark.slow
def test_a_file_that_is_read_and_not_declared_is_told_at_the_end_and_a_respelled_input_cooks_nothing(small):
    (small / "scale.txt").write_text("2")
    small.edit("generator.py", "def cook(item):\n", "def cook(item):\n    float(open('scale.txt').read())\n")

    told = small.build(SETS)
    declared = []
    for name in ("scale.txt", "./scale.txt", str(small / "scale.txt")):
        small.configure(generator={"inputs": [name]})
        declared.append(small.build(SETS))

    sentence = (
        "Geokiln warns: cook read scale.txt, which is not under generator.inputs; an edit of it will go unnoticed"
    )
    assert told["output"].splitlines().count(sentence) == 1
    assert [built["cooked"] for built in declared] == [6, 0, 0]
    assert not any(sentence in built["output"] for built in declared)

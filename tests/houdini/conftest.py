"""Runs of houdini/cook_items.py in a process of its own, by the stand-in for hython."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
ENVIRONMENT = {**os.environ, "PATH": f"{HERE / 'bin'}:{os.environ['PATH']}", "STANDIN_PYTHON": sys.executable}


class Batch:
    """A batch of items in *folder*, a scene, and what became of both."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "scene.hip").write_text("")

    def write_scene(self, text):
        (self.folder / "scene.hip").write_text(text)

    def write_items(self, *attributes, **more):
        """Write an item for each of the dictionaries, called 0, 1 and so on."""
        lines = []
        for number, own in enumerate(attributes):
            folder = self.folder / f"item-{number}"
            folder.mkdir()
            item = {"id": str(number), "seed": 7, "attributes": own, "parameters": {}, "folder": str(folder), **more}
            lines.append(json.dumps(item) + "\n")
        (self.folder / "items.jsonl").write_text("".join(lines))

    def cook(self, *flags, exit_code=0):
        """Run the script; return what it said on stdout and stderr."""
        words = ["hython", CHECKOUT / "houdini/cook_items.py", "items.jsonl", "results.jsonl", "--scene=scene.hip"]
        environment = {**ENVIRONMENT, "HOU_CALLS": str(self.folder / "calls.jsonl")}
        done = subprocess.run([*words, *flags], cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == exit_code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def results(self):
        path = self.folder / "results.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def calls(self, name):
        lines = map(json.loads, (self.folder / "calls.jsonl").read_text().splitlines())
        return [arguments for call, *arguments in lines if call == name]

    def targets(self, number):
        return dict(np.load(self.folder / f"item-{number}/targets.npz"))


@pytest.fixture
def batch(tmp_path):
    return Batch(tmp_path)

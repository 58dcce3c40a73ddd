"""A project whose runs go to a farm, and that writes down each item that it cooks."""

import subprocess
import sys
from collections import Counter

from conftest import ALL, CHECKOUT, Project, copy_project

ONCE = Counter(str(item) for item in range(16))

SMALL_TUBE = """
generator: {file: examples/tube_deformer/generator.py}
geometry: {count: 24}
work_items: {batch_size: 12}
unseen: {sway: {source: generator, count: 4, ground_truth: true}}
preprocess: {target_components: 8}
training: {epochs: 30, batch_size: 8}
wedges: {hidden_layers: [1, 2]}
resources: {train: {gpus: 1}}
"""

GENERATOR = """
import os, time
import numpy as np

def geometry(count, seed, parameters):
    return {"x": np.random.default_rng(seed).uniform(-1, 1, count)}

def unseen(name, count, parameters):
    return {"x": np.linspace(-1, 1, count)}

def cook(item):
    if os.path.exists("broken") and item.id == "5":
        raise ValueError("the solver blew up")
    while os.path.exists("hung") and item.id == "5":
        time.sleep(0.1)
    if os.path.exists("slow"):
        time.sleep(0.5)
    with open("cooked.txt", "a") as cooked:
        cooked.write(item.id + "\\n")
    return {"y": np.array([item["x"] ** 2 * item.parameters["scale"]])}
"""


class FarmProject(Project):
    """A project in *folder* whose runs go through the launcher to a farm; without a *profile* to this machine."""

    def __init__(self, folder, profile=None, environment=None, flags=()):
        super().__init__(folder)
        self.profile, self.environment, self.flags = profile, environment, flags

    def start(self, *arguments, **popen):
        if self.profile is None or "--dry-run" in arguments:
            return super().start(*arguments, **popen)
        flags = [argument for argument in arguments if argument.startswith("-")]
        targets = ["--", *(argument for argument in arguments if not argument.startswith("-"))]
        return subprocess.Popen(
            [sys.executable, CHECKOUT / "geokiln", *flags, *self.flags, "--workflow-profile", self.profile, *targets],
            cwd=self.folder, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **popen,
        )  # fmt: skip

    def here(self):
        """Return the same project, run on this machine."""
        return Project(self.folder)

    def cooked(self):
        path = self / "cooked.txt"
        return Counter(path.read_text().split()) if path.exists() else Counter()


def finished_project(folder):
    """Build a project of 16 items in 2 batches on this machine, and forget what was cooked."""
    project = FarmProject(copy_project(CHECKOUT / "examples/ripple", folder).folder)
    (project / "generator.py").write_text(GENERATOR)
    project.configure(
        generator={"parameters": {"scale": 1}},
        geometry={"name": "samples", "count": 16},
        work_items={"batch_size": 8},
        unseen={"line": {"source": "generator", "count": 2, "ground_truth": False}},
        training={"epochs": 20, "batch_size": 32},
        wedges={"hidden_layers": [1]},
    )
    project.snakemake(ALL)
    (project / "cooked.txt").unlink()
    return project

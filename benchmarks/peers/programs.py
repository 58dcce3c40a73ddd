"""The programs, each with the same interface: write its files, the command that builds, change one item."""

import json
import os
import random
import shutil
import subprocess
import sys
from array import array
from pathlib import Path

from common import FILES, geokiln, seconds, write_project
from peers.files.ripple import NAMES, ripple

DVC = "dvc==3.67.1"
TUNED = ["--scheduler", "greedy", "--scheduler-subsample", 50, "--max-jobs-per-timespan", "1000/1s"]


def draw(count):
    """Return the inputs of *count* items: lists of four numbers."""
    drawn = random.Random(1)
    return [[drawn.uniform(0.5, 2.0) for _ in NAMES] for _ in range(count)]


def dataset(rows, steps):
    """Return the bytes that every program's dataset must have: float32, a row of inputs and targets for each item."""
    return b"".join(array("f", [*row, *ripple(*row, steps)]).tobytes() for row in rows)


class Program:
    """Cooks items in a folder of its own.

    Attributes
    ----------
    dataset : str
        The merged file that it makes.
    slow : bool
        Whether --slow-repeats counts for it.
    environment : dict
        Environment variables of its command.
    """

    dataset = "dataset.raw"
    slow = False
    environment = {"PYTHON": sys.executable}

    def missing(self):
        """Return what this machine lacks to run it; empty if nothing."""
        return ""


class Geokiln(Program):
    """Batches of items; an item is a primitive of poses.geo."""

    dataset = "dataset/examples.raw"

    def __init__(self, batch_size):
        self.batch_size = batch_size

    def prepare(self, folder, rows, steps):
        write_project(folder, {"source": "poses.geo"}, steps, self.batch_size)
        self._write_geometry(folder, rows)

    def change(self, folder, rows, number, steps):
        self._write_geometry(folder, rows)

    def _write_geometry(self, folder, rows):
        from geokiln.geometry.geo_file import write_geo
        from geokiln.geometry.geometry import Geometry

        attributes = dict(zip(NAMES, zip(*rows, strict=True), strict=True))
        write_geo(folder / "poses.geo", Geometry.from_attributes(attributes))

    def command(self, folder, count):
        return geokiln(folder, "dataset/examples.json")


class FilePerItem(Program):
    """items_in/{number}.txt -> items/{number}.txt -> dataset.raw, by one process per item."""

    files = ["ripple.py", "merge.py"]

    def prepare(self, folder, rows, steps):
        for name in [*FilePerItem.files, *self.files]:
            shutil.copy(FILES / name, folder)
        (folder / "items_in").mkdir()
        (folder / "items").mkdir()
        for number in range(len(rows)):
            self.change(folder, rows, number, steps)

    def change(self, folder, rows, number, steps):
        (folder / f"items_in/{number}.txt").write_text(" ".join(map(repr, [*rows[number], steps])))

    def finish(self, folder, rows, steps):
        """Write what a build would, without the program, by a plain loop."""
        for number, row in enumerate(rows):
            (folder / f"items/{number}.txt").write_text(" ".join(map(repr, [*row, *ripple(*row, steps)])))
        subprocess.run([sys.executable, "merge.py", str(len(rows)), "dataset.raw"], cwd=folder, check=True)


class Make(FilePerItem):
    files = ["Makefile"]

    def missing(self):
        return "" if shutil.which("make") else "there is no make on PATH"

    def command(self, folder, count):
        return ["make", "-j2", f"COUNT={count}"]


class Snakemake(FilePerItem):
    files = ["Snakefile"]

    def __init__(self, options=()):
        self.options = options
        self.slow = not options

    def command(self, folder, count):
        return [sys.executable, "-m", "snakemake", "--cores", "2", *self.options, "--config", f"count={count}"]


class Empty(FilePerItem):
    """A Snakefile without any job: the one file that it asks for is there."""

    files = ["empty.smk"]

    def prepare(self, folder, rows, steps):
        shutil.copy(FILES / "empty.smk", folder)
        (folder / self.dataset).touch()

    def command(self, folder, count):
        return [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", "empty.smk"]


class Dvc(FilePerItem):
    """`dvc repro` runs one stage at a time; it has no option for more."""

    files = ["dvc.yaml"]
    slow = True

    def __init__(self, executable=None):
        self.executable = executable

    def prepare(self, folder, rows, steps):
        super().prepare(folder, rows, steps)
        count = len(rows)
        (folder / "params.yaml").write_text(json.dumps({"count": count, "numbers": list(range(count))}))
        # Nothing of it outside the folder: no configuration of the user's, no state that an earlier run has left.
        places = {f"DVC_{place}_DIR": str(folder / ".home" / place) for place in ("SITE_CACHE", "GLOBAL_CONFIG")}
        self.environment = {**Program.environment, **places, "DVC_NO_ANALYTICS": "1"}
        self.executable = self.executable or shutil.which("dvc") or own_dvc()
        quiet = [["config", f"core.{key}", "false"] for key in ("analytics", "check_update")]
        for command in (["init", "--no-scm"], *quiet):
            seconds([self.executable, *command], folder, **self.environment)

    def command(self, folder, count):
        return [self.executable, "repro"]


def own_dvc():
    """Return the dvc of a virtualenv in the user's cache folder, made if it is not there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "geokiln-benchmarks" / DVC
    if not (folder / "complete").exists():
        print(f"  making {folder} (once)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", DVC], check=True)
        (folder / "complete").touch()
    return str(folder / "bin/dvc")

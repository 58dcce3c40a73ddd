"""What the benchmarks share: Geokiln projects and requests, wall times, Snakemake's records, a growing report."""

import base64
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from peers.files.ripple import ripple

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "scripts"))  # for the package geokiln
FILES = Path(__file__).with_name("peers") / "files"


def geokiln(project, target, checkout=CHECKOUT):
    """Return the command that makes *target* of the project folder, on 2 cores."""
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", Path(checkout, "Snakefile"), "--cores", "2"]
    return [*snakemake, "--directory", project, target]


def seconds(command, folder=CHECKOUT, **environment):
    """Run *command* in *folder* and return its wall time; what it said is shown only if it fails."""
    start = time.perf_counter()
    run = subprocess.run(
        list(map(str, command)), cwd=folder, capture_output=True, text=True, env={**os.environ, **environment}
    )
    took = time.perf_counter() - start
    if run.returncode:
        words = (run.stdout + run.stderr)[-3000:]
        sys.exit(f"{words}\nexit code {run.returncode}: {' '.join(map(str, command))[:500]}")
    return took


def build_environment():
    """Make a dataset of 4 items, so that the environment is built before the clock starts."""
    with tempfile.TemporaryDirectory() as project:
        write_project(Path(project), {"source": "generator", "count": 4}, steps=1)
        seconds(geokiln(project, "dataset/examples.json"))


def write_project(folder, geometry, steps, batch_size=None):
    """Write a Geokiln project of the ripple: *steps* decides how long an item takes."""
    for name in ("generator.py", "ripple.py"):
        shutil.copy(FILES / name, folder)
    config = {
        "generator": {"file": "generator.py", "parameters": {"steps": steps}},
        "geometry": geometry,
        "unseen": {"probe": {"source": "generator", "count": 4, "ground_truth": False}},  # one must be stated
    }
    if batch_size:
        config["work_items"] = {"batch_size": batch_size}
    (folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML


def calibrate(milliseconds):
    """Return the number of steps with which an item of the ripple takes so long here, by the fastest of many calls."""
    times = []
    for _ in range(1000):  # over most of a second, since a shared machine has slow moments
        start = time.perf_counter()
        ripple(1.0, 1.0, 1.0, 1.0, 1000)
        times.append(time.perf_counter() - start)
    return max(1, round(milliseconds / min(times)))


def seconds_by_rule(project):
    """Return the seconds that the jobs of each rule took, from Snakemake's records (one per output file)."""
    jobs = {}
    for path in Path(project, ".snakemake/metadata").rglob("*"):
        if path.is_file():
            record = json.loads(path.read_text())
            name = base64.b64decode(path.name).decode(errors="replace")
            jobs[record["rule"], tuple(record["log"]) or name] = record["endtime"] - record["starttime"]
    rules = defaultdict(float)
    for (rule, _), took in jobs.items():
        rules[rule] += took
    return rules


def print_rules(runs):
    """Print the medians of several results of `seconds_by_rule`."""
    print("seconds of jobs by rule, median (2 run at a time):")
    for rule in sorted(runs[0], key=lambda rule: -runs[0][rule]):
        print(f"  {rule:20} {statistics.median(run[rule] for run in runs):6.1f}")


class Report:
    """Wall times of several programs: each is printed as it is known, and appended to a file as a line of JSON.

    Parameters
    ----------
    path : path or None
        Of the file; None writes none.
    digits : int
        Of seconds after the point.
    **about : facts that every line of the file carries
    """

    def __init__(self, path, digits=2, **about):
        self.path, self.digits, self.about = path, digits, about
        self.walls = defaultdict(list)  # (program, measure) -> seconds

    def add(self, program, measure, took, **more):
        self.walls[program, measure].append(took)
        details = "".join(f", {value} {name}" for name, value in more.items())
        print(f"  {program:18} {measure:14} {took:9.{self.digits}f} s{details}", flush=True)
        if self.path:
            with open(self.path, "a") as file:
                line = {**self.about, "program": program, "measure": measure, "seconds": round(took, 4), **more}
                file.write(json.dumps(line) + "\n")

    def median(self, program, measure):
        """Return the median of the wall times, or None if there is none."""
        walls = self.walls.get((program, measure))
        return statistics.median(walls) if walls else None

    def print_table(self, programs, measures, unit):
        """Print a row for each program: medians, and in brackets how many times that of the program *unit* they are."""
        print(f"\n{'seconds (ratio)':18}" + "".join(f"{measure:>22}" for measure in measures))
        for program in programs:
            cells = []
            for measure in measures:
                wall, one = self.median(program, measure), self.median(unit, measure)
                ratio = f"({wall / one:.2f})" if wall and one else ""
                cells.append(f"{wall:11.{self.digits}f} {ratio:>10}" if wall else f"{'-':>11} {'':10}")
            print(f"{program:18}" + "".join(cells))

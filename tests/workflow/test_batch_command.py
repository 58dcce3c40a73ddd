"""A command that cooks a batch, in real runs that are killed."""

import os
import signal
from collections import Counter

import numpy as np
import pytest

from conftest import wait_until

SETS = "dataset/examples.json"
SIMULATOR = """
# A stand-in for a simulator: it starts slowly, and notes what it is asked for and what it has answered.
import json, os, sys, time
from pathlib import Path

def note(file, id_):
    with open(file, "a") as output:
        output.write(id_ + "\\n")

time.sleep(0.5)
with open(sys.argv[2], "a") as results:
    for item in map(json.loads, Path(sys.argv[1]).read_text().splitlines()):
        note("asked.txt", item["id"])
        time.sleep(0.1)
        if item["id"] == "5":
            sys.exit("no convergence")
        assert "pointcount" in Path(item["geometry"]).read_text()
        targets = {"height": [item["attributes"]["time"], float(item["id"])]}
        results.write(json.dumps({"id": item["id"], "targets": targets}) + "\\n")
        results.flush()
        note("answered.txt", item["id"])
"""


@pytest.mark.slow
def test_after_kills_no_answered_item_is_asked_for_again_and_a_bad_one_costs_itself_alone(fresh_ripple):
    (fresh_ripple / "simulator.py").write_text(SIMULATOR)
    words = ["python3", "simulator.py", "{items}", "{results}"]
    fresh_ripple.configure(
        generator={"command": {"words": words, "outputs": []}},
        geometry={"count": 40},
        work_items={"batch_size": 20, "include": ["geometry"], "failure_share": 0.1},
    )

    def answered():
        path = fresh_ripple / "answered.txt"
        return path.read_text().split() if path.exists() else []

    for kill, count in ((os.killpg, 8), (os.kill, 16)):  # Snakemake with its jobs, then alone: they go on
        process = fresh_ripple.start(SETS, start_new_session=True)
        wait_until(lambda count=count: len(answered()) >= count)
        kill(process.pid, signal.SIGKILL)
        process.wait()
        killed = len(answered())
    told = fresh_ripple.snakemake(SETS)

    assert killed < 39 and "100%" in told
    assert max(Counter(answered()).values()) == 1
    dataset = np.fromfile(fresh_ripple / "dataset/examples.raw", np.float32).reshape(39, -1)
    assert dataset[:, -1].tolist() == [number for number in range(40) if number != 5]
    assert not list((fresh_ripple / ".kept").glob("commands/*/*"))
    assert fresh_ripple.plan(SETS) == {}

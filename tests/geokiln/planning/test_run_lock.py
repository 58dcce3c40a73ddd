import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"
STALE = Path(".snakemake/locks/0.input.lock")
PROGRAM = """
import sys
from geokiln.planning.run_lock import claim_run
claim_run(*sys.argv[1:])
print("claimed", flush=True)
sys.stdin.readline()
"""


def start(*arguments):
    """Start a process that claims the run, says so, and lives until it is told to end."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "claimed\n"
    return process


def claim(*arguments):
    """Claim the run in a process of its own, that ends at once."""
    start(*arguments).communicate("\n")


@pytest.fixture
def running():
    """A function that starts a process that has claimed the run; those that still live are ended after the test."""
    processes = []

    def running():
        processes.append(start())
        return processes[-1]

    yield running
    for process in processes:
        process.kill()
        process.communicate()


def leave_locks():
    STALE.parent.mkdir(parents=True, exist_ok=True)
    for file in (STALE, STALE.with_name("1.output.lock"), STALE.with_name("notes.txt")):
        file.write_text("batches/0-3.npz\n")


def test_stale_locks_alone_are_removed_when_nobody_runs():
    leave_locks()

    claim()

    assert os.listdir(STALE.parent) == ["notes.txt"]


def test_locks_are_kept_while_the_last_of_several_processes_runs(running):
    first, second = running(), running()
    leave_locks()
    first.communicate("\n")

    claim()
    kept = sorted(os.listdir(STALE.parent))
    second.communicate("\n")
    claim()

    assert kept == ["0.input.lock", "1.output.lock", "notes.txt"]
    assert not STALE.exists()


def test_the_lock_of_a_killed_process_is_stale(running):
    process = running()
    leave_locks()
    process.kill()
    process.communicate()

    claim()

    assert not STALE.exists()


def test_another_folder_is_claimed_without_touching_the_locks_of_this_one():
    leave_locks()

    claim("elsewhere/.snakemake")

    assert STALE.exists()

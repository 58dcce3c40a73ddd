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


def leave_lock():
    STALE.parent.mkdir(parents=True, exist_ok=True)
    STALE.write_text("batches/0-3.npz\n")
    STALE.with_name("1.output.lock").write_text("x\n")


def test_a_stale_lock_is_removed_when_nobody_runs():
    leave_lock()

    claim()

    assert os.listdir(STALE.parent) == []


def test_a_folder_without_locks_is_claimed():
    claim()

    assert Path(".snakemake/geokiln/run.lock").exists()


def test_a_lock_is_kept_while_another_process_runs(running):
    running()
    leave_lock()

    claim()

    assert sorted(os.listdir(STALE.parent)) == ["0.input.lock", "1.output.lock"]


def test_a_lock_is_kept_while_the_last_of_several_processes_runs(running):
    first, second = running(), running()
    leave_lock()
    first.communicate("\n")

    claim()
    kept = STALE.exists()
    second.communicate("\n")
    claim()

    assert kept
    assert not STALE.exists()


def test_the_lock_of_a_killed_process_is_stale(running):
    process = running()
    leave_lock()
    process.kill()
    process.communicate()

    claim()

    assert not STALE.exists()


def test_another_folders_lock_is_left_alone():
    leave_lock()

    claim("elsewhere/.snakemake")

    assert STALE.exists()


def test_files_that_are_no_locks_stay():
    leave_lock()
    STALE.with_name("notes.txt").write_text("x")

    claim()

    assert os.listdir(STALE.parent) == ["notes.txt"]

"""The stand-in for HQueue does what test_hqueue.py does not show by itself."""

import pytest

from conftest import wait_until
from farm.hqueue_server import running_server

STUBBORN = "trap '' TERM; while true; do sleep 0.05; done"


def processes(folder):
    """Return the numbers of the two processes that a job writes down, once they are there."""
    path = folder / "processes"
    wait_until(lambda: path.exists() and len(path.read_text().split()) == 2)
    return path.read_text().split()


def alive(process):
    """Return whether a process is there that is no zombie."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("order", ["cancelJobs", "deleteJobs"])
def test_an_order_ends_all_processes_also_those_of_an_earlier_server(server, tmp_path, order):
    command = f"cd {tmp_path}; (echo $BASHPID >> processes; {STUBBORN}) & echo $$ >> processes; sleep 60"
    (job,) = server.proxy.newjob({"name": "a job", "command": command})
    started = processes(tmp_path)
    server.restart()

    getattr(server.proxy, order)([job])

    wait_until(lambda: not any(map(alive, started)))
    assert server.proxy.getJobs([job], ["status"]) == ([{"status": "cancelled"}] if order == "cancelJobs" else [])


@pytest.mark.parametrize("killed", [False, True])
def test_the_end_takes_all_processes_along(tmp_path, killed):
    with running_server(tmp_path) as server:
        server.proxy.newjob({"name": "a job", "command": f"sleep 60 & echo $! $$ > {tmp_path}/processes; wait"})
        started = processes(tmp_path)

        if killed:
            server.kill()

    wait_until(lambda: not any(map(alive, started)))

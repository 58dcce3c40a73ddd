"""How long a command runs, and how much memory its processes hold for themselves."""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple


class Peak(NamedTuple):
    seconds: float
    bytes: int  # the largest that any one process had
    output: str


def peak_anonymous(command, interval=0.005, **options):
    """Run *command* to its end; return its wall time, peak memory and what it printed.

    Memory is RssAnon of /proc/PID/status (Linux): pages that belong to the process alone. Pages of memory-mapped files
    do not count, since the kernel takes them back whenever it needs them. The process and all that descend from it are
    looked at every *interval* seconds; the peak is the largest of a single process. *options* go to subprocess.Popen.

    Raises
    ------
    subprocess.CalledProcessError
        If the command fails; its output is part of the error.
    """
    peak, start = 0, time.perf_counter()
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(list(map(str, command)), stdout=printed, stderr=subprocess.STDOUT, **options)
        while process.poll() is None:
            peak = max([peak, *map(anonymous, family(process.pid))])
            time.sleep(interval)
        seconds = time.perf_counter() - start
        printed.seek(0)
        output = printed.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args, output)
    return Peak(seconds, peak, output)


def family(pid):
    """Return *pid* and the ids of all processes that descend from it."""
    found, children = [pid], Path(f"/proc/{pid}/task").glob("*/children")
    try:
        for child in " ".join(path.read_text() for path in children).split():
            found += family(int(child))
    except OSError:  # it ended meanwhile
        pass
    return found


def anonymous(pid):
    """Return the bytes of RssAnon of a process, 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))

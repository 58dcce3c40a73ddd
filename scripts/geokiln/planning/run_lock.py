"""Tell a stale lock of Snakemake's from a live one."""

import contextlib
import fcntl
import os
from pathlib import Path

_held = []  # open for the life of the process: the kernel frees the lock when it dies, however it dies


def claim_run(folder=".snakemake"):
    """Mark this process as running in the working directory, and clear Snakemake's lock if no other process does.

    Snakemake leaves its lock behind when it is killed (kill -9, power cut) and then refuses to start. Every Snakemake
    that reads this workflow holds a shared lock of the kernel's on ``.snakemake/geokiln/run.lock``; whoever gets it
    exclusively knows that nobody else is running, so that whatever stands in ``.snakemake/locks`` is stale.
    """
    path = Path(folder) / "geokiln" / "run.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = open(path, "w")  # noqa: SIM115 (held open on purpose)
    _held.append(lock)
    with contextlib.suppress(OSError):  # somebody else runs, or the file system has no locks: leave all as it is
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for stale in (Path(folder) / "locks").glob("*.lock"):
            os.unlink(stale)
    with contextlib.suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)

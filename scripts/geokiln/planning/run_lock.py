"""What the start of Snakemake leaves in the project folder: a lock, told from a stale one, or nothing."""

import atexit
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


def leave_nothing(logs, folder=".snakemake"):
    """At the end of a request that only looks, remove what Snakemake wrote down of it.

    That is the *logs*, and an inventory of files (for ``--trust-io-cache``); one that was there before stays.
    """
    inventory = os.path.join(folder, "iocache/latest.pkl")
    for path in [*logs, *([] if os.path.exists(inventory) else [inventory])]:
        atexit.register(Path(path).absolute().unlink, missing_ok=True)

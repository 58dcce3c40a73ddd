"""A Slurm cluster of this machine, by slurm.sh: what tests and benchmarks ask of it."""

import contextlib
import getpass
import os
import re
import subprocess
import tempfile
from pathlib import Path

SCRIPT = Path(__file__).with_name("slurm.sh")


class Cluster:
    """A running cluster.

    Attributes
    ----------
    folder : Path
        Where its logs lie.
    environment : dict
        The environment in which sbatch, squeue and scancel speak to it.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.environment = {
            **os.environ,
            "SLURM_CONF": str(self.folder / "etc/slurm.conf"),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
        }

    def calls(self, client):
        """Return how often a client was called, sbatch or squeue, as its arguments (the first 1,000 characters)."""
        path = self.folder / "log/calls.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.split()[0] == client]

    def forget_calls(self):
        (self.folder / "log/calls.txt").write_text("")

    def jobs(self):
        """Return the numbers of the jobs that wait or run."""
        command = ["/usr/bin/squeue", "--noheader", "--format=%i"]  # not the one that writes its calls down
        done = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True)
        return done.stdout.split()

    def cancel_all(self):
        subprocess.run(["/usr/bin/scancel", f"--user={getpass.getuser()}"], env=self.environment, check=True)

    def states(self):
        """Return how the jobs that ended did: COMPLETED, FAILED, TIMEOUT, CANCELLED."""
        path = self.folder / "log/jobs.txt"
        return re.findall(r"JobState=(\w+)", path.read_text()) if path.exists() else []


@contextlib.contextmanager
def running_cluster(**environment):
    """Start a cluster of this machine, and stop it at the end."""
    settings = {**os.environ, **environment}
    with tempfile.TemporaryDirectory(prefix="slurm", ignore_cleanup_errors=True) as folder:
        try:
            subprocess.run([SCRIPT, "start", folder], env=settings, check=True)
            yield Cluster(folder)
        finally:
            subprocess.run([SCRIPT, "stop", folder], env=settings, check=True)

"""The farm that tests share: it is started once."""

import os
import shutil

import pytest

from farm.farm_project import finished_project
from farm.slurm_cluster import running_cluster


@pytest.fixture(scope="session")
def slurm():
    """A real Slurm on this machine."""
    if not shutil.which("slurmctld", path="/usr/sbin:/usr/bin:/usr/local/sbin"):
        pytest.skip("Slurm is not installed: tests/farm/slurm.sh install (Debian, as root)")
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    with running_cluster(SLURM_TEST_PORT=str(16900 + 20 * worker)) as cluster:  # each worker may have one
        yield cluster


@pytest.fixture(scope="session")
def finished_before_the_farm(projects):
    """A small project with everything built on this machine; tests take a copy."""
    return finished_project(projects / "before_the_farm")

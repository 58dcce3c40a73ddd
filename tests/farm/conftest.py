"""The farm that tests share: it is started once."""

import os
import shutil

import pytest

from farm.farm_project import finished_project
from farm.hqueue_server import running_server
from farm.slurm_cluster import running_cluster


@pytest.fixture(scope="session")
def slurm():
    """A real Slurm on this machine."""
    if not shutil.which("slurmctld", path="/usr/sbin:/usr/bin:/usr/local/sbin"):
        pytest.skip("Slurm is not installed: tests/farm/slurm.sh install (Debian, as root)")
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    with running_cluster(SLURM_TEST_PORT=str(16900 + 20 * worker)) as cluster:  # each worker may have one
        yield cluster


@pytest.fixture
def server(request, tmp_path_factory):
    """The stand-in for HQueue, by default with a client of 4 cpus; a test's parameter are its flags."""
    with running_server(tmp_path_factory.mktemp("hqueue"), *getattr(request, "param", [])) as server:
        yield server


@pytest.fixture(scope="session")
def finished_before_the_farm(projects):
    """A small project with everything built on this machine; tests take a copy."""
    return finished_project(projects / "before_the_farm")

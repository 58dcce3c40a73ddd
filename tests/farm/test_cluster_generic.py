"""Snakemake's own test-suite for executors, of cluster-generic with the profile's commands, on a real Slurm."""

import pytest
import yaml
from snakemake.common.tests import TestWorkflowsLocalStorageBase
from snakemake_executor_plugin_cluster_generic import ExecutorSettings

from conftest import CHECKOUT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("slurm")]


class TestClusterGeneric(TestWorkflowsLocalStorageBase):
    __test__ = True

    @pytest.fixture(autouse=True)
    def on_slurm(self, slurm, monkeypatch):
        for name in ("SLURM_CONF", "PATH"):
            monkeypatch.setenv(name, slurm.environment[name])

    def get_executor(self):
        return "cluster-generic"

    def get_executor_settings(self):
        profile = yaml.safe_load((CHECKOUT / "profiles/cluster-generic/profile.yaml").read_text())
        return ExecutorSettings(
            # The test workflows have neither a runtime nor a GPU, and ask for less memory than Python takes.
            submit_cmd="sbatch --parsable --output=/dev/null --cpus-per-task={threads}",
            status_cmd=profile["cluster-generic-status-cmd"].replace("$GEOKILN_CHECKOUT", str(CHECKOUT)),
            cancel_cmd=profile["cluster-generic-cancel-cmd"],
        )

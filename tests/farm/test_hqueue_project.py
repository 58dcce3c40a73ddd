"""A project on the stand-in HQueue: as on this machine, and after kills."""

import os

import numpy as np
import pytest

from conftest import ALL, copy_project, wait_until
from farm.farm_project import ONCE, SMALL_TUBE, FarmProject

pytestmark = pytest.mark.slow
QUICK = ("--seconds-between-status-checks=1", "--latency-wait=10")
DATASET = "dataset/examples.json"


def on_hqueue(folder, server):
    return FarmProject(folder, "hqueue", {**os.environ, "HQSERVER": server.url}, QUICK)


@pytest.fixture
def project(finished_before_the_farm, server, tmp_path_factory):
    """The finished project after an edit: all is to be cooked again, slowly, on HQueue."""
    copy = copy_project(finished_before_the_farm.folder, tmp_path_factory.mktemp("farm") / "project").folder
    project = on_hqueue(copy, server)
    project.configure(generator={"parameters": {"scale": 2}})
    (project / "slow").touch()
    return project


def unfinished(server):
    return server.proxy.getJobIdsByStatus(server.proxy.getUnfinishedJobStatusNames())


def test_a_small_tube_on_hqueue_has_the_same_predictions_as_on_this_machine(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tube")
    predictions = {}
    for name in ("here", "farm"):
        (folder / name).mkdir()
        (folder / name / "config.yaml").write_text(SMALL_TUBE)
        project = FarmProject(folder / name) if name == "here" else on_hqueue(folder / name, server)
        project.snakemake(ALL)
        predictions[name] = dict(np.load(project / ALL))
        assert project.plan() == {}

    assert predictions["here"].keys() == predictions["farm"].keys()
    for array, values in predictions["here"].items():
        np.testing.assert_array_equal(values, predictions["farm"][array], err_msg=array)
    jobs = server.proxy.getJobs(server.proxy.getJobIdsByStatus(["succeeded"]), ["name"])
    assert len(jobs) == 9  # 2 batches, cook_unseen, merge, preprocess, 2 packs, export, predict
    assert server.proxy.fault_calls()["newjob"] <= 7  # batches and packs go out together


def test_the_main_process_is_killed_and_nothing_is_cooked_twice(project, server):
    process = project.start(DATASET)
    wait_until(lambda: len(project.cooked()) >= 3, seconds=300)
    process.kill()
    process.communicate()

    project.snakemake(DATASET)

    assert project.cooked() == ONCE
    assert unfinished(server) == []
    assert project.plan(DATASET) == {}

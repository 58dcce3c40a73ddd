"""A project on the stand-in HQueue: as on this machine, and after kills."""

import os
import sys

import numpy as np
import pytest
import yaml

from conftest import ALL, CHECKOUT, copy_project, wait_until
from farm.farm_project import ONCE, SMALL_TUBE, FarmProject

pytestmark = pytest.mark.slow
QUICK = ("--seconds-between-status-checks=1", "--latency-wait=10")
DATASET = "dataset/examples.json"
HYTHON = CHECKOUT / "tests/houdini/bin/hython"
COOK_BY_HYTHON = """
import json, os, sys, time
import hou
import numpy as np

os.mkdir("licence")  # fails if another has it
time.sleep(0.2)
item = json.load(open(sys.argv[1]))
np.save(os.path.join(sys.argv[2], "y.npy"), [item["attributes"]["x"] ** 2])
os.rmdir("licence")
"""


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


@pytest.fixture
def hfs(tmp_path):
    """A folder with what Geokiln needs of Houdini's: a Python, and a stand-in for hython."""
    hython = tmp_path / "hfs/bin/hython"
    hython.parent.mkdir(parents=True)
    hython.write_text(f'#!/bin/sh\nSTANDIN_PYTHON={sys.executable} exec {HYTHON} "$@"\n')
    hython.chmod(0o755)
    python = tmp_path / "hfs/python/bin/python3.11"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return tmp_path / "hfs"


@pytest.mark.parametrize("server", [["--resource=sidefx.license.houdini=1"]], indirect=True)
def test_jobs_find_hython_and_the_python_of_hfs_and_take_turns_with_the_licence(
    finished_before_the_farm, server, hfs, tmp_path
):
    project = copy_project(finished_before_the_farm.folder, tmp_path / "project")
    (project / "cook.py").write_text(COOK_BY_HYTHON)
    words = ["hython", "cook.py", "{item}", "{folder}"]
    project.configure(environments={"python": "houdini"}, generator={"command": {"words": words, "outputs": ["y.npy"]}})
    profile = yaml.safe_load((CHECKOUT / "profiles/hqueue/profile.yaml").read_text())
    profile["set-resources"] = {"cook_batch": {"hqueue_resources": "'sidefx.license.houdini=1'"}}
    environment = {**os.environ, "HQSERVER": server.url, "HFS": str(hfs), "PATH": f"{hfs}/bin:{os.environ['PATH']}"}
    (tmp_path / "profile").mkdir()

    def run(**changed):
        (tmp_path / "profile/profile.yaml").write_text(yaml.safe_dump({**profile, **changed}))
        on_farm = FarmProject(project.folder, str(tmp_path / "profile"), environment, QUICK)
        return on_farm.snakemake(DATASET, fails=not changed)

    assert "environments.python: houdini needs $HFS" in run()
    run(**{"hqueue-environment": "HFS,PATH"})

    assert np.load(project / "batches/0-7.npz")["target/y"].shape == (8, 1)

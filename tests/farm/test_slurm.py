"""The same request on a real Slurm: end to end, and what goes wrong on a farm, each after an earlier success."""

import os
import re
import signal
import subprocess

import numpy as np
import pytest

from conftest import ALL, copy_project, wait_until
from farm.farm_project import ONCE, SMALL_TUBE, FarmProject

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("slurm")]  # one worker, one cluster
QUICK = ("--slurm-init-seconds-before-status-checks=1", "--latency-wait=10")
DATASET = "dataset/examples.json"

# Each step takes 0.35 s and is written down; an epoch is one step, and there is an evaluation every 10 epochs.
TRAINING = """
import time

def loss(outputs, targets):
    time.sleep(0.35)
    with open("steps.txt", "a") as steps:
        steps.write("step\\n")
    return (outputs - targets).square().mean()
"""


@pytest.fixture
def project(finished_before_the_farm, slurm, tmp_path_factory):
    """The finished project after an edit: all is to be cooked again, on Slurm."""
    copy = copy_project(finished_before_the_farm.folder, tmp_path_factory.mktemp("farm") / "project").folder
    project = FarmProject(copy, "slurm", slurm.environment, QUICK)
    project.slurm = slurm
    project.configure(generator={"parameters": {"scale": 2}})
    slurm.forget_calls()
    yield project
    slurm.cancel_all()  # after a test that failed
    wait_until(lambda: not slurm.jobs(), seconds=300)


def test_a_small_tube_on_slurm_has_the_same_predictions_as_on_this_machine(slurm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tube")
    predictions = {}
    for name in ("here", "farm"):
        (folder / name).mkdir()
        (folder / name / "config.yaml").write_text(SMALL_TUBE)
        project = FarmProject(folder / name, "slurm" if name == "farm" else None, slurm.environment, QUICK)
        slurm.forget_calls()
        project.snakemake(ALL)
        predictions[name] = dict(np.load(project / ALL))
        assert project.plan() == {}

    assert predictions["here"].keys() == predictions["farm"].keys()
    for array, values in predictions["here"].items():
        np.testing.assert_array_equal(values, predictions["farm"][array], err_msg=array)
    submissions = slurm.calls("sbatch")
    assert len(submissions) == 7  # 2 batches, 2 packs: an array each; cook_unseen, merge, preprocess, export, predict
    assert [re.search(r"--array=(\S+)", call)[1] for call in submissions if "--array" in call] == ["1-2", "1-2"]
    assert sum("--gpus=1" in call for call in submissions) == 1  # of the packs
    cook = next(call for call in submissions if "rule_cook_batch" in call)
    assert "-t 12 " in cook and "--mem 1013 " in cook  # 10 + 12 x 0.1 minutes, 1000 + 12 x 1 MB, 1 for the array


def test_one_changed_primitive_submits_one_batch(project):
    project.build(DATASET)
    project.configure(geometry={"source": "samples.geo"})
    text = (project / "geometry/samples.geo").read_text()
    (project / "samples.geo").write_text(text)
    project.snakemake(DATASET)
    project.slurm.forget_calls()
    before = project.cooked()
    number = re.findall(r"-?0\.\d{6,}", text)[3]

    project.edit("samples.geo", number, "0.123456")
    project.snakemake(DATASET)

    assert [re.search(r"--comment (\S+)", call)[1] for call in project.slurm.calls("sbatch")] == [
        "rule_cook_batch_wildcards_0-7", "rule_merge_dataset",
    ]  # fmt: skip
    assert sum((project.cooked() - before).values()) == 1


def test_a_failing_item_is_named_and_the_others_are_kept(project):
    (project / "broken").touch()
    failed = project.snakemake("--retries=0", ALL, fails=True)
    (project / "broken").unlink()
    assert "the solver blew up" in failed and re.search(r"item.*\b5\b", failed)
    assert project.slurm.jobs() == []
    assert "cook_batch" in project.plan(ALL)

    project.here().snakemake(ALL)  # on this machine: what the farm made counts

    assert project.cooked() == ONCE
    assert project.plan(ALL) == {}


def test_a_job_that_is_cancelled_by_hand_is_reported_and_made_again(project):
    (project / "hung").touch()
    process = project.start("--retries=0", ALL)
    wait_until(
        lambda: len(project.cooked()) >= 13, seconds=300
    )  # all of the other batch, and those before the one that hangs
    project.slurm.cancel_all()
    output, _ = process.communicate()
    assert process.returncode != 0 and "CANCELLED" in output
    (project / "hung").unlink()
    assert "cook_batch" in project.plan(ALL)

    project.here().snakemake(ALL)

    assert project.cooked() == ONCE
    assert project.plan(ALL) == {}


def test_nothing_is_left_running_after_ctrl_c(project):
    (project / "slow").touch()
    process = project.start(DATASET, start_new_session=True)
    wait_until(lambda: len(project.cooked()) >= 3, seconds=300)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()
    assert process.returncode != 0

    wait_until(lambda: not project.slurm.jobs(), seconds=300)
    cooked = sum(project.cooked().values())
    ours = subprocess.run(["pgrep", "-f", str(project.folder)], capture_output=True, text=True)
    assert ours.stdout == ""
    assert cooked < 16

    project.snakemake(DATASET)

    again = project.cooked() - ONCE
    assert sum(again.values()) <= 2  # those in hand, one in each batch
    assert project.cooked().keys() == ONCE.keys()


def test_a_training_over_its_time_limit_goes_on_at_the_next_attempt_and_trains_no_epoch_twice(project):
    epochs = 300  # 115 s; the limit is a minute, and two at the second attempt
    (project / "training.py").write_text(TRAINING)
    project.configure(
        training={"script": "training.py", "epochs": epochs},
        resources={"train": {"minutes": 1, "minutes_per_wedge": 0}},
    )

    output = project.snakemake("wedges/hidden_layers-1/training.json")

    assert "TIMEOUT" in output and "TIMEOUT" in project.slurm.states()
    trials = 2  # of the loss, one before the first epoch of each attempt
    assert (project / "steps.txt").read_text().count("step") == epochs + epochs // 10 + trials
    assert project.plan("wedges/hidden_layers-1/training.json") == {}


@pytest.mark.parametrize("profile", ["slurm", "cluster-generic"])
def test_the_main_process_is_killed_and_nothing_is_cooked_twice(project, profile):
    project.profile, project.flags = profile, QUICK if profile == "slurm" else ()
    (project / "slow").touch()
    process = project.start(DATASET)
    wait_until(lambda: len(project.cooked()) >= 3, seconds=300)
    process.kill()
    process.communicate()

    project.snakemake(DATASET)

    assert project.cooked() == ONCE
    wait_until(lambda: not project.slurm.jobs(), seconds=300)
    assert project.plan(DATASET) == {}

"""Many wedges in packs: which are trained after which edit, and after a kill or a failure."""

import csv
import json
import os
import signal

import onnx
import pytest

from conftest import wait_until

GRID = {"hidden_layers": [1, 2], "weight_decay": [0.0, 0.01], "seed": [0, 1]}


@pytest.fixture
def packed(ripple):
    """The finished tiny example with 8 wedges in 2 packs."""
    ripple.configure(training={"epochs": 40, "schedule": "constant"}, wedges=GRID)
    ripple.build()
    return ripple


def ranked(project):
    return {row["wedge"] for row in csv.DictReader((project / "wedges.csv").read_text().splitlines())}


def results(project):
    """Wedge -> its validation loss."""
    paths = project.folder.glob("wedges/*/training.json")
    return {path.parent.name: json.loads(path.read_text())["validation_loss"] for path in paths}


def test_a_killed_pack_goes_on_and_a_wedge_that_is_asked_for_by_name_is_trained_alone(ripple):
    """After an earlier success, with other data."""
    long = {"epochs": 1500, "epochs_per_evaluation": 50, "save_state": 50, "schedule": "constant"}
    ripple.configure(training=long, wedges={"seed": [0, 1, 2]}, preprocess={"split_seed": 3})
    alone = ripple.build("wedges/seed-1/training.json")
    before = set((ripple / ".kept/states").rglob("[1-9]*.safetensors"))

    def state_of(epoch):
        states = set((ripple / ".kept/states").rglob("[1-9]*.safetensors")) - before
        return any(int(path.stem) >= epoch for path in states)

    process = ripple.start("predictions/all.npz", start_new_session=True)
    wait_until(lambda: state_of(150))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (ripple / "packs/base_0.json").exists()

    built = ripple.build()

    log = (ripple / "logs/train_pack/base_0.log").read_text()
    assert (alone["trained"], built["trained"]) == (1, 2)
    assert "2 of 2 wedges resumed from epoch " in log and "2 trained, 1 reused (seed-0, seed-2)" in log
    assert ripple.plan() == {} and ripple.plan("wedges/seed-1/training.json") == {}
    resumed = results(ripple)
    (ripple / ".kept").rename(ripple / ".kept_before")
    (ripple / "packs/base_0.json").unlink()
    ripple.build()
    assert {wedge: resumed[wedge] for wedge in ("seed-0", "seed-1", "seed-2")} == pytest.approx(
        {wedge: results(ripple)[wedge] for wedge in ("seed-0", "seed-1", "seed-2")}, rel=1e-3
    )


@pytest.mark.slow
def test_after_a_success_a_pack_that_fails_keeps_what_is_finished_and_nothing_old_is_ranked(packed):
    """One pack's results cannot be written; the data are others than before."""
    before = results(packed)
    packed.configure(preprocess={"split_seed": 5})
    packed.build("preprocessed/base/basis.npz")
    packs = packed / "packs"
    for file in packs.iterdir():
        file.unlink()
    packs.rmdir()
    packs.mkdir()
    (packs / ".partial.hidden_layers-2_0.json").mkdir()  # in the way of the file that the job writes last
    failed = packed.build(fails=True)
    (packs / ".partial.hidden_layers-2_0.json").rmdir()

    mended = packed.build()

    assert "train_pack" in failed["output"] and (failed["trained"], mended["trained"]) == (4, 0)
    now = results(packed)
    assert len(now) >= 8 and all(now[wedge] != before[wedge] for wedge in ranked(packed))
    assert packed.plan() == {}


@pytest.mark.slow
def test_halving_drops_the_worst_and_switched_off_trains_the_rest_from_where_they_were(packed):
    packed.configure(selection={"rungs": [10, 20], "eta": 2}, preprocess={"split_seed": 5})
    halved = packed.build()
    rows = list(csv.DictReader((packed / "wedges.csv").read_text().splitlines()))
    again = packed.plan()
    packed.configure(selection={"rungs": [], "eta": 2})
    full = packed.build()

    assert [row["dropped_after"] for row in rows] == ["", "", "20", "20", "10", "10", "10", "10"]
    assert [row["epochs"] for row in rows] == ["40", "40", "20", "20", "10", "10", "10", "10"]
    assert halved["trained"] == 8 + 4 + 2 and again == {}
    assert full["trained"] == 6 and "wedges resumed from epoch 10\n" in "".join(
        path.read_text() for path in packed.folder.glob("logs/train_pack/*.log")
    )
    assert "dropped_after" not in (packed / "wedges.csv").read_text().splitlines()[0]


@pytest.mark.slow
def test_the_best_on_unseen_inputs_is_chosen_where_the_config_says_so_and_the_model_says_it(packed):
    packed.configure(selection={"by": "unseen"})

    built = packed.build()

    rows = list(csv.DictReader((packed / "wedges.csv").read_text().splitlines()))
    errors = [float(row["unseen_rmse_height"]) for row in rows]
    metadata = onnx.load(packed / "model.onnx").metadata_props
    assert built["trained"] == 0 and "judge_wedges" in built["rules"] and packed.plan() == {}
    assert {row["ranked_by"] for row in rows} == {"unseen"} and errors == sorted(errors)
    assert {prop.key: json.loads(prop.value) for prop in metadata}["selected_by"] == "unseen"

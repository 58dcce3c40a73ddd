"""Dry runs: which jobs run, for which config, after which edit."""

import os
import random

import pytest


def test_a_fresh_project_plans_every_stage_once(fresh_ripple):
    fresh_ripple.configure(work_items={"batch_size": 10})

    plan = fresh_ripple.plan()

    plan.pop("build_environment", None)  # there already, or not
    assert plan == {
        "sample_geometry": 1, "sample_unseen": 1, "import_work_items": 1, "import_unseen": 1, "cook_batch": 10,
        "cook_unseen": 1, "merge_dataset": 1, "preprocess": 1, "train_pack": 2, "publish_wedge": 2, "select_wedge": 1,
        "export_model": 1, "predict": 1, "merge_predictions": 1,
    }  # fmt: skip


def test_a_finished_run_has_nothing_left_to_do(ripple):
    assert "missing provenance" not in ripple.snakemake("predictions/all.npz")  # environments of other projects
    assert ripple.plan() == {}
    assert ripple.plan("all") == {}


def test_touching_every_file_leaves_nothing_to_do(tube):
    files = [path for path in tube.folder.rglob("*") if path.is_file() and ".snakemake" not in path.parts]
    random.Random(1).shuffle(files)
    for path in files:
        os.utime(path)

    assert tube.plan() == {}


def test_a_moved_checkout_has_nothing_to_do(tube, finished_tube):
    assert tube.folder != finished_tube.folder
    assert tube.plan() == {}


def test_an_edited_prediction_script_reruns_prediction_and_its_merge_alone(tube):
    with open(tube / "scripts/predict.py", "a") as script:
        script.write("\n# a comment\n")

    assert tube.plan() == {"predict": 2, "merge_predictions": 1}


def test_an_edited_module_reruns_exactly_its_users(tube):
    with open(tube / "scripts/geokiln/selection.py", "a") as module:
        module.write("\n# a comment\n")

    assert tube.plan() == {"select_wedge": 1, "export_model": 1, "predict": 2, "merge_predictions": 1}


def test_a_file_that_is_older_than_the_results_counts_by_its_contents(ripple):
    text = (ripple / "generator.py").read_text().replace("4 * ring", "5 * ring")
    (ripple / "moved.py").write_text(text)
    os.utime(ripple / "moved.py", (1e9, 1e9))
    os.replace(ripple / "moved.py", ripple / "generator.py")  # as mv, rsync -a and tar do

    plan = ripple.plan()

    assert plan["cook_batch"] == 3 and plan["sample_geometry"] == 1


def test_another_order_of_unseen_inputs_merges_them_again(ripple):
    film = {"source": "generator", "count": 24, "ground_truth": True}
    ripple.configure(unseen={"film": film, "show": film})
    ripple.build()
    ripple.configure(unseen={"show": film, "film": film})

    assert ripple.plan() == {"merge_predictions": 1}


def test_one_wedge_can_be_asked_for_alone(fresh_ripple):
    fresh_ripple.configure(wedges={"seed": [1, 2, 3]})
    together = fresh_ripple.snakemake("-n", "wedges.csv")
    alone = fresh_ripple.snakemake("-n", "wedges/seed-2/model.onnx")

    assert "output: packs/base_0.json" in together and "packs/seed-2.json" not in together
    assert "output: packs/seed-2.json" in alone and "base_0" not in alone and "seed-3" not in alone
    assert "rule predict" not in alone


def test_a_data_point_can_be_asked_for_in_every_granularity_and_out_of_range_it_is_named(fresh_ripple):
    for granularity in ("point", "batch", "whole"):
        fresh_ripple.configure(work_items={"granularity": granularity})
        plan = fresh_ripple.plan("data_points/17.npz")
        refused = fresh_ripple.snakemake("--dry-run", "data_points/96.npz", fails=True)

        plan.pop("build_environment", None)
        assert plan == {"sample_geometry": 1, "import_work_items": 1, "cook_point": 1}
        assert "data_points/96.npz: there are 96 data points, 0 to 95" in refused


def test_an_unknown_wedge_or_batch_is_no_target(ripple):
    for target in ("wedges/hidden_layers-9/model.onnx", "predictions/other.npz"):
        assert "No rule to produce" in ripple.snakemake("-n", target, fails=True)
    there_are = "there is no such batch of 96 data points; there are 0-31 to 64-95"
    assert f"batches/0-99.npz: {there_are}" in ripple.snakemake("-n", "batches/0-99.npz", fails=True)


@pytest.mark.parametrize(
    ("lost", "rules"),
    [
        ("geometry/drops.geo", {"sample_geometry", "cook_batch", "train_pack", "merge_predictions"}),
        ("batches/32-63.npz", {"cook_batch", "merge_dataset", "export_model", "merge_predictions"}),
        ("dataset/examples.raw", {"merge_dataset", "preprocess", "merge_predictions"}),
        ("wedges/hidden_layers-1/weights.safetensors", {"publish_wedge", "export_model", "merge_predictions"}),
        ("unseen/film.npz", {"cook_unseen", "predict", "merge_predictions"}),
        ("predictions/errors.csv", {"merge_predictions"}),
    ],
)
def test_a_deleted_file_is_noticed_by_the_dry_run_and_named(ripple, lost, rules):
    os.unlink(ripple / lost)

    assert rules <= set(ripple.plan())
    assert f"Missing for predictions/all.npz: {lost}" in ripple.snakemake("-n", "predictions/all.npz")

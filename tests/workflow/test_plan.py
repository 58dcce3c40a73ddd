"""Dry runs: which jobs run, for which config, after which edit."""

import os

import numpy as np

from geokiln.geometry.geo_file import write_geo
from geokiln.geometry.geometry import Geometry


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
    assert ripple.plan("all") == {}


def test_an_edited_module_reruns_exactly_its_users(tube):
    with open(tube / "scripts/geokiln/wedges/ranking.py", "a") as module:
        module.write("\n# a comment\n")

    assert tube.plan() == {"select_wedge": 1, "export_model": 1, "predict": 2, "merge_predictions": 1}


def test_another_order_of_unseen_inputs_merges_them_again(tube):
    unseen = {"source": "generator", "count": 48, "ground_truth": True}

    tube.configure(unseen={"sway": unseen, "stir": unseen})  # config.yaml names stir first

    assert tube.plan() == {"merge_predictions": 1}


def test_a_file_that_is_older_than_the_results_counts_by_its_contents(ripple):
    text = (ripple / "generator.py").read_text().replace("4 * ring", "5 * ring")
    (ripple / "moved.py").write_text(text)
    os.utime(ripple / "moved.py", (1e9, 1e9))
    os.replace(ripple / "moved.py", ripple / "generator.py")  # as mv, rsync -a and tar do

    plan = ripple.plan()

    assert plan["cook_batch"] == 3 and plan["sample_geometry"] == 1


def test_one_wedge_can_be_asked_for_alone(fresh_ripple):
    fresh_ripple.configure(wedges={"seed": [1, 2, 3]})

    alone = fresh_ripple.snakemake("-n", "wedges/seed-2/model.onnx")

    assert "output: packs/seed-2.json" in alone and "base_0" not in alone and "seed-3" not in alone
    assert "rule predict" not in alone


def test_the_model_in_two_parts_needs_nothing_but_its_wedges(ripple):
    parts = ripple.plan("model_weights.onnx", "basis/height.geo")
    one = ripple.plan("wedges/hidden_layers-1/model_weights.onnx", "wedges/hidden_layers-1/basis/height.geo")

    assert parts == {"export_weights": 1, "export_basis": 1}
    assert one == {"export_wedge_weights": 1, "export_wedge_basis": 1}


def test_a_data_point_can_be_asked_for_in_every_granularity(fresh_ripple):
    for granularity in ("point", "batch", "whole"):
        fresh_ripple.configure(work_items={"granularity": granularity})

        plan = fresh_ripple.plan("data_points/17.npz")

        plan.pop("build_environment", None)
        assert plan == {"sample_geometry": 1, "import_work_items": 1, "cook_point": 1}


def test_an_unknown_wedge_or_batch_is_no_target(ripple):
    there_are = "there is no such batch of 96 data points; there are 0-31 to 64-95"

    unknown = ripple.snakemake("-n", "wedges/hidden_layers-9/model.onnx", fails=True)
    assert "Geokiln: wedges/hidden_layers-9/model.onnx: there is no such target; did you mean wedges/hidd" in unknown
    assert f"batches/0-99.npz: {there_are}" in ripple.snakemake("-n", "batches/0-99.npz", fails=True)


def test_a_packed_file_of_houdinis_tells_its_elements_and_serves_training_and_unseen_inputs(fresh_ripple):
    numbers = np.arange(40.0)
    write_geo(fresh_ripple / "hand.v1.bgeo.sc", Geometry.from_attributes({"strength": numbers, "time": numbers}))

    fresh_ripple.configure(
        geometry={"source": "hand.v1.bgeo.sc"},
        work_items={"batch_size": 10},
        unseen={"film": {"source": "hand.v1.bgeo.sc", "ground_truth": True}},
    )

    plan = fresh_ripple.plan()
    assert (plan["cook_batch"], plan["cook_unseen"]) == (4, 1)


SHAPE_FILES = ["shapes/film.usd", "shapes/film.truth.usd", "shapes/film/ply.json", "shapes/film/geo.json"]


def test_shapes_and_tables_are_made_of_finished_predictions(ripple):
    plan = ripple.plan(*SHAPE_FILES, "predictions/film.csv", "predictions/film.parquet")

    plan.pop("build_environment", None)
    assert plan == {"make_shapes": 2, "write_stage": 2, "write_meshes": 1, "write_table": 2}


def test_a_shape_that_cannot_be_made_is_told_before_anything_is_cooked(fresh_ripple):
    fresh_ripple.edit("generator.py", "def shape(", "def drawn(")

    output = fresh_ripple.snakemake("shapes/film.usd", fails=True)

    assert "Geokiln: shapes/film.usd: generator.py defines no function shape(item, targets), which gives" in output
    assert "sample_geometry" not in output


def test_an_unseen_input_may_be_called_errors(fresh_ripple):
    unseen = {"source": "generator", "count": 2, "ground_truth": True}
    fresh_ripple.configure(unseen={"errors": unseen})

    assert fresh_ripple.plan("predictions/errors.csv")["merge_predictions"] == 1
    assert fresh_ripple.plan("predictions/errors.npz")["predict"] == 1


def test_files_of_other_programs_are_converted_in_an_environment_that_others_do_not_need(fresh_ripple):
    plain = fresh_ripple.snakemake("--dry-run", "predictions/all.npz")
    (fresh_ripple / "runs.parquet").write_bytes(b"PAR1")
    (fresh_ripple / "scan.PLY").write_bytes(b"ply")

    fresh_ripple.configure(
        geometry={"source": "runs.parquet"},
        unseen={
            "scan": {"source": "scan.PLY", "ground_truth": False},
            "film": {"source": "generator", "count": 24, "ground_truth": True},
        },
    )

    assert "formats-" not in plain and "formats-" in fresh_ripple.snakemake("--dry-run", "predictions/all.npz")
    plan = fresh_ripple.plan()
    assert {rule: plan[rule] for rule in ("convert_geometry", "convert_unseen", "sample_unseen", "list_batches")} == {
        "convert_geometry": 1, "convert_unseen": 1, "sample_unseen": 1, "list_batches": 1,
    }  # fmt: skip
    assert "sample_geometry" not in plan
    assert set(fresh_ripple.plan("geometry/drops.npz", "geometry/unseen/scan.bgeo")) - {"build_environment"} == {
        "convert_geometry", "convert_unseen"
    }  # fmt: skip

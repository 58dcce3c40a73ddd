"""Projects whose examples are in a file: what is planned, one real run, and what an edit makes anew."""

import csv
import itertools

import numpy as np
import pytest

from conftest import CHECKOUT, copy_project

NUMBERS = itertools.count()
JOBS = {"read_dataset": 1, "take_test_split": 1, "preprocess": 1, "train_pack": 3, "publish_wedge": 3,
        "select_wedge": 1, "export_model": 1, "predict": 1, "merge_predictions": 1}  # fmt: skip


@pytest.fixture(scope="session")
def finished_diabetes(projects):
    project = copy_project(CHECKOUT / "examples/diabetes", projects / "finished_diabetes")
    project.snakemake("predictions/all.npz")
    return project


@pytest.fixture
def diabetes(finished_diabetes, projects):
    """The example without a generator after a successful run."""
    return copy_project(finished_diabetes.folder, projects / f"diabetes_{next(NUMBERS)}")


@pytest.fixture
def fresh(projects):
    """The same, nothing built, read from a file that needs no library."""
    project = copy_project(CHECKOUT / "examples/diabetes", projects / f"diabetes_{next(NUMBERS)}")
    names, *rows = csv.reader((project / "diabetes.csv").read_text().splitlines())
    table = np.array(rows, float)
    np.savez(project / "diabetes.npz", **dict(zip(names, table.T, strict=True)))
    table.astype("<f4").tofile(project / "data_set.raw")
    project.configure(dataset={"source": "diabetes.npz"})
    return project


def test_a_table_and_a_config_of_a_few_lines_become_a_model_that_is_judged(diabetes):
    with open(diabetes / "predictions/errors.csv", newline="") as file:
        errors = {row["answer"]: float(row["rms"]) for row in csv.DictReader(file)}
    predictions = np.load(diabetes / "predictions/all.npz")

    assert len((diabetes / "config.yaml").read_text().splitlines()) < 12
    assert len(predictions["progression"]) == 64 and set(predictions["source"]) == {"test"}
    assert errors["model"] < 0.9 * errors["mean target"] and errors["nearest example"] > 0  # it does not find itself
    assert diabetes.plan() == {}


@pytest.mark.slow
def test_an_edit_of_the_file_or_of_its_description_makes_anew_what_hangs_on_it(diabetes):
    everything = dict(JOBS)
    description = diabetes.plan("predictions/all.npz", "--config", "dataset={inputs: '* ^sex'}")
    diabetes.edit("diabetes.csv", "59,2,32.1", "58,2,32.1")
    edited = diabetes.plan()
    looked = diabetes.snakemake("-n", "dataset/examples.json")
    (diabetes / "dataset/examples.raw").unlink()

    assert description == edited == everything
    assert "Made from other settings, code or files than today's" in looked and "rule train_pack" not in looked
    assert diabetes.plan("dataset/examples.raw") == {"read_dataset": 1}


def test_a_raw_file_and_unseen_inputs_beside_it_are_planned_without_a_generator(fresh):
    blocks = [{"name": "x", "size": 10}, {"name": "y", "collate": True}]
    raw = {"source": "data_set.raw", "targets": "y", "layout": {"blocks": blocks}}
    fresh.configure(dataset=raw, unseen={"later": {"source": "data_set.raw", "ground_truth": True},
                                         "held_out": {"source": "test", "ground_truth": True}})  # fmt: skip

    plan = fresh.plan()
    fresh.snakemake("unseen/later.npz", "unseen/held_out.npz")

    plan.pop("build_environment", None)
    assert plan == {**JOBS, "read_unseen": 1, "predict": 2}
    later, held_out = (np.load(fresh / f"unseen/{name}.npz") for name in ("later", "held_out"))
    assert later["input/x"].shape == (442, 10)
    assert np.array_equal(later["target/y"][held_out["row"]], held_out["target/y"])
    assert fresh.plan("model.onnx", "--until", "read_dataset") == {}  # it is there


def test_actions_on_cooked_items_and_targets_of_cooking_are_refused_in_a_sentence(fresh):
    said = fresh.snakemake("recook", fails=True)

    assert "Geokiln: recook: nothing is cooked here; dataset.source is diabetes.npz" in said
    assert "geometry/poses.geo: there is no such target" in fresh.snakemake("-n", "geometry/poses.geo", fails=True)


def test_a_bad_row_ends_the_job_with_a_sentence_and_keeps_what_was_made(diabetes):
    before = (diabetes / "model.onnx").read_bytes()
    diabetes.edit("diabetes.csv", "59,2,32.1", "59,2,")

    output = diabetes.snakemake("predictions/all.npz", fails=True)

    assert "diabetes.csv: row 0 (from 0): 'bmi' is missing, or no finite number of float32; work_items.inv" in output
    assert (diabetes / "model.onnx").read_bytes() == before and (diabetes / ".kept/wedges").is_dir()
    dropped = diabetes.build("--config", "work_items={invalid: drop}", "--", "dataset/examples.json")
    assert "read_dataset" in dropped["rules"] and '"dropped": 1' in (diabetes / "dataset/examples.json").read_text()

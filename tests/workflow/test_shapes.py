"""Results back in the scene: made once, and again when what they were made from is another."""

import csv

import numpy as np
import pytest
from pxr import Usd

from conftest import copy_project

TARGETS = ["shapes/film.usd", "shapes/film/ply.json", "predictions/film.csv"]


@pytest.fixture(scope="module")
def finished_shapes(finished_ripple, projects):
    project = copy_project(finished_ripple.folder, projects / "finished_shapes")
    project.snakemake(*TARGETS)
    return project


@pytest.fixture
def shaped(finished_shapes, projects, request):
    """The tiny example with shapes."""
    return copy_project(finished_shapes.folder, projects / request.node.name)


def test_the_predicted_animation_opens_in_usd_with_the_vertices_of_the_predictions(finished_shapes):
    predicted = np.load(finished_shapes / "predictions/all.npz")["height"]
    truth = np.load(finished_shapes / "unseen/film.npz")["target/height"]

    stage = Usd.Stage.Open(str(finished_shapes / "shapes/film.usd"))

    curves = stage.GetPrimAtPath("/film/curves")
    times = curves.GetAttribute("points").GetTimeSamples()
    points = np.array([curves.GetAttribute("points").Get(time) for time in times])
    errors = np.array([curves.GetAttribute("primvars:error").Get(time) for time in times])
    assert len(times) == 24 and np.array_equal(points[..., 1], predicted)
    assert errors == pytest.approx(np.abs(predicted - truth), abs=1e-6)
    with open(finished_shapes / "predictions/film.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [np.float32(row["height_7"]) for row in rows] == predicted[:, 7].tolist()
    assert finished_shapes.plan(*TARGETS) == {}


@pytest.mark.slow
def test_an_edit_of_shape_makes_the_shapes_anew_and_cooks_nothing(shaped):
    shaped.edit("generator.py", "np.zeros_like(height)]", "np.ones_like(height)]")

    result = shaped.build(*TARGETS)

    assert (result["cooked"], result["trained"]) == (0, 0) and "write_stage" in result["rules"]
    stage = Usd.Stage.Open(str(shaped / "shapes/film.usd"))
    assert stage.GetPrimAtPath("/film/curves").GetAttribute("points").Get(24)[0][2] == 1


@pytest.mark.slow
def test_a_lost_frame_is_made_again_with_what_was_made_of_it(shaped):
    (shaped / "shapes/film/prediction.0003.bgeo").unlink()
    assert shaped.plan(*TARGETS) == {"make_shapes": 1, "write_stage": 1, "write_meshes": 1}

    (shaped / "shapes/film/prediction.0004.ply").unlink()
    shaped.build(*TARGETS)

    assert (shaped / "shapes/film/prediction.0003.bgeo").exists()
    assert (shaped / "shapes/film/prediction.0004.ply").exists()
    assert shaped.plan(*TARGETS) == {}


@pytest.mark.slow
def test_a_result_that_lost_its_sidecar_is_named_and_made_again(shaped):
    (shaped / "shapes/film.usd.json").unlink()
    (shaped / "predictions/film.csv.json").unlink()
    (shaped / "predictions/film.csv").write_text("edited by hand")

    looked = shaped.snakemake("-n", *TARGETS)

    lost = "predictions/film.csv.json, shapes/film.usd.json"
    assert f"Missing, though the results that it speaks for are there: {lost}" in looked
    assert shaped.plan(*TARGETS) == {"write_stage": 1, "write_table": 1}
    shaped.build(*TARGETS)
    assert (shaped / "predictions/film.csv").read_text().startswith('"id"')
    assert shaped.plan(*TARGETS) == {}


def test_a_shorter_animation_leaves_no_frames_of_the_longer_one(shaped):
    shaped.configure(unseen={"film": {"source": "generator", "count": 5, "ground_truth": False}})

    shaped.build(*TARGETS)

    frames = sorted(path.name for path in (shaped / "shapes/film").glob("*.ply"))
    assert frames == [f"prediction.000{number}.ply" for number in range(1, 6)]
    assert Usd.Stage.Open(str(shaped / "shapes/film.usd")).GetEndTimeCode() == 5

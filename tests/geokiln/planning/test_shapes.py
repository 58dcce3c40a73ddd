import pytest

from geokiln.planning.shapes import stages_of, why_no_shape

UNSEEN = {"walk": {"ground_truth": True}, "run": {"ground_truth": False}}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"cook"}, ""),
        ({"cook", "shape"}, "walk walk.truth run"),
        ({"shape", "baseline_batch"}, "walk walk.truth walk.baseline run"),
        (None, "walk walk.truth walk.baseline run"),  # only running the generator would tell
    ],
)
def test_stages_are_there_for_each_kind_of_shape_that_can_be_made(names, expected):
    stages = stages_of(names, UNSEEN)

    assert " ".join(stages) == expected
    assert stages.get("walk.truth") in (None, ("walk", "truth"))


NO_SHAPE = "g.py defines no function shape(item, targets), which gives the geometry; predictions/{}.csv is a table of "


@pytest.mark.parametrize(
    ("names", "target", "sentence"),
    [
        ({"cook"}, "shapes/run.usd", NO_SHAPE.format("run")),
        ({"cook"}, "shapes/nobody/ply.json", NO_SHAPE.format("walk")),
        ({"shape"}, "shapes/run.truth.usd", "run has no ground truth, so no truth; ask for shapes/run.usd"),
        ({"shape"}, "shapes/walk.baseline.usd", "g.py defines no function baseline(item); ask for shapes/walk.usd"),
        (
            {"shape"},
            "shapes/walk.ply",
            "frames are made together; ask for shapes/walk/ply.json, and they are put beside",
        ),
        ({"shape"}, "shapes/run/truth.0001.bgeo.sc", "frames are made together; ask for shapes/run/bgeo.sc.json, and"),
        ({"shape"}, "shapes/walk/prediction.pvd", "frames are made together; ask for shapes/walk/vtu.json, and they"),
        ({"shape"}, "shapes/wlak.usd", None),
        ({"shape"}, "predictions/walk.npy", None),
    ],
)
def test_a_shape_that_cannot_be_made_is_told_with_the_reason(names, target, sentence):
    told = why_no_shape(target, "g.py", stages_of(names, UNSEEN), UNSEEN)

    assert told is None if sentence is None else told.startswith(f"{target}: {sentence}")


def test_where_nothing_is_cooked_no_generator_could_say_what_a_prediction_looks_like():
    told = why_no_shape("shapes/walk.usd", None, {}, UNSEEN)

    assert told.startswith(
        "shapes/walk.usd: there is no generator, and so no function shape(item, targets), which gives"
    )

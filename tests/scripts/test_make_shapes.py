"""Shapes of an unseen input, from the generator to the frames that other programs read."""

import json
from pathlib import Path

import meshio
import numpy as np
import pytest
from pxr import Usd

import make_shapes
import write_meshes
import write_stage
import write_table
from geokiln.geometry.geo_file import read_geo
from geokiln.storage.arrays import write_arrays
from geokiln.storage.results import told, write_result

POINTS = "np.stack([np.full(3, item['time']), targets['height'], np.arange(3.0)], axis=1)"
SHAPE = f"""
import numpy as np
from geokiln.api import Geometry, Primitives

def setup(parameters):
    global TRIANGLES
    TRIANGLES = [[0, 1, 2]] * parameters["copies"]

def shape(item, targets):
    return Geometry({POINTS}, Primitives.of(TRIANGLES, closed=True))
"""
FILES = {"cooked": "unseen/walk", "predictions": "predictions/walk", "items": "work_items/unseen/walk"}


@pytest.fixture
def walk(work_items, write):
    """A function that writes items 0 to 4, of which the *numbers* were cooked and predicted, with a generator."""

    def walk(numbers, shape=SHAPE, truth=True):
        write("generator.py", shape)
        work_items("work_items/unseen/walk.npz", range(5))
        ids, heights = np.array(numbers).astype(str), np.float32([[number, 0, 1] for number in numbers])
        given = {"target/height": heights + 1, "baseline/height": heights * 0} if truth else {}
        for folder in ("unseen", "predictions"):
            Path(folder).mkdir(exist_ok=True)
        write_arrays("unseen/walk.npz", {"id": ids, "input/time": np.float32(numbers), **given})
        write_arrays("predictions/walk.npz", {"id": ids, "height": heights})
        for stem in FILES.values():
            write_result(f"{stem}.json", {"items": len(numbers)}, {}, [f"{stem}.npz"])

    return walk


def arguments(suffix="bgeo", **more):
    options = {"generator": "generator.py", "parameters": '{"copies": 1}', "suffix": suffix, **more}
    words = [
        word
        for key, value in {**options, "sidecar": f"shapes/walk/{suffix}.json"}.items()
        for word in (f"--{key}", value)
    ]
    return [*words, *(word for key, stem in FILES.items() for word in (f"--{key}", f"{stem}.npz", f"{stem}.json"))]


def of_frames(suffix="bgeo"):
    return ["--frames", "shapes/walk/bgeo.json", "--suffix", suffix, "--sidecar", f"shapes/walk/{suffix}.json"]


def of_stage(kind="prediction"):
    return ["--frames", "shapes/walk/bgeo.json", "--kind", kind, "--stage", "walk.usd", "--sidecar", "walk.usd.json"]


def there(suffix):
    return sorted(path.name for path in Path("shapes/walk").glob(f"*.{suffix}"))


@pytest.mark.parametrize("suffix", ["bgeo", "bgeo.sc", "geo"])
def test_each_item_has_a_frame_for_each_kind_with_the_distance_from_the_truth(suffix, walk, capsys):
    walk([4, 2])  # the others were left out

    make_shapes.main(arguments(suffix))

    kinds = {kind: read_geo(f"shapes/walk/{kind}.0001.{suffix}") for kind in ("truth", "baseline", "prediction")}
    expected = {"truth": [5, 1, 2], "baseline": [0, 0, 0], "prediction": [4, 0, 1]}
    for kind, heights in expected.items():
        assert kinds[kind].points.tolist() == [[np.float32(0.4), height, z] for z, height in enumerate(heights)]
    assert kinds["prediction"].point_attributes["error"].tolist() == [1, 1, 1]
    assert kinds["baseline"].point_attributes["error"].tolist() == [5, 1, 2]
    assert "error" not in kinds["truth"].point_attributes
    assert read_geo(f"shapes/walk/truth.0002.{suffix}").points[0].tolist() == [np.float32(0.2), 3, 0]
    assert capsys.readouterr().out == f"2 frames of truth, baseline, prediction -> shapes/walk/*.{suffix}\n"
    assert json.loads(Path(f"shapes/walk/{suffix}.json").read_text())["ids"] == ["4", "2"]


def test_without_ground_truth_there_are_predictions_alone_and_frames_of_an_earlier_longer_run_go(walk, write):
    walk([0, 1, 2])
    make_shapes.main(arguments())
    write_meshes.main(of_frames("vtu"))
    write("shapes/walk/mine.0001.bgeo", "")
    write("shapes/walk/.partial.truth.0003.bgeo", "of a killed run")
    walk([0, 1], truth=False)

    make_shapes.main(arguments())
    write_meshes.main(of_frames("vtu"))

    assert there("bgeo") == ["mine.0001.bgeo", "prediction.0001.bgeo", "prediction.0002.bgeo"]
    assert there("vtu") == ["prediction.0001.vtu", "prediction.0002.vtu"] and there("pvd") == ["prediction.pvd"]
    assert "error" not in read_geo("shapes/walk/prediction.0001.bgeo").point_attributes


def test_a_lost_or_edited_frame_is_noticed(walk):
    walk([0, 1])
    make_shapes.main(arguments())
    frame = Path("shapes/walk/truth.0002.bgeo")
    contents = frame.read_bytes()
    assert told("shapes/walk/bgeo.json")[0] is not None

    frame.write_bytes(contents[:-1] + b"x")
    assert told("shapes/walk/bgeo.json")[0] is None
    frame.write_bytes(contents)
    assert told("shapes/walk/bgeo.json")[0] is not None
    frame.unlink()
    assert told("shapes/walk/bgeo.json")[0] is None


OTHER_SIZE = SHAPE.replace(
    "    return", "    if targets['height'][0] == 1: return Geometry([[0, 0, 0]], [])\n    return"
)
BUFFER = """
import numpy as np
from geokiln.api import Geometry

SHAPE = Geometry(np.zeros((3, 3)), [])

def setup(parameters): pass

def shape(item, targets):
    SHAPE.points[:, 1] = targets["height"]
    return SHAPE
"""


def test_a_function_may_give_the_same_geometry_again_and_again(walk):
    walk([0], BUFFER)

    make_shapes.main(arguments())

    assert read_geo("shapes/walk/truth.0001.bgeo").points[:, 1].tolist() == [1, 1, 2]
    assert read_geo("shapes/walk/baseline.0001.bgeo").point_attributes["error"].tolist() == [1, 1, 2]
    assert read_geo("shapes/walk/prediction.0001.bgeo").point_attributes["error"].tolist() == [1, 1, 1]


OWN_ERROR = SHAPE.replace("closed=True)", "closed=True), {'error': np.arange(3)}")


def test_shapes_whose_points_do_not_correspond_have_no_error_and_that_is_said_once(walk, capsys):
    walk([0, 1, 2], OTHER_SIZE)

    make_shapes.main(arguments())

    has_error = [
        "error" in read_geo(f"shapes/walk/prediction.000{number}.bgeo").point_attributes for number in (1, 2, 3)
    ]
    assert has_error == [False, False, True]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == (
        "Geokiln warns: generator.py: shape(item 0, baseline) has 3 points, its truth has 1; such items have no error"
    )
    assert [line.split(",")[1][:12] for line in said[:-1]] == [" baseline) h", " prediction)"]


def test_an_attribute_called_error_of_the_users_own_stays(walk):
    walk([0], OWN_ERROR)

    make_shapes.main(arguments())

    assert read_geo("shapes/walk/prediction.0001.bgeo").point_attributes["error"].tolist() == [0, 1, 2]


WHERE = "make_shapes: generator.py: shape(item 0, truth)"


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [
        ("None", f"{WHERE} gave NoneType; it must give a geokiln.api.Geometry"),
        ("{'P': np.zeros((3, 3))}", f"{WHERE} gave dict; it must give a geokiln.api.Geometry"),
        ("Geometry(np.zeros((3, 2)), [])", f"{WHERE}: points has shape (3, 2); it must be (number of points, 3)"),
        ("Geometry(np.zeros(9), [])", f"{WHERE}: points has shape (9,); it must be (number of points, 3)"),
        ("Geometry([['a', 'b', 'c']], [])", f"{WHERE}: points is not an array of numbers: it holds text"),
        ("Geometry([[0, 0, np.nan], [0, 0, 0]], [])", f"{WHERE}: 1 of 2 points are not finite (NaN, Inf), or masked"),
        (
            "Geometry(np.zeros((3, 3)), [[0, 3]])",
            f"{WHERE}: a primitive has point 3; there are 3 points, counted from 0",
        ),
        (
            "Geometry(np.zeros((3, 3)), [[-1]])",
            f"{WHERE}: a primitive has point -1; there are 3 points, counted from 0",
        ),
        ("Geometry(np.zeros((3, 3)), 5)", f"{WHERE}: primitives are no lists of points ("),
        (
            "Geometry(np.zeros((3, 3)), [], {'v': np.zeros(2)})",
            f"{WHERE}: point attribute 'v' has 2 rows; it needs one for each point: 3",
        ),
        (
            "Geometry(np.zeros((3, 3)), [[0]], {}, {'v': [np.inf]})",
            f"{WHERE}: primitive attribute 'v' is not finite (NaN, Inf) in element 0",
        ),
        (
            "Geometry(np.zeros((3, 3)), [], {'v': [print] * 3})",
            f"{WHERE}: geometry attribute 'v' is not an array of numbers: it holds Python objects",
        ),
        (
            "Geometry(np.zeros((3, 3)), [], {'v': np.ones(3, np.uint16)})",
            f"{WHERE}: geometry attribute 'v' has type uint16; use floats, integers or strings",
        ),
        (
            "Geometry(np.zeros((3, 3)), [], groups={('point', 'tip'): np.ones(2, bool)})",
            f"{WHERE}: point group 'tip' has 2 rows; it needs one for each point: 3",
        ),
        ("targets['heigth']", f"{WHERE} raised KeyError: 'heigth'"),
    ],
)
def test_a_shape_that_is_none_ends_in_a_sentence_and_earlier_ones_stay(returned, sentence, walk, failure):
    walk([0, 1])
    make_shapes.main(arguments())
    walk([0, 1], f"{SHAPE}\ndef shape(item, targets):\n    return {returned}")

    message = failure(make_shapes.main, arguments())

    assert message.startswith(sentence)
    assert len(there("bgeo")) == 6 and told("shapes/walk/bgeo.json")[0] is not None


def test_a_generator_without_shape_is_told(walk, failure):
    walk([0], "x = 1")

    message = failure(make_shapes.main, arguments())

    assert (
        message == "make_shapes: generator.py defines no function shape(item, targets): the Geometry that targets mean"
    )


def test_stage_and_meshes_have_the_points_of_the_frames(walk):
    walk([3, 1])
    make_shapes.main(arguments())

    write_stage.main(of_stage())
    write_meshes.main(of_frames("ply"))

    stage = Usd.Stage.Open("walk.usd")
    points = stage.GetPrimAtPath("/walk/mesh").GetAttribute("points")
    for number, height in [(1, 3), (2, 1)]:
        expected = [[np.float32(height / 10), y, z] for z, y in enumerate([height, 0, 1])]
        assert np.array(points.Get(number)).tolist() == expected
        assert meshio.read(f"shapes/walk/prediction.000{number}.ply").points.tolist() == expected
    assert len(there("ply")) == 6
    assert told("walk.usd.json")[0] is not None and told("shapes/walk/ply.json")[0] is not None


def test_a_kind_that_is_not_there_and_a_damaged_frame_are_named(walk, failure):
    walk([0], truth=False)
    make_shapes.main(arguments())
    Path("shapes/walk/prediction.0001.bgeo").write_bytes(b"damaged")

    assert (
        failure(write_stage.main, of_stage("truth"))
        == "write_stage: walk.usd: there is no truth; there are: prediction"
    )
    for main, words in [(write_stage.main, of_stage()), (write_meshes.main, of_frames("ply"))]:
        Path("shapes/walk/prediction.0001.bgeo").write_bytes(b"damaged")
        assert "prediction.0001.bgeo is damaged (it does not agree with the digest in" in failure(main, words)
    assert not Path("walk.usd").exists() and there("ply") == []


def test_a_table_has_a_row_for_each_item(walk, capsys):
    walk([3, 1])
    words = [
        word for key in ("cooked", "predictions") for word in (f"--{key}", f"{FILES[key]}.npz", f"{FILES[key]}.json")
    ]

    write_table.main([*words, "--table", "predictions/walk.csv", "--sidecar", "predictions/walk.csv.json"])

    assert Path("predictions/walk.csv").read_text().splitlines()[1].startswith('"3",3,3,0,1,4,1,2,1')
    assert capsys.readouterr().out == "2 rows -> predictions/walk.csv\n"

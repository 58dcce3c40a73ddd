"""What is written is read again by Pixar's own library, frame by frame."""

import numpy as np
import pytest
from pxr import Usd, UsdGeom

from geokiln.errors import UserError
from geokiln.formats import written_stage
from geokiln.formats.written_stage import write_stage
from geokiln.geometry.geometry import Geometry
from geokiln.geometry.primitives import Primitives

SQUARE = np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])


def polygons(points, faces, **attributes):
    return Geometry(points, Primitives.of(faces, closed=True), **attributes)


def opened(*geometries, first=1):
    write_stage("walk.usd", "walk", enumerate(geometries, first))
    stage = Usd.Stage.Open("walk.usd")
    return stage, lambda kind, name, frame: values(stage.GetPrimAtPath(f"/walk/{kind}").GetAttribute(name), frame)


def values(attribute, frame):
    return np.array(attribute.Get(frame)).tolist()


def test_a_moving_mesh_has_points_by_frame_and_its_topology_once():
    frames = [polygons(SQUARE * scale, [[0, 1, 2], [0, 2, 3]]) for scale in (1, 2, 3)]

    stage, at = opened(*frames)

    prim = stage.GetPrimAtPath("/walk/mesh")
    mesh = UsdGeom.Mesh(prim)
    assert [at("mesh", "points", frame) for frame in (1, 2, 3)] == [frame.points.tolist() for frame in frames]
    assert prim.GetAttribute("faceVertexIndices").GetNumTimeSamples() == 0
    assert at("mesh", "faceVertexIndices", 2) == [0, 2, 1, 0, 3, 2]  # counterclockwise: Houdini's are clockwise
    assert at("mesh", "extent", 3) == [[0, 0, 0], [3, 3, 0]]
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode(), stage.GetTimeCodesPerSecond()) == (1, 3, 24)
    assert (UsdGeom.GetStageUpAxis(stage), UsdGeom.GetStageMetersPerUnit(stage)) == ("Y", 1)
    assert stage.GetDefaultPrim().GetPath() == "/walk" and mesh.GetOrientationAttr().Get() == "rightHanded"
    assert mesh.GetSubdivisionSchemeAttr().Get() == "none"


def test_what_changes_after_a_while_stays_as_it_was_until_then():
    still, moved = polygons(SQUARE, [[0, 1, 2]]), polygons(SQUARE + 1, [[0, 1, 2], [0, 2, 3]])

    stage, at = opened(still, still, still, moved, moved, still)

    for frame, expected in [(1, still), (2, still), (3, still), (4, moved), (5, moved), (6, still)]:
        assert at("mesh", "points", frame) == expected.points.tolist(), frame
        assert len(at("mesh", "faceVertexCounts", frame)) == len(expected.primitives), frame


def test_attributes_become_primvars_in_the_order_of_what_is_drawn():
    attributes = {
        "point_attributes": {"error": np.float32([0, 1, 2, 3]), "Cd": np.eye(4, 3), "name": np.array(list("abcd"))},
        "vertex_attributes": {"uv": np.arange(18.0).reshape(6, 3)},
        "primitive_attributes": {"id": np.array([7, 2**40]), "rest": np.arange(10).reshape(2, 5)},
        "detail_attributes": {"time": np.array([0.5])},
    }

    stage, _ = opened(polygons(SQUARE, [[0, 1, 2], [0, 2, 3]], **attributes))

    primvars = UsdGeom.PrimvarsAPI(stage.GetPrimAtPath("/walk/mesh"))
    found = {one.GetPrimvarName(): one for one in primvars.GetPrimvarsWithAuthoredValues()}
    told = {name: (one.GetInterpolation(), str(one.GetTypeName())) for name, one in found.items()}
    assert told == {
        "error": ("vertex", "float[]"),
        "displayColor": ("vertex", "color3f[]"),
        "name": ("vertex", "string[]"),
        "st": ("faceVarying", "texCoord2f[]"),
        "id": ("uniform", "int64[]"),
        "rest": ("uniform", "int[]"),
        "time": ("constant", "float[]"),
    }
    assert list(found["name"].Get()) == list("abcd")
    assert [pair[0] for pair in found["st"].Get()] == [0, 6, 3, 9, 15, 12]  # by vertex, as the corners are
    assert (list(found["rest"].Get()), found["rest"].GetElementSize()) == (list(range(10)), 5)
    assert list(found["id"].Get()) == [7, 2**40]


def test_lines_become_curves():
    line = Geometry(SQUARE, [[2, 0], [3, 1, 0]], {"error": np.float32([0, 1, 2, 3])}, {"id": np.array([5, 6])})
    stage, at = opened(line)

    assert at("curves", "points", 1) == SQUARE[[2, 0, 3, 1, 0]].tolist()
    assert at("curves", "curveVertexCounts", 1) == [2, 3]
    assert (at("curves", "primvars:error", 1), at("curves", "primvars:id", 1)) == ([2, 0, 3, 1, 0], [5, 6])
    assert stage.GetPrimAtPath("/walk/curves").GetAttribute("type").Get() == "linear"


def test_points_without_primitives_become_points():
    stage, at = opened(Geometry(SQUARE, [], {"error": np.float32([0, 1, 2, 3])}))

    assert at("points", "points", 1) == SQUARE.tolist() and at("points", "primvars:error", 1) == [0, 1, 2, 3]
    assert [prim.GetName() for prim in stage.GetDefaultPrim().GetChildren()] == ["points"]


def test_what_appears_or_vanishes_between_frames_is_empty_meanwhile():
    mesh = polygons(SQUARE, [[0, 1, 2]], primitive_attributes={"speed": np.ones((1, 3))})
    points = Geometry(SQUARE[:2], [], {"error": np.float32([1, 2]), "name": np.array(["a", "b"])})

    _, at = opened(points, points, mesh, points)

    assert [len(at("mesh", "faceVertexCounts", frame)) for frame in (1, 2, 3, 4)] == [0, 0, 1, 0]
    assert [len(at("mesh", "points", frame)) for frame in (1, 2, 3, 4)] == [0, 0, 4, 0]
    assert [len(at("points", "points", frame)) for frame in (1, 2, 3, 4)] == [2, 2, 0, 2]
    assert [at("mesh", "primvars:speed", frame) for frame in (2, 3, 4)] == [[], [[1, 1, 1]], []]
    assert [at("points", "primvars:error", frame) for frame in (2, 3, 4)] == [[1, 2], [], [1, 2]]


def test_an_attribute_that_some_frames_lack_is_empty_there():
    without, with_error = Geometry(SQUARE, []), Geometry(SQUARE, [], {"error": np.float32([0, 1, 2, 3])})

    _, at = opened(without, with_error, without)

    assert [at("points", "primvars:error", frame) for frame in (1, 2, 3)] == [[], [0, 1, 2, 3], []]


@pytest.mark.parametrize("other", [np.arange(4), np.ones((4, 3)), np.ones((4, 7)), np.array(list("abcd"))])
def test_an_attribute_of_another_type_in_another_frame_is_named(other):
    frames = [Geometry(SQUARE, [], {"speed": array}) for array in (np.ones(4), other)]

    with pytest.raises(UserError) as error:
        opened(*frames)

    assert str(error.value).startswith("attribute 'speed' is float[] of 1 and ")


@pytest.mark.parametrize("first", [1, 1001])
def test_frames_that_are_saved_as_they_come_are_the_same(first, monkeypatch):
    monkeypatch.setattr(written_stage, "UNSAVED_BYTES", 0)
    frames = [polygons(SQUARE + step, [[0, 1, 2]][: step % 2]) for step in range(5)]

    _, at = opened(*frames, first=first)

    for number, geometry in enumerate(frames, first):
        kind = "mesh" if len(geometry.primitives) else "points"
        assert at(kind, "points", number) == geometry.points.tolist()

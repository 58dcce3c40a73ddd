"""A polygon looks outwards here and there: it is turned round when it is read, and again when it is written."""

import meshio
import numpy as np
import pytest
from pxr import Usd, UsdGeom

from geokiln.formats.meshes import read_mesh
from geokiln.formats.stages import read_stage
from geokiln.formats.winding import turned_round
from geokiln.formats.written_meshes import write_mesh
from geokiln.formats.written_stage import write_stage
from geokiln.geometry.geometry import Geometry
from geokiln.geometry.primitives import Primitives

POINTS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)


def test_what_is_noted_of_vertices_goes_with_them_and_turning_twice_is_nothing():
    geometry = Geometry(POINTS, Primitives.of([[0, 1, 2, 3]], closed=True))
    geometry.groups = {("vertex", "last"): np.arange(4) == 3}
    geometry.vertex_attributes = {"number": np.arange(4)}

    turned = turned_round(geometry)

    assert list(turned.primitives) == [[0, 3, 2, 1]]
    assert turned.vertex_attributes["number"].tolist() == [0, 3, 2, 1]
    assert turned.groups["vertex", "last"].tolist() == [False, True, False, False]
    assert list(turned_round(turned).primitives) == [[0, 1, 2, 3]]


def test_lines_keep_their_direction():
    assert list(turned_round(Geometry(POINTS, [[0, 1, 2]])).primitives) == [[0, 1, 2]]


@pytest.mark.parametrize("suffix", ["ply", "vtu"])
def test_a_mesh_that_is_read_and_written_has_the_faces_of_the_file(suffix):
    meshio.Mesh(POINTS, [("quad", [[0, 1, 2, 3]])]).write(f"scan.{suffix}")

    write_mesh(f"again.{suffix}", read_mesh(f"scan.{suffix}"))

    (block,) = meshio.read(f"again.{suffix}").cells
    assert np.array(block.data).tolist() == [[0, 1, 2, 3]]


@pytest.mark.parametrize(
    ("orientation", "scale", "faces"),
    [
        ("rightHanded", 1, [0, 1, 2, 3]),
        ("leftHanded", 1, [0, 3, 2, 1]),
        ("rightHanded", -1, [0, 3, 2, 1]),
        ("leftHanded", -1, [0, 1, 2, 3]),
    ],
)
def test_a_stage_that_is_read_and_written_is_right_handed(orientation, scale, faces):
    stage = Usd.Stage.CreateNew("hand.usda")
    mesh = UsdGeom.Mesh.Define(stage, "/hand")
    mesh.CreatePointsAttr(POINTS)
    mesh.CreateFaceVertexCountsAttr([4])
    mesh.CreateFaceVertexIndicesAttr([0, 1, 2, 3])
    mesh.CreateOrientationAttr(orientation)
    mesh.AddScaleOp().Set((scale, 1, 1))  # -1 is a mirror, which turns the faces round
    UsdGeom.SetStageUpAxis(stage, "Z")
    stage.Save()

    write_stage("again.usda", "hand", [(1, read_stage("hand.usda"))])

    again = Usd.Stage.Open("again.usda")
    written = again.GetPrimAtPath("/hand/mesh")
    assert list(UsdGeom.Mesh(written).GetFaceVertexIndicesAttr().Get()) == faces
    assert UsdGeom.Mesh(written).GetOrientationAttr().Get() == "rightHanded"
    assert (UsdGeom.GetStageUpAxis(again), UsdGeom.GetStageMetersPerUnit(again)) == ("Z", 0.01)

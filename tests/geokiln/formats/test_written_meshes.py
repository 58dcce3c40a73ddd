"""What is written is read again by meshio."""

import warnings
from pathlib import Path
from xml.etree import ElementTree

import meshio
import numpy as np
import pytest

from geokiln.formats.written_meshes import write_collection, write_mesh
from geokiln.geometry.geometry import Geometry
from geokiln.geometry.primitives import Primitives

POINTS = np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 2, 0]])


def read(path, geometry):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_mesh(path, geometry)
    mesh = meshio.read(path)
    assert np.array_equal(mesh.points, geometry.points)
    return mesh


def cells_of(mesh):
    return [(block.type, np.asarray(block.data).tolist()) for block in mesh.cells]


@pytest.mark.parametrize("suffix", ["ply", "vtu"])
def test_polygons_of_all_sizes_are_turned_round(suffix):
    faces = [[0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 4, 3], [0, 2, 3]]

    mesh = read(f"a.{suffix}", Geometry(POINTS, Primitives.of(faces, closed=True)))

    found = [corners for _, block in cells_of(mesh) for corners in block]
    assert found == [[0, 2, 1], [0, 3, 2], [0, 3, 2, 1], [0, 3, 4, 2, 1]]


def test_a_vtu_has_lines_as_segments_and_the_attributes_of_points_and_primitives_that_are_numbers():
    attributes = {"speed": np.arange(15.0).reshape(5, 3), "name": np.array(list("abcde")), "on": np.ones(5, bool)}

    mesh = read("a.vtu", Geometry(POINTS, [[0, 1, 2], [4, 3]], attributes, {"id": np.array([7, 8])}))

    assert cells_of(mesh) == [("line", [[0, 1], [1, 2], [4, 3]])]
    assert mesh.point_data.keys() == {"speed", "on"}
    assert mesh.point_data["speed"].tolist() == attributes["speed"].tolist()
    assert mesh.cell_data["id"][0].tolist() == [7, 7, 8]


def test_a_vtu_of_points_has_cells_of_one_point_which_paraview_shows():
    mesh = read("a.vtu", Geometry(POINTS, [], {"error": np.float32([0, 1, 2, 3, 4])}))

    assert cells_of(mesh) == [("vertex", [[0], [1], [2], [3], [4]])]
    assert mesh.point_data["error"].tolist() == [0, 1, 2, 3, 4]


def test_a_ply_has_a_property_for_each_number_of_a_point():
    attributes = {
        "error": np.float32([0, 1, 2, 3, 4]),
        "N": np.arange(15.0).reshape(5, 3),
        "Cd": np.linspace(0, 1, 15).reshape(5, 3),
        "uv": np.float32([[0, 1]] * 5),
        "id": np.arange(5),
        "far": np.array([2**40, 0, 0, 0, 1]),
        "name": np.array(list("abcde")),
    }

    mesh = read("a.ply", Geometry(POINTS, [], attributes))

    colours = ["red", "green", "blue"]
    assert list(mesh.point_data) == ["error", "nx", "ny", "nz", *colours, "uv_0", "uv_1", "id", "far"]
    assert mesh.point_data["ny"].tolist() == [1, 4, 7, 10, 13]
    assert [mesh.point_data[colour][4] for colour in colours] == [219, 237, 255]
    assert mesh.point_data["far"].tolist() == [2**40, 0, 0, 0, 1]


def test_a_frame_without_points_is_a_file_all_the_same():
    nothing = Geometry(np.zeros((0, 3), np.float32), [], {"speed": np.zeros((0, 3))})

    write_mesh("a.vtu", nothing)

    assert len(read("a.ply", nothing).points) == 0
    piece = ElementTree.parse("a.vtu").find(".//Piece")  # meshio reads no such file
    assert piece.attrib == {"NumberOfPoints": "0", "NumberOfCells": "0"}


def test_a_collection_names_its_files_in_order():
    write_collection("walk.pvd", ["a.0001.vtu", "a.0002.vtu"])

    text = Path("walk.pvd").read_text()
    assert '<DataSet timestep="2" file="a.0002.vtu"/>' in text and text.index("0001") < text.index("0002")

import numpy as np
import pytest

from geokiln.geometry.geometry import Geometry
from geokiln.geometry.outlines import outlines
from geokiln.geometry.primitives import Primitives

CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1.0]])


def volume(points, faces):
    """The volume that triangles enclose: positive if they are counterclockwise from outside."""
    corners = np.asarray(points, float)[faces.points.reshape(-1, 3)]
    return np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6


def geometry(kinds, points=CORNERS, fields=None):
    """A geometry of primitives, (kind, its points) each; no two share a vertex."""
    lists = [list(members) for _, members in kinds]
    primitives = Primitives.of(lists)
    names = sorted({kind for kind, _ in kinds})
    codes = np.array([names.index(kind) for kind, _ in kinds])
    primitives = Primitives(primitives.vertex_points, primitives.vertices, primitives.starts, names, codes, fields)
    return Geometry(points, primitives)


def test_polygons_are_turned_round_and_lines_are_kept():
    shape = geometry([("Polygon", [0, 1, 2, 3]), ("PolygonCurve", [4, 3, 2]), ("Polygon", [2, 1, 0])])

    faces, lines = outlines(shape)

    assert (faces.points.tolist(), faces.sizes.tolist(), faces.owners.tolist()) == (
        [0, 3, 2, 1, 2, 0, 1],
        [4, 3],
        [0, 2],
    )
    assert faces.corners.tolist() == [0, 3, 2, 1, 7, 9, 8]
    assert (lines.points.tolist(), lines.sizes.tolist(), lines.owners.tolist()) == ([4, 3, 2], [3], [1])


def test_what_has_too_few_points_or_no_outline_is_left_out():
    kinds = [("Polygon", [0, 1]), ("PolygonCurve", [2]), ("Sphere", [3]), ("PolygonCurve", []), ("Polygon", [])]

    faces, lines = outlines(geometry(kinds))

    assert len(faces.sizes) == 0
    assert lines.points.tolist() == [0, 1]


def test_a_polygon_soup_gives_its_polygons_by_their_vertices():
    shape = geometry([("PolySoup", [0, 1, 2, 3])], fields={0: {"polyinfo": [[3], [2], [0, 1, 2, 3, 2, 1]]}})

    faces, _ = outlines(shape)

    assert (faces.points.tolist(), faces.owners.tolist()) == ([0, 2, 1, 3, 1, 2], [0, 0])


@pytest.mark.parametrize("second", [[1, 2, 3, 4], [2, 1, 3, 4]], ids=["inside out", "right"])
def test_of_tetrahedra_the_outside_is_seen_whatever_the_order_of_their_points(second):
    shape = geometry([("Tetrahedron", [0, 1, 2, 3]), ("Tetrahedron", second)])

    faces, _ = outlines(shape)

    assert len(faces.sizes) == 6  # two have four sides each, and share one
    assert volume(CORNERS, faces) == pytest.approx(1 / 6 + 1 / 3)
    assert sorted(faces.owners.tolist()) == [0, 0, 0, 1, 1, 1]

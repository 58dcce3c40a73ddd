"""What other programs draw of a geometry: faces and lines.

Houdini's polygons are clockwise seen from outside. The faces here are counterclockwise, as other programs have them.
"""

from dataclasses import dataclass

import numpy as np

from geokiln.geometry.primitives import TETRAHEDRON, Primitives, starts_of

SIDES = np.array([[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]])  # counterclockwise from outside, of a positive volume


@dataclass
class Outlines:
    """Faces or lines.

    Attributes
    ----------
    corners, points : int (n,)
        The vertices of all outlines, one outline after another, and their points.
    sizes : int (n_outlines,)
        How many of these each outline has.
    owners : int (n_outlines,)
        The primitive that each belongs to.
    """

    corners: np.ndarray
    points: np.ndarray
    sizes: np.ndarray
    owners: np.ndarray


def outlines(geometry):
    """Return the faces and the lines of a geometry, two Outlines.

    Faces are closed polygons, the polygons of soups, and the sides of tetrahedra that belong to one tetrahedron only.
    Lines are open polygons of two points or more. Curves of higher degree, spheres, volumes and packed primitives have
    neither.
    """
    primitives = Primitives.of(geometry.primitives)
    numbers = np.arange(len(primitives.vertex_points))  # each vertex as if it were a point: what is found are vertices
    of_vertices = Primitives(
        numbers, primitives.vertices, primitives.starts, primitives.kinds, primitives.codes, primitives.fields
    )
    corners, starts, owners = of_vertices.polygons()
    sizes = np.diff(starts)
    soups = np.array([kind == "PolySoup" for kind in primitives.kinds], bool)[primitives.codes]
    closed = (primitives.closed() | soups)[owners] & (sizes > 2)
    is_face = np.repeat(closed, sizes)
    is_line = np.repeat(~closed & (sizes > 1), sizes)
    sides, whose = _boundary(geometry.points, primitives)
    faces = (
        np.concatenate([reversed_corners(corners[is_face], sizes[closed]), sides.reshape(-1)]),
        np.concatenate([sizes[closed], np.full(len(sides), 3)]),
        np.concatenate([owners[closed], whose]),
    )
    open_ones = ~closed & (sizes > 1)
    lines = corners[is_line], sizes[open_ones], owners[open_ones]
    return tuple(Outlines(part[0], primitives.vertex_points[part[0]], *part[1:]) for part in (faces, lines))


def reversed_corners(corners, sizes):
    """Return the corners of faces, one face after another, the other way round; each face begins where it did."""
    starts = np.repeat(starts_of(sizes)[:-1], sizes)
    place = np.arange(len(corners)) - starts
    return corners[starts + (np.repeat(sizes, sizes) - place) % np.repeat(sizes, sizes)]


def _boundary(points, primitives):
    """Return the vertices (n, 3) of the sides that belong to one tetrahedron only, and the primitive of each."""
    numbers = np.flatnonzero(np.array([kind == TETRAHEDRON for kind in primitives.kinds], bool)[primitives.codes])
    numbers = numbers[np.diff(primitives.starts)[numbers] == 4]
    if not len(numbers):
        return np.zeros((0, 3), np.int64), numbers
    vertices = primitives.vertices[primitives.starts[numbers][:, None] + np.arange(4)]
    corners = np.asarray(points, np.float64)[primitives.vertex_points[vertices]]
    inside_out = np.linalg.det(corners[:, 1:] - corners[:, :1]) < 0
    vertices[inside_out] = vertices[inside_out][:, [0, 2, 1, 3]]
    sides = vertices[:, SIDES].reshape(-1, 3)
    of_points = np.sort(primitives.vertex_points[sides], axis=1)
    _, first, counts = np.unique(of_points, axis=0, return_index=True, return_counts=True)
    outer = np.sort(first[counts == 1])
    return sides[outer], np.repeat(numbers, 4)[outer]

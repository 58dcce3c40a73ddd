"""Cells of meshes as primitives: polygons, curves, tetrahedra; other solids as soups of their faces."""

import itertools
import re

import numpy as np

from geokiln.geometry.primitives import CURVE, POLYGON, TETRAHEDRON, Primitives, check_numbers, starts_of

SOUP = "PolySoup"
SHAPES = {  # kind of primitive, number of corners
    "vertex": (CURVE, 1),
    "line": (CURVE, 2),
    "triangle": (POLYGON, 3),
    "quad": (POLYGON, 4),
    "tetra": (TETRAHEDRON, 4),
    "hexahedron": (SOUP, 8),
    "wedge": (SOUP, 6),
    "pyramid": (SOUP, 5),
}
FACES = {  # of solids, as VTK numbers their corners
    "hexahedron": [[0, 4, 7, 3], [1, 2, 6, 5], [0, 1, 5, 4], [3, 7, 6, 2], [0, 3, 2, 1], [4, 5, 6, 7]],
    "wedge": [[0, 1, 2], [3, 5, 4], [0, 3, 4, 1], [1, 4, 5, 2], [2, 5, 3, 0]],
    "pyramid": [[0, 3, 2, 1], [0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]],
}
KINDS = [POLYGON, CURVE, TETRAHEDRON, SOUP]


def primitives_of(blocks, point_count):
    """Return the primitives of cells, one each, in their order.

    Parameters
    ----------
    blocks : list of (str, array)
        The name of a kind, as meshio has it (``triangle``, ``hexahedron20``), and the points of its cells, int (n, k).
        ``polyhedron`` has a list of faces for each cell, int (k,) each; ``polygon`` and ``curve`` may have lists of any
        lengths.
    point_count : int
        The points that there are.

    Returns
    -------
    tuple
        Primitives, and the names of kinds of a higher order, of which the corners were taken.

    Raises
    ------
    ValueError
        If a kind is not known, or a point is not there.
    """
    points, sizes, codes, fields, curved = [], [], [], {}, []
    for name, cells in blocks:
        kind, rows, faces = _polyhedra(cells) if name.startswith("polyhedron") else _cells(name, cells, curved)
        first, start = len(codes), sum(sizes)
        for number, polygons in enumerate(faces):
            corners = [start + np.asarray(polygon) for polygon in polygons]
            fields[first + number] = {"polyinfo": _polyinfo(corners)}
            start += len(rows[number])
        whole = isinstance(rows, np.ndarray)
        points.append(rows.reshape(-1) if whole else np.fromiter(itertools.chain.from_iterable(rows), np.int64))
        sizes += map(len, rows)
        codes += [KINDS.index(kind)] * len(rows)
    vertex_points = np.concatenate([np.zeros(0, np.int64), *points]).astype(np.int64)
    check_numbers(vertex_points, point_count, "point")
    codes = np.array(codes, np.int64)
    return Primitives(vertex_points, np.arange(len(vertex_points)), starts_of(sizes), KINDS, codes, fields), curved


def _cells(name, cells, curved):
    """Return kind, points (n, k), and the faces of each soup; *curved* gets the kinds of a higher order."""
    if name in ("polygon", "curve"):
        return POLYGON if name == "polygon" else CURVE, cells, []
    shape = re.sub(r"\d+$", "", name)
    if shape not in SHAPES:
        raise ValueError(f"cells of kind {name}")
    kind, corners = SHAPES[shape]
    cells = np.asarray(cells).reshape(len(cells), -1)
    if cells.shape[1] > corners and shape == "line":  # its ends come first, then what lies between
        cells = np.hstack([cells[:, :1], cells[:, 2:], cells[:, 1:2]])
    elif cells.shape[1] > corners:
        curved.append(name)
        cells = cells[:, :corners]
    return kind, cells, [FACES[shape]] * len(cells) if kind == SOUP else []


def _polyhedra(cells):
    """Return kind, the points of each, and the faces of each as numbers of these."""
    rows = [np.unique(np.concatenate(faces)) for faces in cells]
    return SOUP, rows, [[np.searchsorted(row, face) for face in faces] for row, faces in zip(rows, cells)]


def _polyinfo(corners):
    """Return polygons as a soup has them: sizes, how many polygons have each, and the vertices of all."""
    corners = sorted(corners, key=len)
    sizes, times = np.unique([len(polygon) for polygon in corners], return_counts=True)
    return [sizes.tolist(), times.tolist(), np.concatenate(corners)]

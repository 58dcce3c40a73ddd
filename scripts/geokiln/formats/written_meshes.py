"""Geometry as meshes of other programs, through meshio: ``.ply`` and ``.vtu``."""

import math

import meshio
import numpy as np

from geokiln.geometry.outlines import outlines
from geokiln.geometry.primitives import starts_of

CELLS = {3: "triangle", 4: "quad"}  # others are polygons
PLY_NAMES = {"N": ["nx", "ny", "nz"], "Cd": ["red", "green", "blue"], "Alpha": ["alpha"]}


def write_mesh(path, geometry):
    """Write the faces and all points of a geometry to a ``.ply`` or a ``.vtu``.

    A ``.vtu`` holds lines, too, and the attributes of points and primitives that are numbers. A ``.ply`` holds those of
    points, a property for each number: ``error``; ``nx``, ``ny``, ``nz``; ``uv_0``, ``uv_1``.
    """
    path, points = str(path), _plain(np.asarray(geometry.points))
    faces, lines = outlines(geometry)
    cells, owners = _faces(faces)
    numbers = {name: array for name, array in geometry.point_attributes.items() if array.dtype.kind != "U"}
    if path.endswith(".ply"):
        data = {name: column for name, array in numbers.items() for name, column in _columns(name, array)}
        cells = [(kind, corners.astype(np.int32)) for kind, corners in cells]
        meshio.ply.write(path, meshio.Mesh(points, cells, data))
        return
    if len(lines.sizes):
        inner = np.ones(len(lines.points), bool)
        inner[starts_of(lines.sizes)[1:] - 1] = False  # no segment begins at the last point of a line
        starts = np.flatnonzero(inner)
        cells.append(("line", np.stack([lines.points[starts], lines.points[starts + 1]], axis=1)))
        owners.append(np.repeat(lines.owners, lines.sizes - 1))
    if not cells:  # ParaView shows cells alone
        cells, owners = [("vertex", np.arange(len(points))[:, None])], None
    of_primitives = geometry.primitive_attributes.items() if owners else ()
    cell_data = {
        name: [_flat(array[numbers]) for numbers in owners] for name, array in of_primitives if array.dtype.kind != "U"
    }
    point_data = {name: _flat(array) for name, array in numbers.items()}
    meshio.vtu.write(path, meshio.Mesh(points, cells, point_data, cell_data))


def write_collection(path, files):
    """Write a ``.pvd``, which ParaView opens as one animation: *files* are names beside it, a time step each."""
    steps = "".join(f'    <DataSet timestep="{number}" file="{name}"/>\n' for number, name in enumerate(files, 1))
    head = '<?xml version="1.0"?>\n<VTKFile type="Collection" version="0.1">\n  <Collection>\n'
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{head}{steps}  </Collection>\n</VTKFile>\n")


def _faces(faces):
    """Return the faces as cells, (kind, corners (n, size)) for each size, and the primitives of each."""
    starts, cells, owners = starts_of(faces.sizes)[:-1], [], []
    for size in np.unique(faces.sizes).tolist():
        chosen = np.flatnonzero(faces.sizes == size)
        cells.append((CELLS.get(size, "polygon"), faces.points[starts[chosen][:, None] + np.arange(size)]))
        owners.append(faces.owners[chosen])
    return cells, owners


def _columns(name, array):
    """Yield the properties of a .ply that an attribute becomes: name, array (n,)."""
    rows = array.reshape(len(array), math.prod(array.shape[1:]))
    names = PLY_NAMES.get(name, [])
    if len(names) != rows.shape[1]:
        names = [name] if rows.shape[1] == 1 else [f"{name}_{number}" for number in range(rows.shape[1])]
    if name in ("Cd", "Alpha") and rows.dtype.kind == "f":
        rows = np.round(np.clip(rows, 0, 1) * 255).astype(np.uint8)
    for name, column in zip(names, rows.T):
        whole = column.dtype.kind in "iu" and column.dtype.itemsize == 8  # .ply has none
        yield (
            name,
            column.astype(np.float64)
            if whole and np.abs(column).max(initial=0) >= 2**31
            else (column.astype(np.int32) if whole else _plain(column)),
        )


def _flat(array):
    """Return an attribute as an array (n,), or (n, numbers of a row), of a type that meshio writes."""
    rows = _plain(array.reshape(len(array), math.prod(array.shape[1:])))
    return rows[:, 0] if rows.shape[1] == 1 else rows


def _plain(array):
    other = {"b1": np.uint8, "f2": np.float32}.get(array.dtype.str[1:])
    return np.ascontiguousarray(array, other or array.dtype.newbyteorder("="))

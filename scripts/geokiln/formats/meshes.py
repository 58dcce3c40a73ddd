"""Meshes and point clouds of other programs as `Geometry`: through meshio, but for those that it reads in part."""

import contextlib
import io
import itertools
import re
import warnings
from collections import Counter

import meshio
import numpy as np

from geokiln.errors import UserError
from geokiln.formats.cells import primitives_of
from geokiln.formats.finishing import finished
from geokiln.formats.obj import read_obj
from geokiln.formats.ply import read_ply
from geokiln.formats.reading import library_reads
from geokiln.geometry.geometry import Geometry
from geokiln.storage.suffixes import suffix_of
from geokiln.storage.users_files import check_start

OWN = {".obj": read_obj, ".ply": read_ply}  # meshio drops colours, groups, normals and polygons of these
MESHIO = {
    ".inp": meshio.abaqus.read,
    ".msh": meshio.gmsh.read,
    ".off": meshio.off.read,
    ".stl": meshio.stl.read,
    ".vtk": meshio.vtk.read,
    ".vtu": meshio.vtu.read,
}
# What meshio reads in part without a word: a pattern, how often a file may have it, and what is wrong if it has more.
REFUSED = {
    ".inp": [
        (rb"(?im)^\*NODE[ \t]*(,|\r?$)", 1, "it has several *NODE sections; save one"),
        (rb"(?im)^\*INCLUDE\b", 0, "it includes another file; save all in one"),
        (rb"(?im)^\*INSTANCE\b", 1, "it has several instances of parts; save the mesh as one part"),
        (
            rb"(?im)^\*INSTANCE\b.*\n\s*[-+.\d]",
            0,
            "it moves an instance of a part; save the mesh as one part in its place",
        ),
    ],
    ".vtu": [(rb"<Piece\b", 1, "it has several pieces; save one")],
}
# What it leaves out without a word.
LEFT_OUT = {
    ".msh": [(rb"(?m)^\$ElementNodeData", "ElementNodeData"), (rb"(?m)^\$InterpolationScheme", "InterpolationScheme")],
    ".vtk": [(rb"(?m)^COLOR_SCALARS", "COLOR_SCALARS")],
}
DATA = rb'(?m)^\$((?:Node|Element)Data)\s+\d+\s+"?([^"\r\n]*)'


def read_mesh(path):
    """Return the Geometry of a mesh or a point cloud.

    Cells become primitives in their order: triangles, quads and polygons closed polygons, lines open curves, a vertex a
    curve of one point, tetrahedra primitives of that kind; hexahedra, wedges, pyramids and polyhedra, which Houdini has
    not, a soup of their faces each. Of cells of a higher order the corners are taken; the other points stay as points.
    Points without cells are points. Data of points and cells become attributes, sets become groups. Polygons are turned
    round, clockwise as Houdini has them. What has no place is named in a warning.

    Parameters
    ----------
    path : path
        An ``.obj``, ``.ply``, ``.stl``, ``.off``, ``.vtk``, ``.vtu``, ``.msh`` (Gmsh) or ``.inp`` (Abaqus).

    Raises
    ------
    UserError
        If the file is missing, empty, damaged, of another format, or holds no points; names the file.
    """
    path = str(path)
    check_start(path)
    suffix = suffix_of(path).lower()
    if suffix in OWN:
        with library_reads(path, suffix, (ValueError, IndexError, KeyError, OverflowError)):
            geometry, lost = OWN[suffix](path)
        return finished(path, geometry, lost)
    with open(path, "rb") as file:
        data = file.read() if suffix in (*REFUSED, *LEFT_OUT) else b""
    for pattern, most, sentence in REFUSED.get(suffix, ()):
        if sum(1 for _ in itertools.islice(re.finditer(pattern, data), most + 1)) > most:
            raise UserError(f"{path} cannot be read whole: {sentence}")
    lost = [name for pattern, name in LEFT_OUT.get(suffix, ()) if re.search(pattern, data)]
    steps = Counter(re.findall(DATA, data)) if suffix == ".msh" else {}
    lost += [f"the earlier steps of {b' '.join(name).decode(errors='replace')}" for name in steps if steps[name] > 1]
    said = io.StringIO()
    with library_reads(path, suffix), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            mesh = MESHIO[suffix](path)
    with library_reads(path, suffix, (ValueError, IndexError, KeyError)):
        geometry, curved = _geometry(mesh)
    lost += [f"the inner points of {kind} cells, which stay as points" for kind in curved]
    lost += [" ".join(said.getvalue().split())] if said.getvalue().strip() else []
    return finished(path, geometry, lost)


def _geometry(mesh):
    """Return the Geometry of meshio's mesh, and the kinds of its cells of which only corners were taken."""
    primitives, curved = primitives_of([(block.type, block.data) for block in mesh.cells], len(mesh.points))
    firsts = np.cumsum([0, *(len(block.data) for block in mesh.cells)])
    attributes = {name: np.concatenate(parts) for name, parts in mesh.cell_data.items() if len(parts)}
    if sum(block.type.startswith("polyhedron") for block in mesh.cells) > 1:
        attributes = {name: np.empty(len(primitives), object) for name in attributes}  # meshio mixes up whose they are
    groups = {}
    for name, members in mesh.point_sets.items():
        groups["point", name] = _flags(members, len(mesh.points))
    for name, parts in mesh.cell_sets.items():
        if name.startswith("gmsh:"):
            continue  # the entities that bound each
        members = [first + np.asarray(part, np.int64) for first, part in zip(firsts, parts) if part is not None]
        groups["primitive", name] = _flags(np.concatenate([np.zeros(0, np.int64), *members]), len(primitives))
    detail = {}
    for name, value in mesh.field_data.items():
        if "gmsh:physical" not in mesh.cell_data:
            detail[name] = np.asarray(value).reshape(1, -1)
        elif ("primitive", name) not in groups:  # a name for one of these numbers, in cells of one dimension
            dimensions = np.repeat([block.dim for block in mesh.cells], np.diff(firsts))
            groups["primitive", name] = (attributes["gmsh:physical"] == value[0]) & (dimensions == value[1])
    return Geometry(mesh.points, primitives, dict(mesh.point_data), attributes, detail, groups), curved


def _flags(members, count):
    flags = np.zeros(count, bool)
    flags[np.asarray(members, np.int64)] = True
    return flags

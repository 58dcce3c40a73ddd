"""Geometries packed into one: a packed primitive for each, which Houdini unpacks and `packed_geometry` returns."""

import numpy as np

from geokiln.errors import UserError
from geokiln.geometry.geometry import Geometry, rows_of
from geokiln.geometry.primitives import Primitives
from geokiln.geometry.shared_data import EMBEDDED

PACKED = "PackedGeometry"


def packed(geometries, attributes=None):
    """Return a geometry of one packed primitive for each of several geometries.

    Each lies where it lay: pivot and position are the origin. One that is given several times is stored once.

    Parameters
    ----------
    geometries : sequence of n Geometry
    attributes : dict, optional
        Primitive attributes: name -> array (n,) or (n, tuple size).

    Raises
    ------
    UserError
        If an attribute has not a row for each geometry.
    """
    count = len(geometries)
    attributes = {name: rows_of(name, array) for name, array in (attributes or {}).items()}
    for name, array in attributes.items():
        if len(array) != count:
            raise UserError(f"geometry attribute {name!r} has {len(array)} rows; {count} geometries need one each")
    names, shared, fields = {}, [], {}
    for number, geometry in enumerate(geometries):
        if id(geometry) not in names:
            names[id(geometry)] = f"embed:0x{len(names) + 1:x}"
            shared += [EMBEDDED, names[id(geometry)], geometry]
        fields[number] = {
            "parameters": {
                "pointinstancetransform": False,
                "cachedbounds": _bounds(geometry.points),
                "embedded": names[id(geometry)],
            },
            "pivot": [0.0, 0.0, 0.0],
            "transform": np.eye(3).reshape(-1).tolist(),
            "viewportlod": "full",
            "one_vertex": True,
        }
    one_each = Primitives.of_points(count)
    primitives = Primitives(
        one_each.vertex_points, one_each.vertices, one_each.starts, [PACKED], one_each.codes, fields
    )
    kept = {"sharedprimitivedata": [PACKED, shared]} if shared else {}
    return Geometry(np.zeros((count, 3), np.float32), primitives, {}, attributes, kept=kept)


def _bounds(points):
    """Return lowest and highest x, y, z, as Houdini writes them for its viewport."""
    if not len(points):
        return [0.0] * 6
    return np.stack([np.min(points, 0), np.max(points, 0)], 1).reshape(-1).tolist()

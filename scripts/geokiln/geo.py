"""Geometry, and how it is written as Houdini's ASCII JSON geometry (``.geo``).

The format is a list of key, value, key, value ...: counts, topology (the point of each vertex), attributes by owner
and primitives. Described at https://www.sidefx.com/docs/houdini/io/formats/geo.html. Polygons and polylines are read
with their vertices; other primitives (spheres, volumes, packed geometry) keep their number and attributes.
"""

import json
from dataclasses import dataclass, field

import numpy as np

from geokiln.errors import UserError

STORAGE = {"f2": "fpreal16", "f4": "fpreal32", "f8": "fpreal64", "i4": "int32", "i8": "int64"}


@dataclass
class Geometry:
    """Points, primitives and their attributes.

    Attributes
    ----------
    points : float32 (n_points, 3)
        Positions (``P``), in the unit of the scene.
    primitives : list of n_primitives lists of int
        The points of each primitive, in order; empty for one that is neither polygon nor polyline.
    point_attributes, primitive_attributes : dict
        Name -> array (n_points | n_primitives,) or (..., tuple size); numbers or strings.
    detail_attributes : dict
        Attributes of the whole geometry: name -> array (1,) or (1, tuple size).
    groups : dict
        (``point`` or ``primitive``, name) -> bool array (n_points | n_primitives,).
    """

    points: np.ndarray
    primitives: list
    point_attributes: dict = field(default_factory=dict)
    primitive_attributes: dict = field(default_factory=dict)
    detail_attributes: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)

    @classmethod
    def from_attributes(cls, attributes):
        """Return a geometry of one-point primitives that carries only primitive *attributes* (name -> array)."""
        if not attributes:
            raise UserError("there are no geometry attributes; at least one is needed, with a row per primitive")
        arrays = {name: _rows(name, array) for name, array in attributes.items()}
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) != 1:
            raise UserError(f"geometry attributes differ in length ({lengths}); each needs one row per primitive")
        count = next(iter(lengths.values()))
        return cls(np.zeros((count, 3)), [[i] for i in range(count)], {}, arrays)

    def elements(self, element, group=None, where="the geometry"):
        """Return the numbers (n,) and attributes (name -> array (n, ...)) of its primitives, points or itself.

        Points have their position as the attribute ``P``. The whole geometry (``detail``) has the numbers of points
        and primitives as ``pointcount`` and ``primitivecount``.
        """
        if element == "detail":
            if group:
                raise UserError(f"{where}: work_items.group does not go with element: detail")
            counts = {"pointcount": len(self.points), "primitivecount": len(self.primitives)}
            return np.arange(1), {**self.detail_attributes, **{name: np.array([n]) for name, n in counts.items()}}
        if element == "point":
            attributes, count = {"P": self.points, **self.point_attributes}, len(self.points)
        else:
            attributes, count = self.primitive_attributes, len(self.primitives)
        if not group:
            return np.arange(count), attributes
        if (element, group) not in self.groups:
            known = ", ".join(name for kind, name in self.groups if kind == element) or "none"
            raise UserError(f"{where}: there is no {element} group {group!r}; there are: {known}")
        numbers = np.flatnonzero(self.groups[element, group])
        return numbers, {name: array[numbers] for name, array in attributes.items()}


def _rows(name, array):
    """Return an attribute as an array with a row per primitive."""
    try:
        array = np.asarray(array)
    except ValueError:
        raise UserError(f"geometry attribute {name!r} has rows of different lengths") from None
    if array.ndim == 0:
        raise UserError(f"geometry attribute {name!r} is one value; it needs a row per primitive")
    return array


def check_finite(where, name, array, start=0):
    """Raise a UserError that names the first element, counted from *start*, whose numbers are not all finite."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        first = start + np.argwhere(~np.isfinite(array))[0][0]
        raise UserError(f"{where} {name!r} is not finite (NaN, Inf) in element {first}")


def write_geo(path, geometry):
    """Write *geometry* as polylines, readable by Houdini's File node."""
    counts = [len(vertices) for vertices in geometry.primitives]
    document = [
        "fileversion", "20.5.0",
        "hasindex", False,
        "pointcount", len(geometry.points),
        "vertexcount", sum(counts),
        "primitivecount", len(counts),
        "info", {"software": "Geokiln"},
        "topology", ["pointref", ["indices", [int(p) for vertices in geometry.primitives for p in vertices]]],
        "attributes", [
            "pointattributes",
            [_encoded(n, a) for n, a in {"P": np.float32(geometry.points), **geometry.point_attributes}.items()],
            "primitiveattributes",
            [_encoded(n, a) for n, a in geometry.primitive_attributes.items()],
        ],
        "primitives",
        [[["type", "PolygonCurve_run"], ["startvertex", 0, "nprimitives", len(counts), "nvertices", counts]]],
    ]  # fmt: skip
    with open(path, "w", encoding="utf-8") as file:
        file.write("[\n")
        pairs = zip(document[::2], document[1::2])
        file.write(",\n".join(f"{json.dumps(key)},{json.dumps(value, allow_nan=False)}" for key, value in pairs))
        file.write("\n]\n")


def _encoded(name, array):
    """Return the JSON lists of one attribute."""
    array = _rows(name, array)
    size = int(np.prod(array.shape[1:]))
    array = array.reshape(len(array), size)
    if array.dtype.kind == "U":
        strings, indices = np.unique(array, return_inverse=True)
        values = ["size", size, "storage", "int32", *_listed(indices.reshape(array.shape))]
        head = ["scope", "public", "type", "string", "name", name, "options", {}]
        return [head, ["size", size, "storage", "int32", "strings", strings.tolist(), "indices", values]]
    storage = STORAGE.get(array.dtype.str[1:])
    if storage is None:
        raise UserError(f"geometry attribute {name!r} has type {array.dtype}; use floats, integers or strings")
    check_finite("geometry attribute", name, array)
    options = {"type": {"type": "string", "value": "point"}} if name == "P" else {}
    head = ["scope", "public", "type", "numeric", "name", name, "options", options]
    defaults = ["size", 1, "storage", "fpreal64", "values", [0]]
    body = ["size", size, "storage", storage, "defaults", defaults]
    return [head, [*body, "values", ["size", size, "storage", storage, *_listed(array)]]]


def _listed(array):
    """Return the values of an array (n, size) in the encoding that Houdini uses for that size."""
    return ["arrays", [array[:, 0].tolist()]] if array.shape[1] == 1 else ["tuples", array.tolist()]

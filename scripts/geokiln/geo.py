"""Houdini's ASCII JSON geometry (``.geo``): what Geokiln needs of it, read and written.

The format is a list of key, value, key, value ...: counts, topology (the point of each vertex), attributes by owner
and primitives. Described at https://www.sidefx.com/docs/houdini/io/formats/geo.html. Polygons and polylines are read
with their vertices; other primitives (spheres, volumes, packed geometry) keep their number and attributes.
"""

import json
from dataclasses import dataclass, field

import numpy as np

from geokiln.errors import UserError

OWNERS = {"vertex": "vertexattributes", "point": "pointattributes", "primitive": "primitiveattributes"}
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
    """

    points: np.ndarray
    primitives: list
    point_attributes: dict = field(default_factory=dict)
    primitive_attributes: dict = field(default_factory=dict)

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


def _rows(name, array):
    """Return an attribute as an array with a row per primitive."""
    try:
        array = np.asarray(array)
    except ValueError:
        raise UserError(f"geometry attribute {name!r} has rows of different lengths") from None
    if array.ndim == 0:
        raise UserError(f"geometry attribute {name!r} is one value; it needs a row per primitive")
    return array


def _check_finite(where, name, array):
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        first = np.argwhere(~np.isfinite(array))[0][0]
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


def read_geo(path):
    """Return the Geometry in *path*.

    Raises
    ------
    UserError
        If the file is missing, is binary (``.bgeo``), is not JSON, or its counts contradict each other.
    """
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is binary; save it as ASCII geometry (.geo) from Houdini") from None
    except ValueError as error:
        raise UserError(f"{path} is not complete ASCII geometry ({error}); save or make it again") from None
    try:
        document = _pairs(document)
        owners = _pairs(document["attributes"])
        counts = {owner: document[owner + "count"] for owner in OWNERS}
        attributes = {
            owner: dict(_decoded(entry, counts[owner]) for entry in owners.get(key, []))
            for owner, key in OWNERS.items()
        }
        vertex_points = _pairs(_pairs(document["topology"])["pointref"])["indices"]
        if vertex_points and not 0 <= min(vertex_points) <= max(vertex_points) < counts["point"]:
            raise ValueError(f"a vertex of a point that is not there, of {counts['point']}")
        primitives = [vertices for entry in document["primitives"] for vertices in _primitives(entry, vertex_points)]
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise UserError(f"{path} is not Houdini geometry as Geokiln knows it ({error!r})") from None
    for owner in ("point", "primitive"):
        for name, array in attributes[owner].items():
            if len(array) != counts[owner]:
                has = f"{len(array)} values for {counts[owner]} {owner}s"
                raise UserError(f"{path}: {owner} attribute {name!r} has {has}")
    for name, array in attributes["primitive"].items():
        _check_finite(f"{path}: attribute", name, array)
    if len(primitives) != counts["primitive"]:
        raise UserError(f"{path}: holds {len(primitives)} primitives, its header says {counts['primitive']}")
    points = attributes["point"].pop("P", np.zeros((counts["point"], 3), np.float32))
    return Geometry(points, primitives, attributes["point"], attributes["primitive"])


def _pairs(flat):
    """Return the dict of a flat list of key, value, key, value ..."""
    return dict(zip(flat[::2], flat[1::2]))


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
    _check_finite("geometry attribute", name, array)
    options = {"type": {"type": "string", "value": "point"}} if name == "P" else {}
    head = ["scope", "public", "type", "numeric", "name", name, "options", options]
    defaults = ["size", 1, "storage", "fpreal64", "values", [0]]
    body = ["size", size, "storage", storage, "defaults", defaults]
    return [head, [*body, "values", ["size", size, "storage", storage, *_listed(array)]]]


def _listed(array):
    """Return the values of an array (n, size) in the encoding that Houdini uses for that size."""
    return ["arrays", [array[:, 0].tolist()]] if array.shape[1] == 1 else ["tuples", array.tolist()]


def _decoded(entry, count):
    """Return (name, array) of one attribute, whichever of the format's encodings it uses."""
    head, body = _pairs(entry[0]), _pairs(entry[1])
    if head["type"] not in ("numeric", "string"):
        raise UserError(f"attribute {head['name']!r} is of type {head['type']!r}; Geokiln reads numbers and strings")
    if head["type"] == "string":
        strings = np.array([*body["strings"], ""])  # index -1: the empty string
        return head["name"], strings[_values(_pairs(body["indices"]), count).astype(int)]
    return head["name"], _values(_pairs(body["values"]), count)


def _values(body, count):
    size = body["size"]
    dtype = {name: np.dtype(code) for code, name in STORAGE.items()}.get(body["storage"], np.dtype("f8"))
    if "rawpagedata" in body:
        array = _paged(body, dtype, count)
    elif "tuples" in body:
        array = np.array(body["tuples"], dtype).reshape(-1, size)
    else:
        array = np.array(body["arrays"], dtype).T
    return array[:, 0] if size == 1 else array


def _paged(body, dtype, count):
    """Decode pages of up to ``pagesize`` elements; a page holds its sub-vectors (``packing``) one after another.

    A page of a sub-vector that is constant stores one value for all its elements.
    """
    packing, page_size, data = body.get("packing") or [body["size"]], body["pagesize"], body["rawpagedata"]
    flags = body.get("constantpageflags") or [[] for _ in packing]
    pages, used = [], 0
    for page, start in enumerate(range(0, count, page_size)):
        rows = min(page_size, count - start)
        columns = []
        for width, constant in zip(packing, flags):
            length = width if constant and constant[page] else width * rows
            block = np.array(data[used : used + length], dtype).reshape(-1, width)
            columns.append(np.broadcast_to(block, (rows, width)))
            used += length
        pages.append(np.hstack(columns))
    if used != len(data):
        raise ValueError(f"pages of {used} numbers, {len(data)} stored")
    return np.concatenate(pages) if pages else np.zeros((0, body["size"]), dtype)


def _primitives(entry, vertex_points):
    """Yield the points of each primitive of one entry of the primitives section."""
    head, body = _pairs(entry[0]), entry[1]
    if head["type"] == "run":  # older files: one list of fields per primitive, the vertices first
        fields = head["varyingfields"]
        for values in body:
            vertices = values[fields.index("vertex")] if "vertex" in fields else []
            yield [vertex_points[vertex] for vertex in vertices] if isinstance(vertices, list) else []
        return
    body = _pairs(body)
    if not head["type"].endswith("_run"):
        vertices = body.get("vertex", [])
        yield [vertex_points[v] for v in vertices] if isinstance(vertices, list) else []
        return
    counts = body.get("nvertices")
    if counts is None:
        counts = [n for n, times in zip(body["nvertices_rle"][::2], body["nvertices_rle"][1::2]) for _ in range(times)]
    start = body["startvertex"]
    if start + sum(counts) > len(vertex_points):
        raise ValueError(f"primitives of {start + sum(counts)} vertices, {len(vertex_points)} in the topology")
    for count in counts:
        yield vertex_points[start : start + count]
        start += count

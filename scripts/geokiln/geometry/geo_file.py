"""Houdini's ASCII JSON geometry (``.geo``), read and written.

The format is a list of key, value, key, value ...: counts, topology (the point of each vertex), attributes by owner
and primitives. Described at https://www.sidefx.com/docs/houdini/io/formats/geo.html; Houdini itself writes several
encodings of the same thing. Polygons and polylines are read with their vertices; other primitives (spheres, volumes,
packed geometry) keep their number and attributes.
"""

import json

import numpy as np

from geokiln.errors import UserError
from geokiln.geometry.element_count import refuse_other_formats
from geokiln.geometry.geometry import Geometry, check_finite, rows_of

STORAGE = {"f2": "fpreal16", "f4": "fpreal32", "f8": "fpreal64", "i4": "int32", "i8": "int64"}
OWNERS = {
    "vertex": "vertexattributes",
    "point": "pointattributes",
    "primitive": "primitiveattributes",
    "global": "globalattributes",
}


def read_geo(path):
    """Return the Geometry in *path*.

    Raises
    ------
    UserError
        If the file is missing, is binary (``.bgeo``), is not JSON, or its counts contradict each other.
    """
    try:
        with open(path, "rb") as file:
            refuse_other_formats(path, file.read(16))
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
        counts = {owner: 1 if owner == "global" else document[owner + "count"] for owner in OWNERS}
        attributes = {
            owner: dict(_decoded(entry, counts[owner]) for entry in owners.get(key, []))
            for owner, key in OWNERS.items()
        }
        groups = {
            (owner, group["name"]): members
            for owner in ("point", "primitive")
            for group, members in _groups(document.get(f"{owner}groups", []), counts[owner])
        }
        vertex_points = _pairs(_pairs(document["topology"])["pointref"])["indices"]
        if vertex_points and not 0 <= min(vertex_points) <= max(vertex_points) < counts["point"]:
            raise ValueError(f"a vertex of a point that is not there, of {counts['point']}")
        primitives = [vertices for entry in document["primitives"] for vertices in _primitives(entry, vertex_points)]
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise UserError(f"{path} is not Houdini geometry as Geokiln knows it ({error!r})") from None
    for owner in ("point", "primitive", "global"):
        for name, array in attributes[owner].items():
            if len(array) != counts[owner]:
                has = f"{len(array)} values for {counts[owner]} {owner}s"
                raise UserError(f"{path}: {owner} attribute {name!r} has {has}")
    for name, array in attributes["primitive"].items():
        check_finite(f"{path}: attribute", name, array)
    if len(primitives) != counts["primitive"]:
        raise UserError(f"{path}: holds {len(primitives)} primitives, its header says {counts['primitive']}")
    points = attributes["point"].pop("P", np.zeros((counts["point"], 3), np.float32))
    return Geometry(points, primitives, attributes["point"], attributes["primitive"], attributes["global"], groups)


def _pairs(flat):
    """Return the dict of a flat list of key, value, key, value ..."""
    return dict(zip(flat[::2], flat[1::2]))


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


def _groups(entries, count):
    """Yield (description, bool array (count,)) of each group: members in order, or a flag for each element."""
    for head, body in entries:
        selection = _pairs(_pairs(body)["selection"] if "selection" in body else body)
        members = np.zeros(count, bool)
        if "ordered" in selection:
            members[selection["ordered"]] = True
        else:
            encoding, values = selection["unordered"][:2]
            flags = np.repeat(values[1::2], values[::2]) if encoding == "boolRLE" else np.array(values)
            members[:] = flags.astype(bool)
        yield _pairs(head), members


def write_geo(path, geometry):
    """Write *geometry* as polylines, readable by Houdini's File node."""
    counts = [len(vertices) for vertices in geometry.primitives]
    detail = [_encoded(n, a) for n, a in geometry.detail_attributes.items()]
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
            [_encoded(n, a) for n, a in {"P": _positions(geometry.points), **geometry.point_attributes}.items()],
            "primitiveattributes",
            [_encoded(n, a) for n, a in geometry.primitive_attributes.items()],
            *(["globalattributes", detail] if detail else []),
        ],
        "primitives",
        [[["type", "PolygonCurve_run"], ["startvertex", 0, "nprimitives", len(counts), "nvertices", counts]]],
    ]  # fmt: skip
    for owner in ("point", "primitive"):
        groups = [_group(name, members) for (kind, name), members in geometry.groups.items() if kind == owner]
        document += [f"{owner}groups", groups] if groups else []
    with open(path, "w", encoding="utf-8") as file:
        file.write("[\n")
        pairs = zip(document[::2], document[1::2])
        file.write(",\n".join(f"{json.dumps(key)},{json.dumps(value, allow_nan=False)}" for key, value in pairs))
        file.write("\n]\n")


def _positions(points):
    """Return positions as float32, or as they are where that takes away what tells them apart: far from the origin."""
    points = rows_of("P", points)
    rounded = points.astype(np.float32)
    if points.dtype != np.float64 or not len(points):
        return rounded
    lost, extent = np.ptp(points - rounded, 0), np.ptp(points, 0)
    far = (lost > 1e-3 * extent) & (lost > 1e-13 * np.abs(points).max(0))  # beyond float64's own rounding
    return points if far.any() else rounded


def _group(name, members):
    """Return the JSON lists of one group: runs of members and others."""
    runs = []
    for member in np.asarray(members, bool).tolist():
        if runs and runs[-1] == member:
            runs[-2] += 1
        else:
            runs += [1, member]
    return [["name", name], ["selection", ["unordered", ["boolRLE", runs]]]]


def _encoded(name, array):
    """Return the JSON lists of one attribute."""
    array = rows_of(name, array)
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

"""Stanford's .ply, as text or binary: point clouds and polygons, with normals, colours and whatever else they carry."""

import re

import numpy as np

from geokiln.formats.cells import primitives_of
from geokiln.geometry.geometry import Geometry

TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4",
    "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4",
    "int64": "i8", "uint64": "u8", "float32": "f4", "float64": "f8",
}  # fmt: skip
ORDERS = {"ascii": None, "binary_little_endian": "<", "binary_big_endian": ">"}
FACE_POINTS = ("vertex_indices", "vertex_index")
NUMBERS = {"vertex": ("x", "y", "z"), "edge": ("vertex1", "vertex2")}  # of an element, what can be no list
LISTS = {"face": (*FACE_POINTS, "texcoord")}  # and what can be nothing else
TUPLES = {  # attributes of several numbers, and the names under which programs write these
    "N": [("nx", "ny", "nz")],
    "Cd": [("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b")],
    "Alpha": [("alpha",)],
    "uv": [("s", "t"), ("u", "v"), ("texture_u", "texture_v")],
}
MOST_HEADER = 1 << 20


def read_ply(path):
    """Return the Geometry of a .ply, and what of it has no place.

    Faces become polygons, edges curves; without any, it is a point cloud. Normals are ``N``, colours ``Cd`` (0 to 1),
    texture coordinates ``uv`` (of corners: a vertex attribute). Other properties keep their names.

    Raises
    ------
    ValueError
        If it is no .ply, or not complete.
    """
    with open(path, "rb") as file:
        start = file.read(MOST_HEADER)
        header = re.match(rb"ply\s.*?\nend_header[^\n]*\n", start, re.DOTALL)
        if not header:
            raise ValueError("it has no header of a .ply")
        file.seek(header.end())
        order, elements = _elements(header[0].decode("ascii", "replace"))
        _check_kinds(elements)
        source = _Text(file.read()) if order is None else _Binary(file.read(), order)
    tables = {name: _table(source, name, count, properties) for name, count, properties in elements}
    vertex, face, edge = (tables.pop(name, {}) for name in ("vertex", "face", "edge"))
    lost = [f"element {name!r}" for name in tables]
    if not all(axis in vertex for axis in "xyz"):
        raise ValueError("its vertices have no x, y and z")
    points = np.stack([vertex.pop(axis) for axis in "xyz"], 1)
    named = next((name for name in FACE_POINTS if name in face), None)
    if face and not named:
        lost, face = [*lost, "element 'face' (without vertex_indices)"], {}
    if edge and not {"vertex1", "vertex2"} <= edge.keys():
        lost, edge = [*lost, "element 'edge' (without vertex1 and vertex2)"], {}
    polygons = face.pop(named) if named else []
    curves = np.stack([edge.pop("vertex1"), edge.pop("vertex2")], 1) if edge else []
    blocks = [("polygon", polygons), ("curve", curves)]
    primitives, _ = primitives_of([block for block in blocks if len(block[1])], len(points))
    corners = _texture(face, polygons, 2 * len(curves))
    counts = len(polygons), len(curves)
    of_faces, of_edges = _attributes(face, "face", lost), _attributes(edge, "edge", lost)
    attributes = {name: _joined(of_faces, of_edges, name, counts) for name in [*of_faces, *of_edges]}
    return Geometry(points, primitives, _attributes(vertex, "vertex", lost), attributes, {}, {}, corners), lost


def _texture(face, polygons, others):
    """Return the texture coordinates of faces' corners as a vertex attribute, zero for as many *others*."""
    texture = face.get("texcoord", [])
    if not len(texture) or [len(row) for row in texture] != [2 * len(polygon) for polygon in polygons]:
        return {}
    rows = [*map(np.asarray, face.pop("texcoord")), np.zeros(2 * others)]
    return {"uv": np.concatenate(rows).reshape(-1, 2)}


def _elements(header):
    """Return the order of bytes (None: text), and of each element name, count and properties (name, types)."""
    order, elements = "", []
    for line in header.splitlines():
        words = line.split()
        if words[:1] == ["format"]:
            order = ORDERS[words[1]]
        elif words[:1] == ["element"]:
            elements.append((words[1], int(words[2]), []))
        elif words[:1] == ["property"]:
            types = [TYPES[word] for word in (words[2:4] if words[1] == "list" else words[1:2])]
            elements[-1][2].append((words[-1], types))
    if order == "":
        raise ValueError("its header has no format")
    return order, elements


def _check_kinds(elements):
    """Raise a ValueError if a property that means something is a list and must be a number, or the other way round."""
    for element, _, properties in elements:
        for name, types in properties:
            if len(types) > 1 and name in NUMBERS.get(element, ()):
                raise ValueError(f"property {name!r} of element {element!r} is a list; it must be a number")
            if len(types) == 1 and name in LISTS.get(element, ()):
                raise ValueError(f"property {name!r} of element {element!r} is a number; it must be a list")


class _Binary:
    """Numbers in bytes, one after another."""

    def __init__(self, data, order):
        self.data, self.order, self.at = memoryview(data), order, 0

    def rows(self, types, count):
        """Return *count* rows of numbers of some *types*, (name, type, how many), as arrays by name."""
        dtype = np.dtype([(str(number), self.order + kind, (size,)) for number, (_, kind, size) in enumerate(types)])
        end = self.at + count * dtype.itemsize
        if count < 0 or end > len(self.data):
            raise ValueError("it is not complete")
        table = np.frombuffer(self.data[self.at : end], dtype)
        self.at = end
        return {name: table[str(number)].astype(kind) for number, (name, kind, _) in enumerate(types)}


class _Text:
    """Numbers in text, one after another."""

    def __init__(self, data):
        words = data.split()
        self.numbers, self.at = np.array(words, np.float64), 0  # ValueError if one is none

    def rows(self, types, count):
        """Return *count* rows of numbers of some *types*, (name, type, how many), as arrays by name."""
        width = sum(size for _, _, size in types)
        end = self.at + count * width
        if count < 0 or end > len(self.numbers):
            raise ValueError("it is not complete")
        table, columns, start = self.numbers[self.at : end].reshape(count, width), {}, 0
        self.at = end
        for name, kind, size in types:
            columns[name] = table[:, start : start + size].astype(kind)
            start += size
        return columns


def _table(source, name, count, properties):
    """Return the properties of an element: name -> array (count,), or a list of arrays where rows differ in length."""
    if not properties or not count:
        return {one: [] if len(types) > 1 else np.zeros(0, types[0]) for one, types in properties}
    begin = source.at
    lengths = {one: len(row) for one, row in _row(source, properties).items()}
    source.at = begin  # mostly, all lists are as long as the first ones
    types = []
    for one, kinds in properties:
        types += [((one, "count"), kinds[0], 1)] if len(kinds) > 1 else []
        types.append((one, kinds[-1], lengths[one]))
    try:
        table = source.rows(types, count)
        same = all((table.pop((one, "count")) == lengths[one]).all() for one, kinds in properties if len(kinds) > 1)
    except ValueError:
        same = False
    if same:
        return {one: table[one][:, 0] if len(kinds) == 1 else table[one] for one, kinds in properties}
    source.at = begin
    if all(len(kinds) == 1 for _, kinds in properties):
        raise ValueError(f"of its {count} elements {name!r} some are missing")
    table = {one: [] for one, _ in properties}
    for _ in range(count):
        for one, row in _row(source, properties).items():
            table[one].append(row)
    return {one: np.concatenate(table[one]) if len(kinds) == 1 else table[one] for one, kinds in properties}


def _row(source, properties):
    row = {}
    for name, kinds in properties:
        size = int(source.rows([("count", kinds[0], 1)], 1)["count"][0, 0]) if len(kinds) > 1 else 1
        if size < 0:
            raise ValueError(f"a list of {size} numbers")
        row[name] = source.rows([(name, kinds[-1], size)], 1)[name][0]
    return row


def _attributes(table, element, lost):
    """Return the attributes of an element; *lost* gets what is none: lists of different lengths."""
    attributes = {}
    for name, choices in TUPLES.items():
        for parts in choices:
            if all(part in table and np.ndim(table[part]) == 1 for part in parts):
                array = np.stack([table.pop(part) for part in parts], 1)
                scale = np.iinfo(array.dtype).max if name in ("Cd", "Alpha") and array.dtype.kind in "iu" else 1
                attributes[name] = array if scale == 1 else (array / scale).astype(np.float32)
                break
    for name, array in table.items():
        if isinstance(array, list) and len({len(row) for row in array}) > 1:
            lost.append(f"property {name!r} of element {element!r} (lists of different lengths)")
        elif len(array):
            attributes[name] = np.asarray(array)
    return attributes


def _joined(of_faces, of_edges, name, counts):
    """Return an attribute of faces and edges, zero where either lacks it."""
    first, second = of_faces.get(name), of_edges.get(name)
    model = first if first is not None else second
    parts = [np.zeros((count, *model.shape[1:]), model.dtype) for count in counts]
    return np.concatenate([part if given is None else given for given, part in zip((first, second), parts)])

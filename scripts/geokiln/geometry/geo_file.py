"""Houdini's geometry files, read and written: JSON, as text (``.geo``) or in binary (``.bgeo``), packed or not.

A document is a list of key, value, key, value ...: counts, topology (the point of each vertex), attributes by owner
and primitives. Described at https://www.sidefx.com/docs/houdini/io/formats/geo.html; Houdini itself writes several
encodings of the same thing.
"""

import gzip
import json
import os

import numpy as np

from geokiln.errors import UserError
from geokiln.geometry import binary_json, scf
from geokiln.geometry.attributes import EXPANDED, NotRead, attribute_entry, read_attribute
from geokiln.geometry.geometry import Geometry, rows_of
from geokiln.geometry.groups import edge_group_entry, group_entry, read_edge_groups, read_groups
from geokiln.geometry.layers import read_document
from geokiln.geometry.pairs import pairs
from geokiln.geometry.primitives import Primitives, check_numbers, whole_numbers
from geokiln.geometry.read_primitives import read_primitives
from geokiln.geometry.written_primitives import primitive_entries
from geokiln.storage.suffixes import suffix_of

OWNERS = {
    "vertex": "vertexattributes",
    "point": "pointattributes",
    "primitive": "primitiveattributes",
    "global": "globalattributes",
}
MOST_GROWTH = 64  # of a file that is an attribute in memory: packed ones, and pages of one value, grow much
MALFORMED = (KeyError, TypeError, IndexError, ValueError, AttributeError, OverflowError)


def read_geo(path):
    """Return the Geometry in *path*, whatever its extension says.

    What has no array is kept in ``Geometry.kept``.

    Raises
    ------
    UserError
        If the file is missing, is of another format, is damaged, or its counts contradict each other.
    """
    document = read_document(path)
    try:
        geometry = geometry_of(document, max(EXPANDED, MOST_GROWTH * os.path.getsize(path)))
    except MALFORMED as error:
        raise UserError(f"{path} is not Houdini geometry as Geokiln knows it ({_reason(error)})") from None
    except MemoryError:
        raise UserError(f"{path} needs more memory than there is") from None
    return geometry


def geometry_of(document, most=1 << 30):
    """Return the Geometry of a parsed document: of a file, or one that is packed in another.

    *most* bytes are what one of its attributes may have.

    Raises
    ------
    KeyError, TypeError, IndexError, ValueError, AttributeError, OverflowError
        If it is no geometry, or contradicts itself.
    """
    document = pairs(document)
    counts = {owner: 1 if owner == "global" else _count(document, owner) for owner in OWNERS}
    vertex_points = whole_numbers(pairs(pairs(document["topology"])["pointref"])["indices"])
    if len(vertex_points) != counts["vertex"]:
        raise ValueError(f"it holds {len(vertex_points)} vertices, its header says {counts['vertex']}")
    check_numbers(vertex_points, counts["point"], "point")
    attributes, options, kept = _attributes(pairs(document["attributes"]), counts, most)
    primitives = read_primitives(document["primitives"], vertex_points)
    if len(primitives) != counts["primitive"]:
        raise ValueError(f"it holds {len(primitives)} primitives, its header says {counts['primitive']}")
    groups = {
        (owner, name): members
        for owner in ("point", "vertex", "primitive")
        for name, members in read_groups(document.get(f"{owner}groups", []), counts[owner])
    }
    for name, edges in read_edge_groups(document.get("edgegroups", []), counts["point"]):
        groups["edge", name] = edges
    if "sharedprimitivedata" in document:
        kept["sharedprimitivedata"] = document["sharedprimitivedata"]
    points = attributes["point"].pop("P", None)
    if points is None:
        points = np.broadcast_to(np.zeros(3, np.float32), (counts["point"], 3))  # takes no memory, whatever is claimed
    if points.ndim != 2 or points.shape[1] not in (3, 4):
        raise ValueError(f"positions of shape {points.shape}")
    if points.shape[1] == 4 and (points[:, 3] != 1).any():  # the weight of rational curves, up to Houdini 14
        attributes["point"]["Pw"] = points[:, 3]
    owners = (attributes[owner] for owner in ("point", "primitive", "global"))
    return Geometry(points[:, :3], primitives, *owners, groups, attributes["vertex"], options, kept)


def _count(document, owner):
    count = document[f"{owner}count"]
    if count != int(count) or count < 0:
        raise ValueError(f"{count!r} as {owner}count")
    return int(count)


def _attributes(sections, counts, most):
    """Return the attributes by owner, what is noted of them, and the entries of those that have no array."""
    attributes, options, kept = {owner: {} for owner in OWNERS}, {}, {}
    for owner, key in OWNERS.items():
        for entry in sections.get(key, []):
            name = pairs(entry[0])["name"]
            try:
                attributes[owner][name] = read_attribute(entry, counts[owner], most)[1]
                if pairs(entry[0]).get("options"):
                    options[owner, name] = pairs(entry[0])["options"]
            except NotRead:
                kept[owner, name] = entry
            except MALFORMED as error:
                raise ValueError(f"{owner} attribute {name!r}: {_reason(error)}") from None
    return attributes, options, kept


def _reason(error):
    """Return what is wrong, as a part of a sentence."""
    return f"it has no {error.args[0]!r}" if isinstance(error, KeyError) and error.args else str(error)


def write_geo(path, geometry):
    """Write a geometry as ASCII (``.geo``), in binary (``.bgeo``), or packed (``.bgeo.sc``, ``.bgeo.gz``).

    What was read comes back the same. Houdini documents all these formats; the binary ones that are written here were
    not opened in it yet.

    Raises
    ------
    UserError
        If an attribute is neither floats, integers nor texts, or, in ASCII, is not finite; names it.
    """
    suffix = suffix_of(path)
    if suffix.startswith(".bgeo"):
        data = binary_json.dump(document_of(geometry, binary=True))
    else:
        data = _text(document_of(geometry)).encode()
    if suffix.endswith("sc"):
        data = scf.packed(data)
    elif suffix.endswith("gz"):
        data = gzip.compress(data, mtime=0)
    with open(path, "wb") as file:
        file.write(data)


def _text(document):
    lines = (
        f"{json.dumps(key)},{json.dumps(value, allow_nan=False, default=_listed)}"
        for key, value in zip(document[::2], document[1::2])
    )
    return "[\n" + ",\n".join(lines) + "\n]\n"


def document_of(geometry, binary=False):
    """Return the document of a geometry for a text or a *binary* file, with numpy arrays for lists of numbers."""
    primitives = Primitives.of(geometry.primitives)
    positions = {"P": _positions(geometry.points)}
    owners = {
        "vertex": geometry.vertex_attributes,
        "point": {**positions, **geometry.point_attributes},
        "primitive": geometry.primitive_attributes,
        "global": geometry.detail_attributes,
    }
    attributes = []
    for owner, key in OWNERS.items():
        entries = [
            attribute_entry(name, array, binary, geometry.options.get((owner, name)))
            for name, array in owners[owner].items()
        ]
        entries += [entry for kept, entry in geometry.kept.items() if kept[0] == owner and isinstance(kept, tuple)]
        attributes += [key, entries] if entries else []
    document = [
        "fileversion", "20.5.0",
        "hasindex", False,
        "pointcount", len(geometry.points),
        "vertexcount", len(primitives.vertex_points),
        "primitivecount", len(primitives),
        "info", {"software": "Geokiln"},
        "topology", ["pointref", ["indices", primitives.vertex_points]],
        "attributes", attributes,
        "primitives", primitive_entries(primitives, binary),
    ]  # fmt: skip
    for owner in ("point", "vertex", "primitive", "edge"):
        entry = edge_group_entry if owner == "edge" else group_entry
        groups = [entry(name, members) for (kind, name), members in geometry.groups.items() if kind == owner]
        document += [f"{owner}groups", groups] if groups else []
    if "sharedprimitivedata" in geometry.kept:
        document += ["sharedprimitivedata", _shared_data(geometry.kept["sharedprimitivedata"], binary)]
    return document


def _shared_data(section, binary):
    """Return the section of what primitives share, with documents for the geometries that are packed in it."""

    def written(entries):
        return [document_of(part, binary) if isinstance(part, Geometry) else part for part in entries]

    return [written(entries) if isinstance(entries, list) else entries for entries in section]


def _listed(value):
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} in a geometry")


def _positions(points):
    """Return positions as float32, or as they are where that takes away what tells them apart: far from the origin."""
    points = rows_of("P", points)
    rounded = points.astype(np.float32)
    if points.dtype != np.float64 or not len(points):
        return rounded
    lost, extent = np.ptp(points - rounded, 0), np.ptp(points, 0)
    far = (lost > 1e-3 * extent) & (lost > 1e-13 * np.abs(points).max(0))  # beyond float64's own rounding
    return points if far.any() else rounded

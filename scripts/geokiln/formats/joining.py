"""Several geometries joined into one, with all attributes that any of them has."""

import numpy as np

from geokiln.geometry.geometry import Geometry
from geokiln.geometry.primitives import Primitives, starts_of

OWNERS = ("point", "primitive", "vertex")


def joined(parts):
    """Return one geometry of several, of polygons and curves, and what has no place in it.

    Elements that lack an attribute get zero, or an empty text; tuples that are shorter than others end in zeros.

    Parameters
    ----------
    parts : list of Geometry
        Their primitives have the same list of kinds, and a vertex of their own for each corner.

    Returns
    -------
    tuple
        The Geometry; names of attributes that are numbers in one part and texts in another, as parts of a sentence.
    """
    counts = {
        "point": [len(part.points) for part in parts],
        "primitive": [len(part.primitives) for part in parts],
        "vertex": [len(part.primitives.vertex_points) for part in parts],
    }
    attributes, lost = {}, []
    for owner in OWNERS:
        given = [getattr(part, f"{owner}_attributes") for part in parts]
        attributes[owner] = {}
        for name in dict.fromkeys(name for part in given for name in part):
            columns = [part.get(name) for part in given]
            if len({column.dtype.kind == "U" for column in columns if column is not None}) > 1:
                lost.append(f"{owner} attribute {name!r} (numbers here and texts there)")
            else:
                attributes[owner][name] = _column(columns, counts[owner])
    groups = {}
    for key in dict.fromkeys(key for part in parts for key in part.groups):
        flags = [part.groups.get(key) for part in parts]
        groups[key] = _column(flags, counts[key[0]])
    primitives = _primitives([part.primitives for part in parts], counts["point"])
    points = np.concatenate([part.points for part in parts])
    return Geometry(
        points, primitives, attributes["point"], attributes["primitive"], {}, groups, attributes["vertex"]
    ), lost


def _column(columns, counts):
    """Return columns one below another; None stands for one that is missing."""
    there = [column for column in columns if column is not None]
    dtype = np.result_type(*there)
    wide = any(column.ndim == 2 for column in there)
    width = max(column.shape[1] if column.ndim == 2 else 1 for column in there)
    result, start = np.zeros((sum(counts), width), dtype), 0
    for column, count in zip(columns, counts):
        if column is not None:
            column = column.reshape(count, 1) if column.ndim == 1 else column
            result[start : start + count, : column.shape[1]] = column
        start += count
    return result if wide else result[:, 0]


def _primitives(parts, point_counts):
    firsts = np.cumsum([0, *point_counts[:-1]])
    points = np.concatenate([first + part.vertex_points for first, part in zip(firsts, parts)]).astype(np.int64)
    sizes = np.concatenate([np.diff(part.starts) for part in parts])
    codes = np.concatenate([part.codes for part in parts])
    return Primitives(points, np.arange(len(points)), starts_of(sizes), parts[0].kinds, codes)

"""Primitives as the entries of a document: polygons and polylines as runs, all others one by one."""

import numpy as np

from geokiln.geometry.primitives import CURVE, POLYGON
from geokiln.geometry.read_primitives import RUN_FIELDS, SHORT

SHORT_KINDS = {long: short for short, long in SHORT.items()}
SHORT_FIELDS = {long: short for short, long in RUN_FIELDS.items()}


def primitive_entries(primitives, binary=False):
    """Return the entries of the ``primitives`` section, in the order of the primitives; *binary* ones abbreviate."""
    entries, number, count = [], 0, len(primitives)
    ends = _ends_of_runs(primitives)
    while number < count:
        kind = primitives.kind(number)
        end = int(ends[np.searchsorted(ends, number, "right")])
        if kind not in (POLYGON, CURVE):
            entries += [_entry(primitives, one) for one in range(number, end)]
        elif number not in primitives.fields:
            run = _run(primitives, kind, number, end)
            entries.append(_abbreviated(run) if binary else run)
        else:
            entries.append(_entry(primitives, number))
        number = end
    return entries


def _ends_of_runs(primitives):
    """Return where runs of one kind end; a polygon with fields of its own is one for itself."""
    changes = np.flatnonzero(np.diff(primitives.codes)) + 1
    special = np.array([n for n in primitives.fields if primitives.kind(n) in (POLYGON, CURVE)], np.int64)
    return np.unique(np.concatenate([changes, special, special + 1, [len(primitives)]]))


def _run(primitives, kind, first, end):
    starts = primitives.starts[first : end + 1]
    vertices, counts = primitives.vertices[starts[0] : starts[-1]], np.diff(starts)
    begin = int(vertices[0]) if len(vertices) else 0
    if np.array_equal(vertices, np.arange(begin, begin + len(vertices))):
        if len(counts) and counts.min() == counts.max() and counts[0] > 0:
            lengths = ["nvertices_rle", [int(counts[0]), len(counts)]]
        else:
            lengths = ["nvertices", counts]
        return [["type", f"{kind}_run"], ["startvertex", begin, "nprimitives", end - first, *lengths]]
    # Vertices in another order than the primitives: as Houdini 15 and older write polygons.
    rows = [[primitives.vertices[start:stop]] for start, stop in zip(starts, starts[1:])]
    uniform = {"closed": kind == POLYGON}
    return [["type", "run", "runtype", "Poly", "varyingfields", ["vertex"], "uniformfields", uniform], rows]


def _abbreviated(run):
    """Return the entry of a run as Houdini writes it in binary files."""
    head, body = run
    if head[1] not in SHORT_KINDS:
        return run
    return [
        ["type", SHORT_KINDS[head[1]]],
        [SHORT_FIELDS.get(part, part) if isinstance(part, str) else part for part in body],
    ]


def _entry(primitives, number):
    kind, fields = primitives.kind(number), dict(primitives.fields.get(number, {}))
    vertices = primitives.vertices[primitives.starts[number] : primitives.starts[number + 1]]
    if kind in (POLYGON, CURVE):
        return [["type", "Poly"], ["vertex", vertices, "closed", kind == POLYGON, *_flat(fields)]]
    if kind == "Tetrahedron":
        return [["type", "Tetrahedron"], ["vertex", vertices, *_flat(fields)]]
    rows = fields.pop("rows", None)
    if rows:
        vertices = vertices.reshape(rows, -1)
    elif fields.pop("one_vertex", False):
        vertices = int(vertices[0])
    return [["type", kind], ["vertex", vertices, *_flat(fields)]]


def _flat(fields):
    return [part for pair in fields.items() for part in pair]

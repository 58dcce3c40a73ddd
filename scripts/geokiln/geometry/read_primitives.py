"""The primitives section of a document, in each of the encodings that Houdini's versions write, as `Primitives`."""

import numpy as np

from geokiln.geometry.pairs import pairs
from geokiln.geometry.primitives import CURVE, POLYGON, Primitives, check_numbers, starts_of, whole_numbers

SHORT = {"p_r": "Polygon_run", "c_r": "PolygonCurve_run"}  # binary files abbreviate these, and the fields of runs
RUN_FIELDS = {"s_v": "startvertex", "n_p": "nprimitives", "n_v": "nvertices", "r_v": "nvertices_rle"}


class _Builder:
    def __init__(self, vertex_points):
        self.vertex_points, self.parts, self.counts = vertex_points, [], []
        self.codes, self.kinds, self.fields, self.count = [], [], {}, 0

    def add(self, kind, vertices, counts, fields=None):
        """Add primitives of one kind: their vertices one after another, and how many each has."""
        if kind not in self.kinds:
            self.kinds.append(kind)
        check_numbers(vertices, len(self.vertex_points), "vertex")
        if fields:
            self.fields[self.count] = fields
        self.parts.append(vertices)
        self.counts.append(counts)
        self.codes.append((self.kinds.index(kind), len(counts)))
        self.count += len(counts)

    def add_one(self, kind, values):
        fields = dict(values)
        vertex = fields.pop("vertex", [])
        if kind in ("Poly", POLYGON, CURVE):
            kind = POLYGON if fields.pop("closed", kind != CURVE) else CURVE
        if kind.endswith("Mesh") and len(vertex) and not np.isscalar(vertex[0]):
            fields["rows"] = len(vertex)
            vertex = np.concatenate([whole_numbers(row) for row in vertex])
        elif not isinstance(vertex, (list, np.ndarray)):
            fields["one_vertex"] = True
        vertices = whole_numbers(vertex)
        self.add(kind, vertices, [len(vertices)], fields)

    def primitives(self):
        counts = np.concatenate([np.asarray(part, np.int64) for part in self.counts] or [np.zeros(0, np.int64)])
        vertices = np.concatenate(self.parts) if self.parts else np.zeros(0, np.int64)
        kinds, times = zip(*self.codes) if self.codes else ((), ())
        codes = np.repeat(np.array(kinds, np.int64), times)
        return Primitives(self.vertex_points, vertices, starts_of(counts), self.kinds, codes, self.fields)


def read_primitives(entries, vertex_points):
    """Return the Primitives of a document's section; *vertex_points* is the point of each vertex, int (n_vertices,).

    Raises
    ------
    ValueError, KeyError, TypeError
        If the section contradicts itself or the topology.
    """
    builder = _Builder(vertex_points)
    for entry in entries:
        head, body = pairs(entry[0]), entry[1]
        kind = SHORT.get(head["type"], head["type"])
        if kind == "run":  # older files, and all but polygons in newer ones: a row of values for each primitive
            names, uniform = list(head["varyingfields"]), pairs(head["uniformfields"])
            if head["runtype"] == "Poly" and names == ["vertex"]:
                rows = [whole_numbers(row[0]) for row in body]
                closed = POLYGON if uniform.get("closed", True) else CURVE
                builder.add(closed, np.concatenate(rows or [np.zeros(0, np.int64)]), [len(row) for row in rows])
                continue
            for row in body:
                builder.add_one(head["runtype"], {**uniform, **dict(zip(names, row))})
        elif kind.endswith("_run"):
            body = {RUN_FIELDS.get(key, key): value for key, value in pairs(body).items()}
            counts = _run_counts(kind, body, len(vertex_points))
            start = int(body["startvertex"])
            builder.add(kind[: -len("_run")], np.arange(start, start + int(counts.sum())), counts)
        else:
            builder.add_one(kind, pairs(body))
    return builder.primitives()


def _run_counts(kind, body, vertex_count):
    """Return how many vertices each primitive of a run has: (n,) int64."""
    if "nvertices" in body:
        counts = whole_numbers(body["nvertices"]).astype(np.int64)
    else:
        if kind == "Tetrahedron_run" and "nvertices_rle" not in body:
            runs = np.array([4, int(body["nprimitives"])], np.int64)
        else:
            runs = whole_numbers(body["nvertices_rle"]).astype(np.int64)
        sizes, times = runs[::2], runs[1::2]
        if len(sizes) != len(times):
            raise ValueError("runs of primitives whose number is not told")
        # A polygon has a vertex at least, so what a few bytes claim to be is bounded by the vertices that there are.
        if len(sizes) and (sizes.min() < 1 or times.min() < 0 or (times > vertex_count).any()):
            raise ValueError(f"runs of primitives that {vertex_count} vertices are too few for")
        if int(np.dot(sizes, times)) > vertex_count:
            raise ValueError(f"primitives of {int(np.dot(sizes, times))} vertices, {vertex_count} in the topology")
        counts = np.repeat(sizes, times)
    if len(counts) and counts.min() < 0:
        raise ValueError("a primitive with less than no vertices")
    start = int(body["startvertex"])
    if start < 0 or start + int(counts.sum()) > vertex_count:
        raise ValueError(f"primitives of {start + int(counts.sum())} vertices, {vertex_count} in the topology")
    if "nprimitives" in body and int(body["nprimitives"]) != len(counts):
        raise ValueError(f"a run of {int(body['nprimitives'])} primitives holds {len(counts)}")
    return counts

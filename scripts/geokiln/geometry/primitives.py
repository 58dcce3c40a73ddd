"""The primitives of a geometry, of every kind, as arrays: half a million polygons are no lists of Python's."""

from collections.abc import Sequence

import numpy as np

POLYGON, CURVE = "Polygon", "PolygonCurve"  # closed and open
TETRAHEDRON = "Tetrahedron"
OUTLINED = (POLYGON, CURVE, "NURBCurve", "BezierCurve", TETRAHEDRON)  # their vertices are what they are


class Primitives(Sequence):
    """A sequence of the points of each primitive: a list of int, empty for one that is neither polygon nor curve.

    Attributes
    ----------
    vertex_points : int (n_vertices,)
        The point of each vertex.
    vertices : int (n,)
        The vertices of all primitives, one primitive after another.
    starts : int64 (n_primitives + 1,)
        Where each primitive's begin in *vertices*, and the end of the last.
    kinds : list of str
        Names of kinds: ``Polygon`` (closed), ``PolygonCurve`` (open), ``Sphere``, ``Volume``, ``PackedGeometry`` ...
    codes : int (n_primitives,)
        The kind of each primitive, a number in *kinds*.
    fields : dict
        Number of a primitive -> what the file holds of it beside its vertices, in the file's words.
    """

    def __init__(self, vertex_points, vertices, starts, kinds, codes, fields=None):
        self.vertex_points, self.vertices, self.starts = vertex_points, vertices, starts
        self.kinds, self.codes, self.fields = kinds, codes, fields or {}

    @classmethod
    def of(cls, primitives, closed=False):
        """Return primitives of lists of points: polygons if *closed*, else polylines."""
        if isinstance(primitives, cls):
            return primitives
        counts = np.fromiter(map(len, primitives), np.int64, len(primitives))
        points = np.fromiter((int(point) for one in primitives for point in one), np.int64, int(counts.sum()))
        kinds = [POLYGON if closed else CURVE]
        return cls(points, np.arange(len(points)), starts_of(counts), kinds, np.zeros(len(counts), np.uint8))

    @classmethod
    def of_points(cls, count):
        """Return *count* polylines of one point each."""
        numbers = np.arange(count)
        return cls(numbers, numbers, np.arange(count + 1), [CURVE], np.zeros(count, np.uint8))

    def __len__(self):
        return len(self.codes)

    def __getitem__(self, number):
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        number = range(len(self))[number]
        return self.points_of(number).tolist() if self.kind(number) in OUTLINED else []

    def __iter__(self):
        points = self.vertex_points[self.vertices].tolist()
        outlined = [kind in OUTLINED for kind in self.kinds]
        ends = self.starts.tolist()
        for start, end, code in zip(ends, ends[1:], self.codes.tolist()):
            yield points[start:end] if outlined[code] else []

    def __add__(self, other):  # as lists, which generators merge so
        return [*self, *other]

    def __radd__(self, other):
        return [*other, *self]

    def __eq__(self, other):
        return isinstance(other, Sequence) and list(self) == list(other)

    def __repr__(self):
        return f"Primitives({len(self)}: {', '.join(self.kinds)})"

    def kind(self, number):
        """Return the name of a primitive's kind."""
        return self.kinds[self.codes[number]]

    def points_of(self, number):
        """Return the points of all vertices of a primitive of any kind: (n,) int."""
        return self.vertex_points[self.vertices[self.starts[number] : self.starts[number + 1]]]

    def closed(self):
        """Return which primitives are closed: (n_primitives,) bool."""
        closed = np.array([kind == POLYGON for kind in self.kinds], bool)[self.codes]
        for number, fields in self.fields.items():
            closed[number] = bool(fields.get("closed", closed[number]))
        return closed

    def chosen(self, numbers):
        """Return the primitives of some *numbers*, int (n,), and which vertices of these are theirs, int (k,)."""
        starts = starts_of(np.diff(self.starts)[numbers])
        places = ranges(self.starts[numbers], self.starts[numbers + 1])
        corners, vertices = np.unique(self.vertices[places], return_inverse=True)
        fields = {new: self.fields[old] for new, old in enumerate(numbers.tolist()) if old in self.fields}
        for number, one in fields.items():
            if "polyinfo" in one:  # a soup's polygons name vertices of the whole geometry
                *runs, named = (np.asarray(part, np.int64) for part in one["polyinfo"])
                if not np.isin(named, corners).all():
                    raise ValueError("a polygon soup whose polygons have vertices that are not its own")
                fields[number] = {**one, "polyinfo": [*runs, np.searchsorted(corners, named)]}
        points = self.vertex_points[corners]
        return Primitives(points, vertices, starts, self.kinds, self.codes[numbers], fields), corners

    def polygons(self):
        """Return all polygons and polylines, those of polygon soups one by one.

        Returns
        -------
        tuple
            Their points one after another, int (n,); where each begins and the last ends, int64 (n_polygons + 1,); and
            the primitive of each, int64 (n_polygons,).
        """
        parts, counts, owners = [], [], []
        whole = np.isin(self.codes, [code for code, kind in enumerate(self.kinds) if kind in (POLYGON, CURVE)])
        sizes = np.diff(self.starts)
        numbers = np.flatnonzero(whole)
        if len(numbers):
            parts.append(self.vertex_points[self.vertices[np.repeat(whole, sizes)]])
            counts.append(sizes[numbers])
            owners.append(numbers)
        for number, fields in self.fields.items():
            if self.kind(number) == "PolySoup":
                corners, lengths = _soup(fields["polyinfo"], len(self.vertex_points))
                parts.append(self.vertex_points[corners])
                counts.append(lengths)
                owners.append(np.full(len(lengths), number))
        empty = np.zeros(0, np.int64)
        joined = [np.concatenate(part) if part else empty for part in (parts, counts, owners)]
        return joined[0], starts_of(joined[1]), joined[2]


def _soup(polyinfo, vertex_count):
    """Return the vertices of a soup's polygons, one after another, and their numbers."""
    sizes, times, corners = (np.asarray(part, np.int64) for part in polyinfo)
    if len(sizes) != len(times) or (len(sizes) and min(sizes.min(), times.min()) < 1):
        raise ValueError("a polygon soup with polygons of no corner")
    if int(np.dot(sizes, times)) != len(corners):
        raise ValueError(f"a polygon soup of {int(np.dot(sizes, times))} corners, {len(corners)} stored")
    check_numbers(corners, vertex_count, "vertex")
    return corners, np.repeat(sizes, times)


def check_numbers(numbers, count, what):
    """Raise a ValueError unless all numbers are those of *count* elements."""
    if len(numbers) and not 0 <= int(numbers.min()) <= int(numbers.max()) < count:
        raise ValueError(f"a {what} that is not there, of {count}")


def starts_of(counts):
    """Return where each primitive begins and the last ends: (n + 1,) int64 of their (n,) numbers of vertices."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def ranges(starts, ends):
    """Return the numbers from each start to before its end, one range after another: int (n,).

    >>> ranges(np.array([4, 0]), np.array([6, 3])).tolist()
    [4, 5, 0, 1, 2]
    """
    sizes = ends - starts
    before = starts_of(sizes)
    return np.arange(before[-1]) + np.repeat(starts - before[:-1], sizes)


def whole_numbers(values):
    """Return a list or an array of whole numbers as an int array, flat; ValueError if they are none."""
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        if array.dtype.kind != "f" or not np.array_equal(array, np.floor(array)):
            raise ValueError(f"{array.dtype} where whole numbers belong")
        array = array.astype(np.int64)
    return array.reshape(-1) if array.size else np.zeros(0, np.int64)

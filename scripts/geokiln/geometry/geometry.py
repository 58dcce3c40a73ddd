"""Geometry in memory: points, primitives, attributes, groups."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from geokiln.errors import UserError
from geokiln.geometry.primitives import Primitives
from geokiln.storage.users_arrays import as_array


@dataclass
class Geometry:
    """Points, primitives and their attributes.

    Attributes
    ----------
    points : float32 (n_points, 3)
        Positions (``P``), in the unit of the scene.
    primitives : sequence of n_primitives lists of int
        The points of each primitive, in order; empty for one that is neither polygon nor curve. Those that were read
        are a `geokiln.geometry.primitives.Primitives`, which knows their kinds; lists are polylines.
    point_attributes, primitive_attributes : dict
        Name -> array (n_points | n_primitives,) or (..., tuple size); numbers or strings.
    detail_attributes : dict
        Attributes of the whole geometry: name -> array (1,) or (1, tuple size).
    groups : dict
        (``point``, ``vertex`` or ``primitive``, name) -> bool array, a flag for each element; (``edge``, name) -> int
        (n_edges, 2), the points of each.
    vertex_attributes : dict
        Name -> array with a row for each vertex, in the order of ``primitives.vertex_points``.
    options : dict
        (owner, name) -> what Houdini notes of an attribute: that it is a normal, a colour, a vector ...
    kept : dict
        What a file holds that has no array, in the file's words, to be written again: (owner, name) -> entry of an
        attribute; ``sharedprimitivedata`` -> what several primitives share.
    """

    points: np.ndarray
    primitives: Sequence
    point_attributes: dict = field(default_factory=dict)
    primitive_attributes: dict = field(default_factory=dict)
    detail_attributes: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)
    vertex_attributes: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)

    @classmethod
    def from_attributes(cls, attributes, element="primitive"):
        """Return a geometry that carries only *attributes* (name -> array with a row per element).

        The elements are one-point primitives, or points, whose position is the attribute ``P`` (zero without one).
        """
        if not attributes:
            raise UserError("there are no geometry attributes; at least one is needed, with a row per primitive")
        arrays = {name: rows_of(name, array) for name, array in attributes.items()}
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) != 1:
            raise UserError(f"geometry attributes differ in length ({lengths}); each needs one row per {element}")
        count = next(iter(lengths.values()))
        if element == "point":
            return cls(arrays.pop("P", np.zeros((count, 3))), [], arrays)
        return cls(np.zeros((count, 3), np.float32), Primitives.of_points(count), {}, arrays)

    def part(self, numbers, points=()):
        """Return the geometry of some of its primitives and of the points that these stand on.

        Parameters
        ----------
        numbers : int (n,)
            The primitives, in the order wanted.
        points : int (n,), optional
            Points that belong to it, whether or not a primitive stands on them.
        """
        numbers = np.asarray(numbers, np.int64)
        primitives, corners = Primitives.of(self.primitives).chosen(numbers)
        points = np.union1d(primitives.vertex_points, np.asarray(points, np.int64)).astype(np.int64)
        primitives.vertex_points = np.searchsorted(points, primitives.vertex_points)
        rows = {"point": points, "vertex": corners, "primitive": numbers}
        owners = (self.point_attributes, self.primitive_attributes, self.vertex_attributes)
        point, primitive, vertex = (
            {name: array[rows[owner]] for name, array in attributes.items()}
            for owner, attributes in zip(("point", "primitive", "vertex"), owners)
        )
        groups = {key: members[rows[key[0]]] for key, members in self.groups.items() if key[0] in rows}
        kept = {key: value for key, value in self.kept.items() if key == "sharedprimitivedata"}
        detail, options = self.detail_attributes, self.options
        return Geometry(self.points[points], primitives, point, primitive, detail, groups, vertex, options, kept)


def rows_of(name, array):
    """Return an attribute as an array of numbers or texts with a row per primitive."""
    array = as_array(array, f"geometry attribute {name!r}", texts=True)
    if array.ndim == 0:
        raise UserError(f"geometry attribute {name!r} is one value; it needs a row per primitive")
    return array


def check_finite(where, name, array, start=0):
    """Raise a UserError that names the first element, counted from *start*, whose numbers are not all finite."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        first = start + np.argwhere(~np.isfinite(array))[0][0]
        raise UserError(f"{where} {name!r} is not finite (NaN, Inf) in element {first}")

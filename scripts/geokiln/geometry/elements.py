"""The elements of a geometry, of which work items are made."""

import functools

import numpy as np

from geokiln.errors import UserError
from geokiln.geometry.packed import packed_geometry
from geokiln.geometry.primitives import Primitives, ranges, starts_of
from geokiln.storage.patterns import matches

DAMAGED = (KeyError, TypeError, IndexError, ValueError, AttributeError, OverflowError)


class Elements:
    """The elements of a geometry.

    Parameters
    ----------
    geometry : Geometry
    element : str
        ``primitive``, ``point`` (with its position as ``P``), ``vertex`` (likewise), ``detail`` (the whole geometry),
        ``piece`` (all primitives, or points, whose *piece* attribute is one value), ``group`` (each group of
        primitives; of points if there is none of primitives), ``packed`` (each packed primitive).
    group : str, optional
        Only the elements in this group; for ``group``, a pattern of the groups' names.
    piece : str
        The integer or text attribute that pieces have one value of.
    where : str
        What the geometry is called in messages.

    Attributes
    ----------
    ids : (n,) array of int or str
        The element's number in the geometry; the value of a piece, the name of a group.
    attributes : dict
        Name -> array (n, ...). A piece or a group has those that are the same all over each piece, and its
        ``primitivecount`` and ``pointcount``, as the whole geometry has.
    varying : list of str
        Attributes that pieces or groups do not have, since they vary within one.

    Raises
    ------
    UserError
        If there is no such group or attribute; says which there are.
    """

    def __init__(self, geometry, element="primitive", group=None, piece="class", where="the geometry"):
        self.geometry, self.element, self.where = geometry, element, where
        self.varying = []
        if element in ("detail", "piece") and group:
            raise UserError(f"{where}: work_items.group does not go with element: {element}")
        if element == "detail":
            self.ids = np.arange(1)
            counts = {"pointcount": len(geometry.points), "primitivecount": len(geometry.primitives)}
            self.attributes = {**geometry.detail_attributes, **{name: np.array([n]) for name, n in counts.items()}}
        elif element == "piece":
            self._make_runs(*self._pieces(piece))
        elif element == "group":
            self._make_runs(*self._groups(group or "*"))
        else:
            self._make_single(group)

    def __len__(self):
        return len(self.ids)

    def _make_single(self, group):
        owner = "primitive" if self.element == "packed" else self.element
        attributes, count = _attributes_of(self.geometry, owner)
        numbers = np.flatnonzero(self._group(owner, group)) if group else np.arange(count)
        if self.element == "packed":
            numbers = numbers[self.packed[numbers]]
        self.ids = numbers
        self.attributes = attributes if len(numbers) == count else {n: a[numbers] for n, a in attributes.items()}

    @functools.cached_property
    def primitives(self):
        """All primitives of the geometry, as `Primitives`."""
        return Primitives.of(self.geometry.primitives)

    @functools.cached_property
    def packed(self):
        """Which primitives are packed: (n_primitives,) bool."""
        return np.array([kind.startswith("Packed") for kind in self.primitives.kinds], bool)[self.primitives.codes]

    def _group(self, owner, name):
        if (owner, name) not in self.geometry.groups:
            known = ", ".join(name for kind, name in self.geometry.groups if kind == owner) or "none"
            raise UserError(f"{self.where}: there is no {owner} group {name!r}; there are: {known}")
        return self.geometry.groups[owner, name]

    def _groups(self, pattern):
        """Return the owner, the names, and the members of each group, one group after another, with their starts."""
        groups = self.geometry.groups
        owner = "primitive" if any(kind == "primitive" for kind, _ in groups) else "point"
        names = [name for kind, name in groups if kind == owner]
        chosen = [name for name in names if matches(pattern, name)]
        if not chosen and names:
            known = ", ".join(names)
            raise UserError(f"{self.where}: work_items.group: {pattern!r} chooses no group; there are: {known}")
        members = [np.flatnonzero(groups[owner, name]) for name in chosen]
        full = [number for number, one in enumerate(members) if len(one)]
        order = np.concatenate([members[number] for number in full]) if full else np.zeros(0, np.int64)
        ids = np.array([chosen[number] for number in full], dtype=str)
        return owner, ids, order, starts_of([len(members[number]) for number in full])

    def _pieces(self, name):
        """Return the same for the pieces by an attribute, in the order in which their values first appear."""
        geometry = self.geometry
        for owner in ("primitive", "point"):
            values = _attributes_of(geometry, owner)[0].get(name)
            if values is not None:
                break
        else:
            known = ", ".join([*geometry.primitive_attributes, *geometry.point_attributes]) or "none"
            raise UserError(f"{self.where}: work_items.piece_attribute: no attribute {name!r}; there are: {known}")
        if values.ndim != 1 or values.dtype.kind not in "iuU":
            raise UserError(
                f"{self.where}: work_items.piece_attribute: {name!r} must hold one integer or text for each {owner}"
            )
        _, first, inverse, sizes = np.unique(values, return_index=True, return_inverse=True, return_counts=True)
        by_first = np.argsort(first)
        place = np.empty(len(first), np.int64)
        place[by_first] = np.arange(len(first))
        order = np.argsort(place[inverse.reshape(-1)], kind="stable")
        return owner, values[first[by_first]], order, starts_of(sizes[by_first])

    def _make_runs(self, owner, ids, order, starts):
        """Take the elements *order*, a run of them for each of the *ids*."""
        self.ids, self._owner, self._order, self._starts = ids, owner, order, starts
        self.attributes = {}
        sizes = np.diff(starts)
        for name, array in _attributes_of(self.geometry, owner)[0].items():
            rows = array[order]
            firsts = rows[starts[:-1]]
            if (rows == np.repeat(firsts, sizes, axis=0)).all():
                self.attributes[name] = firsts
            else:
                self.varying.append(name)
        if owner == "primitive":
            self.attributes["primitivecount"] = sizes
        points = (len(self._points_of(place)) for place in range(len(ids)))
        self.attributes["pointcount"] = np.fromiter(points, np.int64, len(ids))

    def _members(self, place):
        return self._order[self._starts[place] : self._starts[place + 1]]

    def _points_of(self, place):
        """Return the numbers of the points of a piece or a group: (n,) int."""
        members = self._members(place)
        return members if self._owner == "point" else np.unique(corners_of(self.primitives, members)[0])

    def _within(self, points):
        """Return the numbers of the primitives whose points are all among some: (n,) int."""
        order, starts = self._primitives_at
        touching = np.unique(order[ranges(starts[points], starts[points + 1])])
        corners, ends = corners_of(self.primitives, touching)
        missing = np.concatenate([[0], np.cumsum(~np.isin(corners, points))])
        return touching[missing[ends[1:]] == missing[ends[:-1]]]

    @functools.cached_property
    def _primitives_at(self):
        """The primitives at each point, one point after another, and where each point's begin."""
        corners, ends = corners_of(self.primitives, np.arange(len(self.primitives)))
        owners = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
        at = np.bincount(corners, minlength=len(self.geometry.points))
        return owners[np.argsort(corners, kind="stable")], starts_of(at)

    def part(self, place):
        """Return the Geometry of an element, given its place among them: a packed primitive's is what it holds.

        The part of a piece or a group of points has the primitives whose points are all in it.

        Raises
        ------
        UserError
            If it cannot be read; names the file.
        """
        try:
            return self._part(place)
        except DAMAGED as error:
            raise UserError(f"{self.where}: {self.element} {self.ids[place]}: {error}") from None

    def _part(self, place):
        if self.element == "detail":
            return self.geometry
        if self.element in ("piece", "group"):
            members = self._members(place)
            if self._owner == "primitive":
                return self.geometry.part(members)
            return self.geometry.part(self._within(members), members)
        number = int(self.ids[place])
        return packed_geometry(self.geometry, number) if self.packed[number] else self.geometry.part([number])


def _attributes_of(geometry, owner):
    """Return the attributes of points, vertices (both with their position) or primitives, and how many there are."""
    if owner == "point":
        return {"P": geometry.points, **geometry.point_attributes}, len(geometry.points)
    if owner == "vertex":
        points = Primitives.of(geometry.primitives).vertex_points
        return {"P": geometry.points[points], **geometry.vertex_attributes}, len(points)
    return geometry.primitive_attributes, len(geometry.primitives)


def corners_of(primitives, numbers):
    """Return the points of some primitives, one after another, and where each begins and the last ends."""
    numbers = np.asarray(numbers, np.int64)
    starts = np.asarray(primitives.starts)
    ends = starts_of(np.diff(starts)[numbers])
    return primitives.vertex_points[primitives.vertices[ranges(starts[numbers], starts[numbers + 1])]], ends

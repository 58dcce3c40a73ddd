"""Where the elements of a geometry lie: the points of each, and their bounding boxes."""

import numpy as np

from geokiln.errors import UserError
from geokiln.geometry.elements import corners_of
from geokiln.geometry.primitives import OUTLINED, Primitives


def points_of(elements):
    """Return the positions of the points of each of some `Elements` as ``points``: (n, k, 3).

    Raises
    ------
    UserError
        If their numbers differ, or an element is more than its points, as a sphere is; names the first.
    """
    parts = list(_positions(elements))
    for place, part in enumerate(parts):
        if len(part) != len(parts[0]):
            kind, ids = elements.element, elements.ids
            counts = f"{kind} {ids[0]} has {len(parts[0])} points, {kind} {ids[place]} has {len(part)}"
            mend = "include geometry instead and use item.geometry"
            raise UserError(f"{elements.where}: work_items.include: points: {counts}; {mend}")
    return {"points": np.stack(parts) if parts else np.zeros((0, 0, 3), np.float32)}


def bounds_of(elements):
    """Return the corners of the bounding box of each of some `Elements` as ``minbounds``, ``maxbounds``: (n, 3).

    Raises
    ------
    UserError
        If an element has no points, or is more than its points; names it.
    """
    low, high = np.zeros((2, len(elements), 3), elements.geometry.points.dtype)
    for place, points in enumerate(_positions(elements)):
        if not len(points):
            raise UserError(
                f"{elements.where}: work_items.include: bounds: {elements.element} {elements.ids[place]} has no points"
            )
        low[place], high[place] = points.min(0), points.max(0)
    return {"minbounds": low, "maxbounds": high}


def _positions(elements):
    """Yield the positions (k, 3) of the points of each element."""
    single = elements.element == "primitive" and not elements.packed.any()
    if single:  # a million of them make no million geometries
        _check_kinds(elements, elements.primitives, elements.ids)
        corners, ends = corners_of(elements.primitives, elements.ids)
        yield from np.split(elements.geometry.points[corners], ends[1:-1]) if len(elements) else ()
        return
    for place in range(len(elements)):
        part = elements.part(place)
        primitives = Primitives.of(part.primitives)
        _check_kinds(elements, primitives, np.arange(len(primitives)), elements.ids[place])
        yield part.points


def _check_kinds(elements, primitives, numbers, id_=None):
    """Raise a UserError if one of some primitives is more than its points; *id_* is whose they are, if one's."""
    kinds = [code for code, kind in enumerate(primitives.kinds) if kind not in (*OUTLINED, "PolySoup")]
    odd = np.isin(primitives.codes[numbers], kinds)
    if odd.any():
        first = int(numbers[np.argmax(odd)])
        holds = f"{elements.element} {first if id_ is None else id_} holds a {primitives.kind(first)}"
        raise UserError(
            f"{elements.where}: work_items.include: {holds}, which is more than its points; leave bounds and points out"
        )

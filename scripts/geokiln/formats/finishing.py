"""What every geometry from another program goes through before it is one of Geokiln's."""

from dataclasses import replace

import numpy as np

from geokiln.errors import UserError, warn
from geokiln.formats.winding import turned_round
from geokiln.geometry.attributes import NAMES

WIDER = {"u2": np.int32, "u4": np.int64, "u8": np.int64}  # Houdini has no such numbers


def finished(path, geometry, lost=()):
    """Return a geometry as `checked` does, its polygons turned round, as Houdini has them.

    One warning names all that has no place in it, *lost* and more.

    Raises
    ------
    UserError
        If there are no points, or one that is not finite.
    """
    if not len(geometry.points):
        raise UserError(f"{path} holds no geometry: neither points nor faces")
    geometry, more = checked(path, turned_round(geometry))
    tell_lost(path, [*lost, *more])
    return geometry


def tell_lost(path, lost):
    """Warn once of what of a file has no place, the first ten by name."""
    lost = list(dict.fromkeys(lost))
    if lost:
        more = f" and {len(lost) - 10} more" if len(lost) > 10 else ""
        warn(f"{path}: not taken: {', '.join(lost[:10])}{more}")


def checked(path, geometry):
    """Return a geometry whose attributes a file of Houdini's can hold, and what has no place in it.

    Positions are (n, 3). What an attribute has per row is flat: a matrix becomes nine numbers. Of attributes, those
    are left out that are not finite, or neither numbers nor texts.

    Parameters
    ----------
    path : path
        The file, to name.
    geometry : Geometry
        Its arrays may be of any type and shape with a row for each element.

    Returns
    -------
    tuple
        The Geometry; list of str, parts of a sentence.

    Raises
    ------
    UserError
        If a point is not finite.
    """
    lost, points = [], np.asarray(geometry.points)
    if not np.isfinite(points).all():
        number = np.argwhere(~np.isfinite(points))[0][0]
        raise UserError(f"{path}: point {number} is not finite (NaN, Inf); save it without such points")
    owners = ("point_attributes", "primitive_attributes", "vertex_attributes", "detail_attributes")
    attributes = {}
    for owner in owners:
        attributes[owner] = {}
        for name, array in getattr(geometry, owner).items():
            array, reason = _usable(np.asarray(array))
            if owner == "point_attributes" and name == "P":
                reason = "positions have that name"
            if reason:
                lost.append(f"{owner.split('_')[0]} attribute {name!r} ({reason})")
            else:
                attributes[owner][name] = array
    padding = np.zeros((len(points), max(0, 3 - points.shape[1])), points.dtype)
    points = np.hstack([points, padding])[:, :3]
    return replace(geometry, points=points, **attributes), lost


def _usable(array):
    """Return an array as a file of Houdini's holds it, and why it cannot (empty: it can)."""
    array = array.reshape(len(array), -1) if array.ndim > 2 else array
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    code = array.dtype.str[1:]
    if code in WIDER:
        array, before = array.astype(WIDER[code]), array
        if not np.array_equal(array, before):
            return array, "numbers beyond 63 bits"
        return array, ""
    if array.dtype.kind == "U":
        return array, ""
    if code not in NAMES:
        return array, f"of type {array.dtype}"
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return array, "it is not finite everywhere"
    return array.astype(array.dtype.newbyteorder("=")), ""

"""What a generator's ``shape`` gives, checked before it is written."""

from dataclasses import replace

import numpy as np

from geokiln.errors import UserError
from geokiln.geometry.geometry import Geometry, check_finite, rows_of
from geokiln.geometry.primitives import Primitives
from geokiln.storage.users_arrays import as_array


def checked_shape(shape, where):
    """Return a Geometry whose positions, primitives, attributes and groups agree, or say what is wrong with it.

    Parameters
    ----------
    shape : anything
        What the user's function gave.
    where : str
        File, function, item and kind, for messages.
    """
    if not isinstance(shape, Geometry):
        raise UserError(f"{where} gave {type(shape).__name__}; it must give a geokiln.api.Geometry")
    points = as_array(shape.points, f"{where}: points")
    if points.ndim != 2 or points.shape[1] != 3:
        raise UserError(f"{where}: points has shape {points.shape}; it must be (number of points, 3)")
    if not np.isfinite(points).all():
        bad = int((~np.isfinite(points)).any(1).sum())
        raise UserError(f"{where}: {bad} of {len(points)} points are not finite (NaN, Inf), or masked")
    primitives = _primitives(shape.primitives, len(points), where)
    counts = {"point": len(points), "vertex": len(primitives.vertex_points), "primitive": len(primitives), "detail": 1}
    checked = {}
    for owner, count in counts.items():
        key = f"{owner}_attributes"
        try:
            checked[key] = {name: rows_of(name, array) for name, array in getattr(shape, key).items()}
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
        for name, array in checked[key].items():
            _check_rows(f"{where}: {owner} attribute {name!r}", array, owner, count)
            check_finite(f"{where}: {owner} attribute", name, array)
    for (owner, name), members in shape.groups.items():
        if owner in counts:
            _check_rows(f"{where}: {owner} group {name!r}", members, owner, counts[owner])
    # A copy: the function may give the same array for the next shape, with other positions.
    return replace(shape, points=points.copy(), primitives=primitives, **checked)


def _primitives(primitives, count, where):
    try:
        primitives = Primitives.of(primitives)
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}: primitives are no lists of points ({error})") from None
    beyond = primitives.vertex_points[(primitives.vertex_points < 0) | (primitives.vertex_points >= count)]
    if len(beyond):
        raise UserError(f"{where}: a primitive has point {beyond[0]}; there are {count} points, counted from 0")
    return primitives


def _check_rows(what, array, owner, count):
    if len(array) != count:
        raise UserError(f"{what} has {len(array)} rows; it needs one for each {owner}: {count}")

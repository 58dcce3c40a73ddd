"""What a generator's functions give, checked and made float32.

A masked value counts as NaN. Nothing else changes silently: what float32 cannot hold is recorded beside the values
(`geokiln.storage.rounding`), since one item alone does not tell whether the lost digits were what told items apart. The
merge, which sees all items, judges that.
"""

import numpy as np

from geokiln.errors import InvalidExample, UserError
from geokiln.storage.rounding import rounding_of, rounds
from geokiln.storage.users_arrays import as_array


class Components(dict):
    """Component name -> float32 array.

    Attributes
    ----------
    rounding : dict
        Component name -> `geokiln.storage.rounding.rounding_of`, unless float32 holds all values of its type.
    """

    def __init__(self):
        super().__init__()
        self.rounding = {}


def numbers_of(item):
    """Return what a model sees of an item, or of many, where the user does not say: see `WorkItems.input_names`."""
    return {name: item[name] for name in item.input_names}


def checked_components(kind, components, where):
    """Return the *components* of one item as finite float32 arrays, or say what is wrong with which one."""
    arrays = float_arrays(kind, components, where)
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            bad = int((~np.isfinite(array)).sum())
            has = f"{bad} of {array.size} values that are not finite (NaN, Inf), or masked"
            raise InvalidExample(f"{where}: {kind} {name!r} has {has}")
    return arrays


def float_arrays(kind, components, where, rows=None):
    """Return *components* as `Components`, finite or not.

    Parameters
    ----------
    kind : str
        ``input``, ``target`` or ``baseline``.
    components : dict
        Name -> anything that numpy makes an array of numbers of.
    where : str
        Whose they are, for messages.
    rows : int, optional
        Items that they are of, with a row for each of them; without it they are those of one item.
    """
    if not isinstance(components, dict) or not components:
        raise UserError(f"{where} gave {type(components).__name__}; it must give a dict of name -> array, not empty")
    arrays = {}
    for name, value in components.items():
        what = f"{where}: {kind} {name!r}"
        if name in ("id", "source") and kind != "input":
            raise UserError(f"{where}: {name!r} names a column of the predictions; call the component something else")
        array = as_array(value, what)
        if rows is not None and (not array.ndim or len(array) != rows):
            raise UserError(f"{what} has shape {array.shape}; it needs a row for each of {rows} items")
        if array.size == 0:
            raise UserError(f"{what} is empty")
        if str(name) in arrays:
            raise UserError(f"{what} is there twice, as a text and as {type(name).__name__}")
        arrays[str(name)] = array
    result = Components()
    with np.errstate(all="ignore"):  # what float32 cannot hold becomes infinite, and is named later
        for name, array in arrays.items():
            result[name] = rounded = array.astype(np.float32)
            if rounds(array.dtype):
                table = (array, rounded) if rows is not None else (array[np.newaxis], rounded[np.newaxis])
                result.rounding[name] = rounding_of(kind, *table)
    return result

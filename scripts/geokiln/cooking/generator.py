"""The user's generator: one Python file, and the functions that Geokiln calls in it.

=========================================  ==================================================================
``cook(item)``                             required; the targets: dict of name -> array or number
``inputs(item)``                           what the model sees: the same kind of dict; default: every number
                                           among the item's attributes
``geometry(count, seed, parameters)``      the training geometry: ``geokiln.api.Geometry``, or a dict of
                                           primitive attributes (name -> array with a row per primitive)
``unseen(name, count, parameters)``        the geometry of an unseen input, likewise
``baseline(item)``                         a cheap answer to beat: a dict like that of ``cook``
``setup(parameters)``                      called once in a job, before anything is cooked
``cook_batch(items)``, ``inputs_batch``,   the same for many items at once: ``items["name"]`` is an array with a row
``baseline_batch``                         per item, and so is each array of the result
``attributes(item)``                       further attributes of a work item: a dict, made when it is imported
``read_outputs(item, folder)``             the targets, from the files that ``generator.command`` wrote to the folder
=========================================  ==================================================================
"""

import numpy as np

from geokiln.cooking.time_limit import call_within
from geokiln.errors import InvalidExample, UserError
from geokiln.geometry.geometry import Geometry
from geokiln.user_module import UserModule


class Generator(UserModule):
    """The functions of a generator file, called with messages that name the file, the function and the item.

    Parameters
    ----------
    path : path
    time_limit : float, optional
        Seconds that a call of a function may take for one item.
    """

    def __init__(self, path, time_limit=None):
        super().__init__(path)
        self.time_limit = time_limit

    def geometry(self, count, seed, parameters):
        """Return the training Geometry with *count* primitives."""
        return self._geometry("geometry", count, count, seed, parameters)

    def unseen(self, name, count, parameters):
        """Return the Geometry of the unseen input *name* with *count* primitives."""
        return self._geometry("unseen", count, name, count, parameters)

    def _geometry(self, function, count, *arguments):
        if not self.has(function):
            raise UserError(f"{self.path} defines no function {function}(...), which the config asks for")
        result = self.call(function, *arguments)
        if isinstance(result, dict):
            try:
                result = Geometry.from_attributes(result)
            except UserError as error:
                raise UserError(f"{self.path}: {function}: {error}") from None
        if not isinstance(result, Geometry):
            kind = type(result).__name__
            raise UserError(f"{self.path}: {function} gave {kind}; it must give a Geometry or a dict of attributes")
        if count is not None and len(result.primitives) != count:
            made = len(result.primitives)
            raise UserError(f"{self.path}: {function} made {made} primitives, the config says {count}")
        return result

    def inputs(self, item):
        """Return the input components of an item: name -> float32 array."""
        if self.has("inputs"):
            return self._components("inputs", item)
        return checked_components("input", numbers_of(item), f"{self.path}: attributes of item {item.id}")

    def targets(self, item):
        """Return the target components of an item: name -> float32 array."""
        return self._components("cook", item)

    def baseline(self, item):
        """Return the baseline's answer for an item: name -> float32 array."""
        return self._components("baseline", item)

    def _components(self, function, item):
        kind = {"inputs": "input", "cook": "target", "baseline": "baseline"}[function]
        where = f"{self.path}: {function}(item {item.id})"
        return checked_components(kind, call_within(self.time_limit, where, self.function(function), item), where)

    def read_outputs(self, item, folder):
        """Return the targets that the user's function reads from the files of a command."""
        where = f"{self.path}: read_outputs(item {item.id})"
        return call_within(self.time_limit, where, self.function("read_outputs"), item, folder)

    def many(self, function, items):
        """Return what a function for many items at once gives."""
        where = f"{self.path}: {function}({len(items)} items, {items.ids[0]} to {items.ids[-1]})"
        return call_within(self.time_limit and self.time_limit * len(items), where, self.call, function, items)


def numbers_of(item):
    """Return all attributes of an item that are numbers: what a model sees where the user does not say."""
    values = {name: item[name] for name in item.names}
    return {name: value for name, value in values.items() if np.asarray(value).dtype.kind != "U"}


def checked_components(kind, components, where):
    """Return *components* as finite float32 arrays, or say what is wrong with which one."""
    arrays = float_arrays(kind, components, where)
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            bad = int((~np.isfinite(array)).sum())
            raise InvalidExample(
                f"{where}: {kind} {name!r} has {bad} of {array.size} values that are not finite (NaN, Inf)"
            )
        if array.size == 0:
            raise UserError(f"{where}: {kind} {name!r} is empty")
    return arrays


def float_arrays(kind, components, where):
    """Return *components* as float32 arrays by name, finite or not."""
    if not isinstance(components, dict) or not components:
        raise UserError(f"{where} gave {type(components).__name__}; it must give a dict of name -> array, not empty")
    arrays = {}
    for name, value in components.items():
        if name in ("id", "source"):
            raise UserError(f"{where}: {name!r} names a column of the predictions; call the component something else")
        try:
            array = np.asarray(value)
            numbers = array.dtype.kind in "biuf"
        except ValueError:  # lists of different lengths
            numbers = False
        if not numbers:
            raise UserError(f"{where}: {kind} {name!r} is not an array of numbers")
        arrays[str(name)] = array
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is named later
        return {name: array.astype(np.float32) for name, array in arrays.items()}

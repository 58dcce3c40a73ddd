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

from geokiln.cooking.checked_values import checked_components, numbers_of
from geokiln.cooking.time_limit import call_within
from geokiln.errors import UserError
from geokiln.geometry.geometry import Geometry
from geokiln.user_module import UserModule


class Generator(UserModule):
    """The functions of a generator file, called with messages that name the file, the function and the item.

    Parameters
    ----------
    path : path
    time_limit : float, optional
        Seconds that a call of a function may take for one item.
    element : str
        ``work_items.element``: what a dict of attributes describes, and what is counted.
    """

    def __init__(self, path, time_limit=None, element="primitive"):
        super().__init__(path)
        self.time_limit, self.element = time_limit, element

    def geometry(self, count, seed, parameters):
        """Return the training Geometry with *count* elements."""
        return self._geometry("geometry", count, count, seed, parameters)

    def unseen(self, name, count, parameters):
        """Return the Geometry of the unseen input *name* with *count* elements."""
        return self._geometry("unseen", count, name, count, parameters)

    def _geometry(self, function, count, *arguments):
        if not self.has(function):
            raise UserError(f"{self.path} defines no function {function}(...), which the config asks for")
        result = self.call(function, *arguments)
        if isinstance(result, dict):
            try:
                result = Geometry.from_attributes(result, self.element)
            except UserError as error:
                raise UserError(f"{self.path}: {function}: {error}") from None
        if not isinstance(result, Geometry):
            kind = type(result).__name__
            raise UserError(f"{self.path}: {function} gave {kind}; it must give a Geometry or a dict of attributes")
        made = {"primitive": len(result.primitives), "point": len(result.points)}
        counted = {"primitive": ["primitive"], "point": ["point", "primitive"], "detail": []}[self.element]
        if count is not None and counted and count not in [made[element] for element in counted]:
            elements = " and ".join(f"{made[element]} {element}s" for element in counted)
            raise UserError(f"{self.path}: {function} made {elements}, the config says {count}")
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

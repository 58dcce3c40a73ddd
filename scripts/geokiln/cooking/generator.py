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
``shape(item, targets)``                   the Geometry that targets mean, cooked or predicted ones: name -> array
=========================================  ==================================================================
"""

import zlib

import numpy as np

from geokiln.cooking.checked_shapes import checked_shape
from geokiln.cooking.checked_values import checked_components, numbers_of
from geokiln.cooking.time_limit import call_within
from geokiln.errors import UserError, warn
from geokiln.geometry.geometry import Geometry
from geokiln.user_code.random_state import RANDOM, Draws
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
        self._seed, self._draws = None, Draws()

    def setup(self, parameters):
        """Let the user prepare what all items need."""
        if self.has("setup"):
            self._seeded("setup", 0, self.call, "setup", parameters)

    def geometry(self, count, seed, parameters):
        """Return the training Geometry with *count* elements."""
        return self._geometry("geometry", seed, count, count, seed, parameters)

    def unseen(self, name, count, parameters):
        """Return the Geometry of the unseen input *name* with *count* elements."""
        return self._geometry("unseen", zlib.crc32(str(name).encode()), count, name, count, parameters)

    def _geometry(self, function, global_seed, count, *arguments):
        if not self.has(function):
            raise UserError(f"{self.path} defines no function {function}(...), which the config asks for")
        result = self._seeded(function, global_seed, self.call, function, *arguments)
        if isinstance(result, dict):
            try:
                result = Geometry.from_attributes(result, self.element)
            except UserError as error:
                raise UserError(f"{self.path}: {function}: {error}") from None
        if not isinstance(result, Geometry):
            kind = type(result).__name__
            raise UserError(f"{self.path}: {function} gave {kind}; it must give a Geometry or a dict of attributes")
        made = {"primitive": len(result.primitives), "point": len(result.points)}
        counted = {"primitive": ["primitive"], "point": ["point", "primitive"]}.get(self.element, [])
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
        return checked_components(kind, self._of_item(function, where, item), where)

    def _of_item(self, function, where, item, *arguments):
        """Call a function for an item, within the time limit; what it changes of numpy's error handling is undone."""
        with np.errstate():
            about = self.time_limit, where, self.guarded, function, where, item, *arguments
            return self._seeded(function, seed_of(item), call_within, *about)

    def read_outputs(self, item, folder):
        """Return the targets that the user's function reads from the files of a command."""
        return self._of_item("read_outputs", f"{self.path}: read_outputs(item {item.id})", item, folder)

    def attributes(self, item):
        """Return further attributes of an item that is imported."""
        where = f"{self.path}: attributes(item {item.id})"
        return self._seeded("attributes", seed_of(item), self.call, "attributes", item, where=where)

    def shape(self, item, targets, kind):
        """Return the Geometry that *targets* mean: those of the ``truth``, the ``baseline`` or a ``prediction``."""
        if not self.has("shape"):
            raise UserError(f"{self.path} defines no function shape(item, targets): the Geometry that targets mean")
        where = f"{self.path}: shape(item {item.id}, {kind})"
        about = self.time_limit, where, self.call, "shape", item, targets
        shape = self._seeded("shape", seed_of(item), call_within, *about, where=where)
        return checked_shape(shape, where)

    def many(self, function, items):
        """Return what a function for many items at once gives."""
        where = f"{self.path}: {function}({len(items)} items, {items.ids[0]} to {items.ids[-1]})"
        about = self.time_limit and self.time_limit * len(items), where, self.call, function, items
        return self._seeded(function, seed_of(next(iter(items))), call_within, *about, where=where)

    def _seeded(self, function, seed, call, *arguments, **named):
        """Call with global random generators seeded, and tell once if the *function* draws from them."""
        if seed != self._seed:  # the functions of an item share its random numbers: to seed takes 10 us
            self._seed = seed
            RANDOM.seed(seed)
        before = self._draws.before(function)
        result = call(*arguments, **named)
        for name in self._draws.drawn(function, before):
            better = "draw from item.random, or from a generator that you seed yourself"
            warn(f"{self.path}: {function} draws from the global random numbers of {name}; {better}")
        return result


def seed_of(item):
    """Return the seed of global random generators for an item: 32 bits of the seed and the identity."""
    return zlib.crc32(f"{item.seed} {item.id}".encode())

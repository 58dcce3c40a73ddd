"""The ways to cook work items: a function per item, a function for many at once, or any command."""

from typing import Protocol

import numpy as np

from geokiln.cooking.batch_command import BatchCommand, reason_of
from geokiln.cooking.checked_values import Components, checked_components, float_arrays, numbers_of
from geokiln.cooking.command import read_targets, run_command
from geokiln.cooking.generator import Generator
from geokiln.errors import DropItem, InvalidExample, UserError
from geokiln.storage.arrays import check_same_layout
from geokiln.storage.rounding import ROUNDING
from geokiln.user_code import running
from geokiln.work_items.items import ManyItems

PARTS = {"inputs": "input", "targets": "target", "baseline": "baseline"}
FUNCTIONS = {"inputs": "inputs", "targets": "cook", "baseline": "baseline"}


class CookKind(Protocol):
    """What `geokiln.cooking.cook_batch` asks of a way to cook: all that another one must have.

    Attributes
    ----------
    generator : geokiln.cooking.generator.Generator
        Whose file messages name.
    default_inputs : bool
        Whether a model sees the items' attributes, since the generator does not say what else.
    """

    generator: Generator
    default_inputs: bool

    def calls(self, items, digests):
        """Return an iterator over the ranges of rows that WorkItems are cooked in, a call of `cook` for each.

        Together they are all rows; *digests* (n, 2) identify the items. It may take as long as it wants: what was
        cooked before is kept meanwhile.
        """

    def cook(self, items):
        """Cook the WorkItems of one call.

        Returns
        -------
        components : dict
            ``input/{name}``, ``target/{name}``, ``baseline/{name}`` -> float32 array (n_items, *shape*); and
            ``rounding/input/{name}``, ``rounding/target/{name}``, see `geokiln.storage.rounding.rounding_of`.
        bad : dict
            Row -> exception, of items that are no good while others of the call are; their rows count for nothing.

        Raises
        ------
        Exception
            Whatever the user's code raises: it fails all items of the call.
        """

    def kept(self, ids):
        """The items with these identities are in the store now: what else there is of them may go."""


def cook_kind(generator, parameters, parts, command=None, items_per_call=1024, folder=None):
    """Return the kind of cooking that a project asks for.

    Parameters
    ----------
    generator : geokiln.cooking.generator.Generator
    parts : list of str
        ``inputs``, ``targets``, ``baseline``; a baseline that the generator lacks is left out.
    command : dict, optional
        ``generator.command``: ``words`` (None for no command) and the others of `geokiln.cooking.command.run_command`.
    items_per_call : int
        Of ``cook_batch``, at most.
    folder : path, optional
        Where a command that cooks a batch does so, see `geokiln.cooking.batch_folder`.
    """
    has_command = bool(command and command["words"])
    if "targets" in parts and not (has_command or generator.has("cook") or generator.has("cook_batch")):
        promise = "it returns an item's targets as a dict of arrays"
        raise UserError(f"{generator.path} defines no function cook(item); {promise}")
    for part in ("inputs", "baseline") if has_command else ():
        if generator.has(f"{part}_batch") and not generator.has(part):
            raise UserError(f"{generator.path}: {part}_batch(items) does not go with a command; define {part}(item)")
    has_baseline = generator.has("baseline") or generator.has("baseline_batch")
    parts = [part for part in parts if part != "baseline" or has_baseline]
    if has_command and "targets" in parts:
        if any("{items}" in word for word in command["words"]):
            return BatchCommandKind(generator, parameters, parts, command, folder)
        return CommandKind(generator, parameters, parts, command)
    if any(generator.has(f"{FUNCTIONS[part]}_batch") for part in parts):
        return BatchKind(generator, parameters, parts, items_per_call)
    return ItemKind(generator, parameters, parts)


class ItemKind:
    """``cook(item)``, once per item."""

    def __init__(self, generator, parameters, parts):
        self.generator, self.parameters, self.parts = generator, parameters, parts
        self.default_inputs = not (generator.has("inputs") or generator.has("inputs_batch"))

    def calls(self, items, digests):
        return (range(row, row + 1) for row in range(len(items)))

    def kept(self, ids):
        pass

    def cook(self, items):
        item = items.item(0, self.parameters)
        rows = {}
        for part in self.parts:
            components = self.part(part, item)
            components.update({name: array[np.newaxis] for name, array in components.items()})
            rows.update(_named(PARTS[part], components))
        if "baseline" in self.parts:
            check_baseline(rows, f"{self.generator.path}: baseline(item {item.id})")
        return rows, {}

    def part(self, part, item):
        """Return one part of an item: component name -> array."""
        return getattr(self.generator, part)(item)


class CommandKind(ItemKind):
    """A command per item gives the targets; inputs and baseline are the generator's."""

    def __init__(self, generator, parameters, parts, command):
        super().__init__(generator, parameters, parts)
        self.command = command

    def part(self, part, item):
        if part != "targets":
            return super().part(part, item)
        return checked_components("target", self.outputs(item), f"item {item.id}: the command's outputs")

    def outputs(self, item):
        """Return what the command gives for an item."""
        return run_command(item, read_outputs=self.read_outputs, **self.command)

    @property
    def read_outputs(self):
        return self.generator.read_outputs if self.generator.has("read_outputs") else None


class BatchCommandKind(CommandKind):
    """A command for all items gives the targets, one item after the other; each is a call once its result is there."""

    def __init__(self, generator, parameters, parts, command, folder):
        super().__init__(generator, parameters, parts, command)
        self.batch, self.answer = BatchCommand(folder, **command), None

    def calls(self, items, digests):
        rows = {str(id_): row for row, id_ in enumerate(items.ids)}
        names = [digest.tobytes().hex() for digest in digests]
        for answer in self.batch.answers(items, names, self.parameters):
            self.answer, row = answer, rows[answer.id]
            yield range(row, row + 1)
            running.page.items(-1, -1, 0)  # this process does nothing but wait now

    def kept(self, ids):
        self.batch.kept(ids)

    def outputs(self, item):
        answer = self.answer
        if answer.error:
            raise answer.error
        if answer.line.get("drop") is not None:
            raise DropItem(reason_of(answer, "drop"))
        if answer.line.get("error") is not None:
            raise UserError(f"item {item.id}: the command says: {reason_of(answer, 'error')}")
        if answer.line.get("targets") is not None:
            return answer.line["targets"]
        if not self.command["outputs"] and not self.read_outputs:
            raise UserError(f'item {item.id}: its line has no "targets", and generator.command.outputs names no file')
        return read_targets(item, answer.folder, self.command["outputs"], self.read_outputs)


class BatchKind(ItemKind):
    """``cook_batch(items)``; inputs and baseline likewise, or per item where only that is defined."""

    def __init__(self, generator, parameters, parts, items_per_call):
        super().__init__(generator, parameters, parts)
        self.items_per_call = items_per_call

    def calls(self, items, digests):
        size, count = self.items_per_call, len(items)
        return (range(first, min(first + size, count)) for first in range(0, count, size))

    def cook(self, items):
        many, rows, bad = ManyItems(items, self.parameters), {}, {}
        for part in self.parts:
            function, kind = FUNCTIONS[part], PARTS[part]
            where = f"{self.generator.path}: {function}_batch"
            if self.generator.has(f"{function}_batch"):
                given = self.generator.many(f"{function}_batch", many)
                components = float_arrays(kind, given, where, len(items))
            elif part == "inputs" and self.default_inputs:
                components = float_arrays(kind, numbers_of(many), "attributes", len(items))
            else:
                components = self._one_by_one(part, many, bad)
            for name, array in components.items():
                finite = np.isfinite(array).reshape(len(array), -1).all(1)
                for row in np.flatnonzero(~finite):
                    what = f"{kind} {name!r} of item {items.ids[row]} is not finite (NaN, Inf), or masked"
                    bad.setdefault(int(row), InvalidExample(f"{where}: {what}"))
            rows.update(_named(kind, components))
        check_baseline(rows, f"{self.generator.path}: baseline")
        return rows, bad

    def _one_by_one(self, part, many, bad):
        """Return a part of many items by its function for one; what is wrong with an item is put into *bad*."""
        given, components = {}, Components()
        for row, item in enumerate(many):
            try:
                given[row] = self.part(part, item)
            except Exception as error:  # whatever the user's code raises is this item's failure
                bad[row] = error
        if not given:
            return components
        shapes = {row: {name: array.shape for name, array in one.items()} for row, one in given.items()}
        check_same_layout({f"item {many.ids[row]}": layout for row, layout in shapes.items()})
        any_one = next(iter(given.values()))
        for name, array in any_one.items():
            components[name] = np.zeros((len(many), *array.shape), np.float32)
            for row, one in given.items():
                components[name][row] = one[name]
        for name, lost in any_one.rounding.items():
            components.rounding[name] = np.full((len(many), lost.shape[1]), np.nan)
            for row, one in given.items():
                components.rounding[name][row] = one.rounding.get(name, np.nan)
        return components


def check_baseline(rows, where):
    """Raise a UserError if the baseline's components are not those of the targets; *rows* hold both, or only one."""
    target, baseline = (
        {name[len(kind) + 1 :]: array.shape[1:] for name, array in rows.items() if name.startswith(f"{kind}/")}
        for kind in ("target", "baseline")
    )
    for name in sorted(target.keys() | baseline.keys()) if target and baseline else ():
        if target.get(name) != baseline.get(name):
            here, there = baseline.get(name, "missing"), target.get(name, "missing")
            raise UserError(f"{where}: {name!r} has shape {here}, the target's is {there}; both must agree")


def _named(kind, components):
    """Return components, and what float32 took away from them, under the names that they are kept by."""
    rows = {f"{kind}/{name}": array for name, array in components.items()}
    if kind != "baseline":
        rows.update({f"{ROUNDING}{kind}/{name}": lost for name, lost in components.rounding.items()})
    return rows

"""What cooks depend on beside their items, and edits of it that the user declared harmless.

``.kept/accepted.json`` maps the fingerprint of a cook context to that of an earlier one, whose items it takes over.
Nothing heavy is imported here: a job that finds its batch in the store must not pay for numpy.
"""

import json
import os

from geokiln.cooking.input_names import input_names
from geokiln.cooking.shape_code import without_shape
from geokiln.errors import UserError
from geokiln.storage.files import content_digest, read_json, write_json, written
from geokiln.storage.fingerprints import fingerprint
from geokiln.storage.sources import code_digest
from geokiln.storage.store import STORE

COOK_VERSION = 1
FILES = "a file under generator.inputs changed"
HARMLESS = {"the generator's code changed", FILES, "the environment changed"}


def cook_context(generator, generator_inputs, parameters, environment, parts, command=None, recooked=0):
    """Return what all cooks of a batch depend on beside their items: reason to cook again -> its value, plain JSON.

    Parameters
    ----------
    generator, generator_inputs : path, list of paths
        The user's Python file (it and the modules it imports count as syntax trees, but for ``shape`` and what it alone
        uses), and files that it reads (bytes).
    parameters : dict
        ``generator.parameters`` of the config.
    environment : str
        Name of the environment, which carries the hash of its requirements and interpreter.
    parts : list of str
        What is cooked: ``inputs``, ``targets``, ``baseline``.
    command : list, optional
        The words of the command that cooks an item, and the files that it is to write.
    recooked : int
        How often everything was to be cooked anew.
    """
    context = {
        "Geokiln cooks differently": COOK_VERSION,
        "the generator's code changed": code_digest(generator, without_shape),
        FILES: dict(zip(input_names(generator_inputs), map(content_digest, generator_inputs))),
        "generator.parameters changed": parameters,
        "the environment changed": environment,
        "other parts are asked for": sorted(parts),
        "generator.command changed": command,
    }
    return {**context, "everything is to be cooked anew": recooked} if recooked else context


def why_cooked(before, context):
    """Return why items were cooked that an earlier run of the job, in the context *before*, had cooked already.

    >>> why_cooked({"the code changed": 1, "a file changed": 2}, {"the code changed": 3, "a file changed": 2})
    'the code changed'
    """
    changed = [reason for reason, value in context.items() if before.get(reason) != value]
    return ", ".join(changed) or "these items are new or changed"


def accepted_context(context, folder=STORE):
    """Return the fingerprint under whose name items of this context are kept: its own, or that of an accepted one."""
    return _accepted(folder).get(context, context)


def kept_context(context, generator_inputs, folder=STORE):
    """Return the fingerprint under whose name items of a context are kept.

    Earlier versions had the files under generator.inputs by names as the config spells them. What they kept is taken
    over: it is written down with what was accepted, so that it holds in another spelling, too.
    """
    name, accepted = fingerprint(context), _accepted(folder)
    spelled = fingerprint({**context, FILES: dict(zip(map(str, generator_inputs), context[FILES].values()))})
    earlier = accepted.get(spelled, spelled)
    kept = [os.path.isdir(os.path.join(folder, "data_points", one)) for one in (name, earlier)]
    if name not in accepted and spelled != name and kept == [False, True]:
        _write_accepted({name: earlier}, folder)
    return accepted_context(name, folder)


def _accepted(folder):
    path = os.path.join(folder, "accepted.json")
    return read_json(path) if os.path.exists(path) else {}


def _write_accepted(more, folder):
    with written(folder / "accepted.json") as output:
        write_json(output, {**_accepted(folder), **more})


def accept(generator, generator_inputs, environment, recooked=0, folder=STORE):
    """Declare that what was last cooked of each batch still holds, though the generator's code or files changed.

    Returns
    -------
    str
        One line of what was accepted.

    Raises
    ------
    UserError
        If nothing was cooked yet, or if parameters or the command changed, or everything is to be cooked anew: those
        are no edits of code.
    """
    files = sorted((folder / "contexts").rglob("*.json"))
    if not files:
        raise UserError("nothing was cooked yet, so there is nothing to accept")
    accepted, reasons = {}, set()
    for path in files:
        before = json.loads(path.read_text())
        now = cook_context(
            generator,
            generator_inputs,
            before["generator.parameters changed"],
            environment,
            before["other parts are asked for"],
            before["generator.command changed"],
            recooked,
        )
        changed = {reason for reason, value in now.items() if before.get(reason) != value}
        if changed - HARMLESS:
            raise UserError(f"this cannot be accepted: {', '.join(sorted(changed - HARMLESS))}")
        reasons |= changed
        if changed:
            accepted[fingerprint(now)] = accepted_context(fingerprint(before), folder)
    if not accepted:
        return "nothing to accept: nothing has changed since it was cooked"
    _write_accepted(accepted, folder)
    return f"accepted, what was cooked before is kept: {', '.join(sorted(reasons))}"

"""Cook an item by any command: hython, a simulator, a shell script."""

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from geokiln.cooking.input_names import CHECKOUT
from geokiln.cooking.process import Process, how_it_ended
from geokiln.errors import DropItem, UserError
from geokiln.geometry.geo_file import write_geo
from geokiln.storage.users_arrays import read_users_arrays


def run_command(item, words, outputs, time_limit=None, retries=0, exit_codes=None, read_outputs=None):
    """Run a command for one item and return its targets: component name -> array.

    The command gets a folder of its own that is removed afterwards, with the item in ``item.json`` (see `about`). It
    runs in the project's folder; what it prints goes to the job's log.

    Parameters
    ----------
    words : list of str
        The command, without a shell; ``{item}`` stands for the path of ``item.json``, ``{folder}`` for the folder,
        ``{id}`` for the item's identity, ``{geometry}`` for the path of its own geometry, if it brings one. See
        `words_to_run` for the others.
    outputs : list of str
        Files that it must write to the folder, see `read_targets`.
    time_limit : float, optional
        Seconds after which the command and what it started are killed.
    retries : int
        How often it may run again after the time limit, or after an exit code that says ``retry``.
    exit_codes : dict
        Exit code (text) -> ``error``, ``retry``, or ``drop``: leave the item out, with a warning. 0 is success; codes
        that are not named are errors.
    read_outputs : function, optional
        ``read_outputs(item, folder)`` of the generator returns the targets.

    Raises
    ------
    UserError, DropItem
        Name the item and the reason.
    """
    for attempt in range(retries + 1):
        with tempfile.TemporaryDirectory(prefix="geokiln-") as folder:
            path = Path(folder, "item.json")
            path.write_text(json.dumps(about(item)), encoding="utf-8")
            values = {"{item}": str(path), "{folder}": folder, "{id}": item.id}
            if any("{geometry}" in word for word in words):
                values["{geometry}"] = str(Path(folder, "item.geo"))
                write_geo(values["{geometry}"], item.geometry)
            with Process(words_to_run(words, values)) as process:
                process.wait(time_limit)
            if process.code == 0:
                return read_targets(item, folder, outputs, read_outputs)
        ended, again = how_it_ended(process, time_limit), action(process.code, exit_codes)
        if again == "drop":
            raise DropItem(f"the command {ended}")
        if again == "error":
            break
        print(f"item {item.id}: the command {ended}; {retries - attempt} more tries", flush=True)
    raise UserError(f"item {item.id}: the command {ended}; {process.last_line}")


def about(item):
    """Return what a command is told of an item, plain JSON."""
    attributes = {name: np.asarray(item[name]).tolist() for name in item.names}
    return {"id": item.id, "seed": item.seed, "attributes": attributes, "parameters": item.parameters}


def action(code, exit_codes):
    """Return what the end of a command means for its item: ``error``, ``retry`` or ``drop``; None is the time limit."""
    return "retry" if code is None else (exit_codes or {}).get(str(code), "error")


def words_to_run(words, values):
    """Return the words of a command as they are run: *values* in their places, and programs and files found.

    ``python`` and ``python3`` are this interpreter. A file that is not in the project but in Geokiln's checkout is that
    one, as everywhere in a config.
    """
    words = [_in_checkout(word) if number or "/" in word else word for number, word in enumerate(words)]
    return [_filled(word, values) for word in with_own_python(words)]


def _in_checkout(word):
    there = os.path.join(CHECKOUT, word)
    return there if "{" not in word and not os.path.isfile(word) and os.path.isfile(there) else word


def with_own_python(words):
    """Return the command with ``python`` or ``python3`` as this interpreter: its packages count, those on PATH do not.

    The name may follow ``env`` and its settings. Any other program stays as it is.

    >>> with_own_python(["env", "A=1", "python3", "cook.py"])[2] == sys.executable
    True
    >>> with_own_python(["hython", "python3"])
    ['hython', 'python3']
    """
    names = {"python", "python3", "python{}.{}".format(*sys.version_info)}
    place = 0
    if os.path.basename(words[0]) == "env":
        settings = (number for number, word in enumerate(words) if number and "=" not in word and word[:1] != "-")
        place = next(settings, 0)
    return [*words[:place], sys.executable, *words[place + 1 :]] if words[place] in names else words


def _filled(word, values):
    for name, value in values.items():
        word = word.replace(name, value)
    return word


def read_targets(item, folder, outputs, read_outputs=None):
    """Return the targets in the files *outputs* of an item's folder: component name -> array.

    Arrays in ``.npz`` become targets by their names, an ``.npy`` by the file's; others need *read_outputs*.
    """
    for name in outputs:
        if not os.path.isfile(os.path.join(folder, name)):
            raise UserError(f"item {item.id}: the command ended well but did not write {name} to its folder")
    if read_outputs:
        return read_outputs(item, str(folder))
    targets = {}
    for name in outputs:
        if name.endswith((".npz", ".npy")):
            for target, array in read_users_arrays(os.path.join(folder, name), f"item {item.id}: {name}").items():
                if target in targets:
                    raise UserError(f"item {item.id}: {name} holds {target!r}, as a file before it does")
                targets[target] = array
    return targets

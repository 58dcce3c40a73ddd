"""Cook an item by any command: hython, a simulator, a shell script."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from geokiln.errors import DropItem, UserError
from geokiln.geometry.geo_file import write_geo
from geokiln.storage.users_arrays import read_users_arrays


def run_command(item, words, outputs, time_limit=None, retries=0, exit_codes=None, read_outputs=None):
    """Run a command for one item and return its targets: component name -> array.

    The command gets a folder of its own that is removed afterwards, with the item in ``item.json``: ``id``, ``seed``,
    ``attributes``, ``parameters``. It runs in the project's folder; what it prints goes to the job's log.

    Parameters
    ----------
    words : list of str
        The command, without a shell; ``{item}`` stands for the path of ``item.json``, ``{folder}`` for the folder,
        ``{id}`` for the item's identity, ``{geometry}`` for the path of its own geometry, if it brings one,
        ``python3`` for this interpreter.
    outputs : list of str
        Files that it must write to the folder. Arrays in ``.npz`` become targets by their names, an ``.npy`` by the
        file's; others need *read_outputs*.
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
            about = {name: np.asarray(item[name]).tolist() for name in item.names}
            document = {"id": item.id, "seed": item.seed, "attributes": about, "parameters": item.parameters}
            path = Path(folder, "item.json")
            path.write_text(json.dumps(document), encoding="utf-8")
            values = {"{item}": str(path), "{folder}": folder, "{id}": item.id}
            if any("{geometry}" in word for word in words):
                values["{geometry}"] = str(Path(folder, "item.geo"))
                write_geo(values["{geometry}"], item.geometry)
            code = _run([_filled(word, values) for word in with_own_python(words)], time_limit)
            if code == 0:
                return _read(item, Path(folder), outputs, read_outputs)
        ended = f"ran longer than {time_limit} s" if code is None else f"ended with exit code {code}"
        action = "retry" if code is None else (exit_codes or {}).get(str(code), "error")
        if action == "drop":
            raise DropItem(f"the command {ended}")
        if action == "error":
            break
        print(f"item {item.id}: the command {ended}; {retries - attempt} more tries", flush=True)
    raise UserError(f"item {item.id}: the command {ended}; what it printed stands in the log")


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


def _run(words, time_limit):
    """Run a command in a process group of its own; return its exit code, or None if it took too long."""
    try:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        raise UserError(f"generator.command.words: {words[0]} cannot be started: {error.strerror}") from None
    try:
        return process.wait(time_limit)
    except subprocess.TimeoutExpired:
        return None
    finally:  # whatever ends the wait, nothing is left running
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read(item, folder, outputs, read_outputs):
    for name in outputs:
        if not (folder / name).is_file():
            raise UserError(f"item {item.id}: the command ended well but did not write {name} to its folder")
    if read_outputs:
        return read_outputs(item, str(folder))
    targets = {}
    for name in outputs:
        if name.endswith((".npz", ".npy")):
            for target, array in read_users_arrays(folder / name, f"item {item.id}: {name}").items():
                if target in targets:
                    raise UserError(f"item {item.id}: {name} holds {target!r}, as a file before it does")
                targets[target] = array
    return targets

"""Interpreters that environments are built on: the one that runs, Houdini's own, any other."""

import functools
import os
import platform
import re
import subprocess
import sys

from geokiln.errors import UserError

HOUDINI_LAYOUTS = {  # sys.platform -> where Houdini's own Python is, from $HFS on; N is its minor version
    "linux": ["python/bin/python3.N"],
    "darwin": [  # beside Houdini's framework; in some versions within it
        "../../../../Python.framework/Versions/3.N/bin/python3.N",
        "Frameworks/Python.framework/Versions/3.N/bin/python3.N",
    ],
    "win32": ["python3N/python.exe"],
}
MINOR_VERSIONS = range(30, -1, -1)  # that are looked for, the newest first
OLDEST = (3, 9)  # that scripts/ run on
SHIPPED_NEED = (3, 11)  # envs/*.txt are for this one and newer, envs/older/*.txt for those before
NEEDED = "Geokiln's scripts need Python 3.9 or newer"
ABOUT = "import platform as p; print(p.python_implementation(), *p.python_version_tuple()[:2], p.system(), p.machine())"


def base_interpreter(choice):
    """Return the interpreter to build environments on: ``current``, ``houdini`` ($HFS's own) or a path."""
    if choice == "current":
        return sys.executable
    if choice == "houdini":
        return _newest_that_starts(os.environ.get("HFS"))
    path = os.path.expanduser(choice)
    if not os.path.isfile(path):
        raise UserError(f"environments.python: {choice} does not exist; use current, houdini or a path")
    return path


def _newest_that_starts(hfs):
    if not hfs:
        raise UserError("environments.python: houdini needs $HFS; source houdini_setup first")
    found, reasons = houdini_interpreters(hfs), []
    for interpreter in found:
        try:
            _about(interpreter)
            return interpreter
        except UserError as error:
            reasons.append(error)
    if reasons:
        raise reasons[0]
    places = " or ".join(f"$HFS/{layout}" for layout in _layouts(sys.platform))
    raise UserError(f"environments.python: no Python of Houdini's own in $HFS ({hfs}); it should be {places}")


def houdini_interpreters(hfs, system=sys.platform):
    """Return the interpreters of an installation of Houdini on a *system*, the newest first."""
    names = [layout.replace("N", str(minor)) for minor in MINOR_VERSIONS for layout in _layouts(system)]
    return [path for path in (os.path.join(hfs, name) for name in names) if os.path.isfile(path)]


def _layouts(system):
    return HOUDINI_LAYOUTS.get(system, HOUDINI_LAYOUTS["linux"])


def interpreter_tag(interpreter):
    """Return implementation, version and platform of an interpreter, such as ``CPython 3 11 Linux x86_64``.

    Only major and minor version count: a security update of Python, or another place, rebuilds and recooks nothing.
    """
    return _about(interpreter)[0]


def shipped_for(path, interpreter, checkout):
    """Return the requirements file to install on an *interpreter* where *path* is asked for.

    It is another one only where *path* is Geokiln's own, and needs a newer Python: then it is the one of this name in
    ``envs/older/``. A user's file is always the one that was asked for.
    """
    name = os.path.basename(path)
    older = os.path.join(checkout, "envs/older", name)
    shipped = os.path.realpath(path) == os.path.realpath(os.path.join(checkout, "envs", name))
    if shipped and os.path.isfile(older) and _about(interpreter)[1] < SHIPPED_NEED:
        return older
    return path


@functools.lru_cache(maxsize=None)  # asked several times when the rules are read; to start one costs some 20 ms
def _about(interpreter):
    """Return tag and (major, minor) of an interpreter; it is started without what is installed in it."""
    if interpreter == sys.executable:
        words = platform.python_implementation(), *sys.version_info[:2], platform.system(), platform.machine()
        return " ".join(map(str, words)), sys.version_info[:2]
    try:
        done = subprocess.run([interpreter, "-I", "-S", "-c", ABOUT], capture_output=True, text=True, errors="replace")
        said, reason = done.stdout.strip(), (done.stderr.split("\n")[0] or f"exit code {done.returncode}")
    except OSError as error:
        said, reason = "", str(error)
    match = re.fullmatch(r"\w+ (\d+) (\d+)( .*)?", said)
    if not match:
        raise UserError(f"environments.python: {interpreter} is no Python that starts ({reason}); {NEEDED}")
    version = int(match[1]), int(match[2])
    if version < OLDEST:
        raise UserError(f"environments.python: {interpreter} is Python {version[0]}.{version[1]}; {NEEDED}")
    return said, version

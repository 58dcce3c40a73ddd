"""Interpreters that environments are built on: the one that runs, Houdini's own, any other."""

import os
import platform
import subprocess
import sys
from pathlib import Path

from geokiln.errors import UserError


def base_interpreter(choice):
    """Return the interpreter to build environments on: ``current``, ``houdini`` ($HFS's own) or a path."""
    if choice == "current":
        return sys.executable
    if choice != "houdini":
        path = os.path.expanduser(choice)
        if not os.path.isfile(path):
            raise UserError(f"environments.python: {choice} does not exist; use current, houdini or a path")
        return path
    if not os.environ.get("HFS"):
        raise UserError("environments.python: houdini needs $HFS; source houdini_setup first")
    found = sorted(Path(os.environ["HFS"]).glob("python/bin/python3*"))
    if not found:
        raise UserError(f"environments.python: no python/bin/python3* in $HFS ({os.environ['HFS']})")
    return str(found[0])


def interpreter_tag(interpreter):
    """Return implementation, version and platform of an interpreter, such as ``CPython 3.11 Linux x86_64``.

    Only major and minor version count: a security update of Python rebuilds and recooks nothing.
    """
    program = "import platform as p; print(p.python_implementation(), *p.python_version_tuple()[:2])"
    if interpreter == sys.executable:
        version = f"{platform.python_implementation()} {sys.version_info[0]} {sys.version_info[1]}"
    else:
        try:
            done = subprocess.run([interpreter, "-c", program], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise UserError(f"environments.python: {interpreter} is no Python that starts ({error})") from None
        version = done.stdout.strip()
    return f"{version} {platform.system()} {platform.machine()}"

"""An environment that is there already, taken as it is: what counts of it, and the way to it."""

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from geokiln.errors import UserError
from geokiln.planning.building import NEEDED, write_program
from geokiln.planning.interpreters import interpreter_tag
from geokiln.storage.requirements import files_digest

# Prints the distributions that an interpreter sees, and which of the modules it is given it lacks.
LOOK = """
import glob, importlib.util, json, os, sys
kinds = ("*.dist-info", "*.egg-info")
there = {file for folder in sys.path for kind in kinds for file in glob.glob(os.path.join(glob.escape(folder), kind))}
missing = [name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]
print(json.dumps([sorted(there), missing]))
"""


def interpreter_in(folder):
    """Return the interpreter of the environment in a folder, None if there is none."""
    names = (os.path.join(folder, "bin", name) for name in ("python", "python3"))
    return next((os.path.abspath(name) for name in names if os.path.isfile(name)), None)


def look_at(kind, folder):
    """Return lines that say what an environment for a *kind* of jobs is: interpreter, packages, versions.

    Its place does not count. Of packages that are installed to be edited, the files do.

    Raises
    ------
    UserError
        If it has no interpreter, or one that does not start, or lacks what jobs of that kind import.
    """
    where, python = f"environments.{kind}: {folder}", interpreter_in(folder)
    if python is None:
        raise UserError(f"{where} is a folder without bin/python; name an environment's folder, or a requirements file")
    try:
        tag = interpreter_tag(python)
    except UserError as error:
        raise UserError(str(error).replace("environments.python", f"environments.{kind}", 1)) from None
    done = subprocess.run([python, "-I", "-c", LOOK, *NEEDED[kind]], capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise UserError(f"{where} does not start: {(done.stderr.splitlines() or ['no reason given'])[-1]}")
    there, missing = json.loads(done.stdout)
    if missing:
        raise UserError(f"{where} lacks {', '.join(missing)}; every environment to {kind} needs it: install it there")
    local = [files_digest(package) for package in filter(None, map(_editable, there))]
    return ["as it is", tag, *sorted(map(os.path.basename, there)), *sorted(local)]


def _editable(distribution):
    """Return the folder of a package that is installed to be edited, by what pip noted of it; None for others."""
    try:
        about = json.loads(Path(distribution, "direct_url.json").read_text(encoding="utf-8"))
        path = Path(url2pathname(urlsplit(about["url"]).path)) if about["dir_info"]["editable"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return path if path and path.is_dir() else None


def leads_to(folder, interpreter):
    """Whether *folder* is the way to the environment with an *interpreter*."""
    try:
        return Path(folder, "bin/python").read_text(encoding="utf-8") == _program(interpreter)
    except (OSError, ValueError):
        return False


def take_environment(python, interpreter):
    """Make *python*, which starts the *interpreter* of an environment wherever that lies: its contents never change."""
    folder = Path(python).parent
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "bin").mkdir(parents=True)
    write_program(folder / "bin/python", _program(interpreter))
    write_program(Path(python))


def _program(interpreter):
    return f'#!/bin/sh\nexec {shlex.quote(str(interpreter))} "$@"\n'

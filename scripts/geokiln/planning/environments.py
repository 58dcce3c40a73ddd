"""Environments: one per kind of job, in a folder whose name carries all that it depends on."""

import functools
import json
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from geokiln.config.file_mistakes import KINDS
from geokiln.config.reading import locate
from geokiln.errors import UserError
from geokiln.planning.building import NEEDED
from geokiln.planning.interpreters import base_interpreter, interpreter_tag, shipped_for
from geokiln.storage.fingerprints import blake2b
from geokiln.storage.requirements import (
    EDITABLE,
    INCLUDE,
    bytes_digest,
    counted_lines,
    files_digest,
    is_module,
    local_package,
    names_path,
    requirement_lines,
)

# Prints what an interpreter is, the distributions that it sees, and which of the modules it is given it lacks.
LOOK = """
import glob, importlib.util, json, os, platform, sys
there = sorted({file for folder in sys.path for file in glob.glob(os.path.join(glob.escape(folder), "*.dist-info"))})
missing = [name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]
version = " ".join([platform.python_implementation(), *platform.python_version_tuple()[:2]])
print(json.dumps([version + " " + platform.system() + " " + platform.machine(), there, missing]))
"""


class Environment(NamedTuple):
    """What an environment is, and what it is built of.

    Attributes
    ----------
    name : str
        ``{kind}-{hash}``: the hash covers what follows, and the interpreter's version and platform, but no path.
    interpreter : str
        What it is built on.
    requirements : list of str
        A requirements file, if it is built of one. Lists are for flags that may have no value.
    packages : str
        Instead of one: requirements as a file has them, JSON.
    modules : list of str
        Python files and folders to be copied.
    taken : list of str
        The interpreter, if it is there already and nothing is installed.
    """

    name: str
    interpreter: str
    requirements: list = []
    packages: str = "[]"
    modules: list = []
    taken: list = []

    @property
    def package_lines(self):
        return json.loads(self.packages)


def plan_environments(settings, checkout):
    """Return the environment of each kind of job: kind -> Environment.

    *settings* is ``environments`` of the config, checked; see `environment_mistakes`.
    """
    tag_of = functools.lru_cache(maxsize=None)(interpreter_tag)
    return {kind: _planned(kind, settings, checkout, tag_of) for kind in KINDS}


def environment_mistakes(config, checkout):
    """Yield a sentence for each kind of job whose environment cannot be as the config says."""
    settings, tag_of = config["environments"], functools.lru_cache(maxsize=None)(interpreter_tag)
    wheels = settings["wheels"]
    if wheels is not None and not os.path.isdir(os.path.expanduser(wheels)):
        yield f"environments.wheels: {wheels} is no folder in {os.getcwd()}"
    for kind in KINDS:
        value = settings[kind]
        if isinstance(value, (list, dict)):
            yield from (f"environments.{kind}: {mistake}" for mistake in _package_mistakes(_lines(value)))
        try:
            if not isinstance(value, str) or os.path.isdir(os.path.expanduser(value)) or locate(value, checkout):
                _planned(kind, settings, checkout, tag_of)
            else:  # a file that is not there, of which `geokiln.config.file_mistakes` tells
                tag_of(_base(settings["python"], kind))
        except UserError as error:
            yield str(error)


def environments_folder(settings, checkout):
    """Return the folder that environments are made in."""
    return os.path.normpath(os.path.join(checkout, os.path.expanduser(settings["folder"])))


def _planned(kind, settings, checkout, tag_of):
    value = settings[kind]
    if isinstance(value, str) and os.path.isdir(os.path.expanduser(value)):
        return _existing(kind, os.path.expanduser(value))
    interpreter = _base(settings["python"], kind)
    tag, file, lines = tag_of(interpreter), None, []
    if isinstance(value, str):
        file = shipped_for(locate(value, checkout), interpreter, checkout)
    else:
        lines = _lines(value)

    def name(digest):
        counted = requirement_lines(file, ".", digest) if file else counted_lines(lines, digest=digest)
        return environment_name(kind, tag, counted)

    try:
        current, earlier = name(files_digest), name(bytes_digest)
    except UserError as error:
        raise UserError(f"environments.{kind}: {error}") from None
    folder = environments_folder(settings, checkout)
    if os.path.exists(os.path.join(folder, earlier, "python")):  # made when comments in local packages counted
        current = earlier
    modules = [line for line in lines if _is_module(line)]
    packages = [line for line in lines if line not in modules]
    return Environment(current, interpreter, [file] if file else [], json.dumps(packages), modules)


def environment_name(kind, *counted):
    """Return ``{kind}-{hash}`` for the tag of an interpreter, and lines that say what the environment is made of."""
    lines = [line for part in counted for line in ([part] if isinstance(part, str) else part)]
    return f"{kind}-{blake2b(chr(10).join(lines).encode(), digest_size=5).hexdigest()}"


def _base(python, kind):
    """Return the interpreter for a kind, by ``environments.python``: one choice, or one for each kind."""
    if isinstance(python, str):
        return base_interpreter(python)
    try:
        return base_interpreter(python.get(kind, "current"))
    except UserError as error:
        raise UserError(str(error).replace("environments.python", f"environments.python.{kind}", 1)) from None


def _existing(kind, folder):
    """Return an environment of the user's own: what counts is the packages that it has, and their versions."""
    where = f"environments.{kind}: {folder}"
    python = next((path for path in (f"{folder}/bin/python", f"{folder}/bin/python3") if os.path.isfile(path)), None)
    if python is None:
        raise UserError(f"{where} is a folder without bin/python; name an environment's folder, or a requirements file")
    try:
        done = subprocess.run([python, "-I", "-c", LOOK, *NEEDED[kind]], check=True, capture_output=True, text=True)
        tag, there, missing = json.loads(done.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise UserError(f"{where}/bin/python does not start ({error})") from None
    if missing:
        raise UserError(f"{where} lacks {', '.join(missing)}; every environment to {kind} needs it: install it there")
    names = sorted({os.path.basename(path) for path in there})
    local = [files_digest(package) for package in filter(None, map(_editable, there))]
    name = environment_name(kind, "as it is", tag, names, sorted(local))
    return Environment(name, os.path.abspath(python), taken=[os.path.abspath(python)])


def _editable(distribution):
    """Return the folder of a package that is installed to be edited, by what pip noted of it; None for others."""
    try:
        about = json.loads(Path(distribution, "direct_url.json").read_text(encoding="utf-8"))
        editable = about.get("dir_info", {}).get("editable")
    except (OSError, ValueError, AttributeError):
        return None
    path = Path(about["url"].replace("file://", "", 1))
    return path if editable and path.is_dir() else None


def _lines(value):
    """Return the packages in a list, or in a mapping of names to versions, as a requirements file has them."""
    if isinstance(value, dict):
        return [f"{name}{_version(version)}" for name, version in value.items()]
    return [line.strip() for line in value]


def _version(version):
    version = (version or "").strip()
    return version if not version or version[0] in "=<>!~" else "" if version == "*" else f"=={version}"


def _is_module(line):
    path = local_package(line) if names_path(line) else None
    return bool(path) and is_module(path)


def _package_mistakes(lines):
    """Yield a sentence for each line that is neither a requirement, nor a path that is there, nor an option of pip."""
    from packaging.requirements import InvalidRequirement, Requirement  # only where a config lists packages

    for line in lines:
        path = EDITABLE.sub("", line)
        if "://" in path:
            continue
        if names_path(path) or path != line:
            if not local_package(line):
                yield f"{path} does not exist in {os.getcwd()}"
        elif not INCLUDE.fullmatch(line) and not line.startswith("--"):
            try:
                Requirement(line)
            except InvalidRequirement:
                example = re.sub(r"[^\w.-].*", "", line) or "numpy"
                yield f"{line!r} is no requirement; write it as {example}==1.2, or as a path, ./{example}"
            else:
                if line.endswith(".py") and os.path.isfile(line):
                    yield f"{line} is a file; write ./{line}"

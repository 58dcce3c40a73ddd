"""Environments: one per kind of job, in a folder whose name carries all that it depends on."""

import json
import os
import re
import sys
from typing import NamedTuple

from geokiln.config.file_mistakes import KINDS
from geokiln.config.reading import locate
from geokiln.errors import UserError
from geokiln.planning.existing import interpreter_in, look_at
from geokiln.planning.interpreters import base_interpreter, interpreter_tag, shipped_for
from geokiln.storage.files import write_json, written
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
from geokiln.storage.store import STORE

TAKEN = STORE / "environments"  # of a project: ways to environments that are there already
NAMES = TAKEN / "names.json"  # and the names that environments keep, which earlier versions gave
PYTHONS_OWN = getattr(sys, "stdlib_module_names", ())  # names of modules; Python 3.9 does not tell


class Environment(NamedTuple):
    """What an environment is, and what it is built of.

    Attributes
    ----------
    name, today : str
        ``{kind}-{hash}``: the hash covers what it is made of, and the interpreter's version and platform, but no path.
        *today* is the name as it would be given now, *name* perhaps one that an earlier version gave.
    python : str
        The file target that starts its interpreter.
    interpreter : str
        What it is built on; of an environment that is there already, its own.
    requirements : list of str
        A requirements file, if it is built of one. Lists are for flags that may have no value.
    packages : str
        Instead of one: requirements as a file has them, JSON.
    modules : list of str
        Python files and folders to be copied.
    taken : bool
        Whether it is there already: nothing is installed.
    """

    name: str
    today: str
    python: str
    interpreter: str
    requirements: list = []
    packages: str = "[]"
    modules: list = []
    taken: bool = False

    @property
    def package_lines(self):
        return json.loads(self.packages)


def plan_environments(settings, checkout):
    """Return the environment of each kind of job: kind -> Environment.

    *settings* is ``environments`` of the config, checked; see `environment_mistakes`.
    """
    return {kind: _planned(kind, settings, checkout) for kind in KINDS}


def environment_mistakes(config, checkout):
    """Yield a sentence for each kind of job whose environment cannot be as the config says."""
    settings = config["environments"]
    wheels = settings["wheels"]
    if wheels is not None and not os.path.isdir(os.path.expanduser(wheels)):
        yield f"environments.wheels: {wheels} is no folder in {os.getcwd()}"
    for kind in KINDS:
        value = settings[kind]
        if isinstance(value, (list, dict)):
            yield from (f"environments.{kind}: {mistake}" for mistake in _package_mistakes(_lines(value)))
        try:
            if not isinstance(value, str) or _is_folder(value) or locate(value, checkout):
                _planned(kind, settings, checkout)
            else:  # a file that is not there, of which `geokiln.config.file_mistakes` tells
                interpreter_tag(_base(settings["python"], kind))
        except UserError as error:
            yield str(error)


def environments_folder(settings, checkout):
    """Return the folder that environments are made in."""
    return os.path.normpath(os.path.join(checkout, os.path.expanduser(settings["folder"])))


def _planned(kind, settings, checkout):
    value = settings[kind]
    if isinstance(value, str) and _is_folder(value):
        folder = os.path.expanduser(value)
        name = environment_name(kind, look_at(kind, folder))
        return Environment(name, name, str(TAKEN / name / "python"), interpreter_in(folder), taken=True)
    interpreter, file, lines = _base(settings["python"], kind), None, []
    tag = interpreter_tag(interpreter)
    if isinstance(value, str):
        file = shipped_for(locate(value, checkout), interpreter, checkout)
    else:
        lines = _lines(value)

    def name(digest):
        counted = requirement_lines(file, ".", digest) if file else counted_lines(lines, digest=digest)
        return environment_name(kind, [tag, *counted])

    try:
        today, earlier = name(files_digest), name(bytes_digest)
    except UserError as error:
        raise UserError(f"environments.{kind}: {error}") from None
    folder = environments_folder(settings, checkout)
    name = today if today == earlier else _kept_name(today, earlier, folder)
    modules = [line for line in lines if _is_module(line)]
    packages = json.dumps([line for line in lines if line not in modules])
    python = os.path.join(folder, name, "python")
    return Environment(name, today, python, interpreter, [file] if file else [], packages, modules)


def _is_folder(value):
    return os.path.isdir(os.path.expanduser(value))


def _kept_name(today, earlier, folder):
    """Return the name of an environment with local packages, whose comments counted once.

    What was made in one that an earlier version built stays: its name is kept for good, see `keep_names`.
    """
    if today in kept_names():
        return kept_names()[today]
    built = [os.path.exists(os.path.join(folder, name, "python")) for name in (today, earlier)]
    return earlier if built == [False, True] else today


def kept_names():
    """Return the names that environments of this project keep: that which it would be today -> that which it is."""
    try:
        names = json.loads(NAMES.read_text(encoding="utf-8"))
        return {key: name for key, name in names.items() if re.fullmatch(r"[a-z]+-[0-9a-f]+", name)}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def keep_names(plans):
    """Write down which of the planned environments have names that earlier versions gave."""
    names = {plan.today: plan.name for plan in plans if plan.name != plan.today}
    if names.items() - kept_names().items():
        with written(NAMES) as path:
            write_json(path, {**kept_names(), **names})


def environment_name(kind, lines):
    """Return ``{kind}-{hash}`` for lines that say what an environment is made of; the first is an interpreter's tag."""
    return f"{kind}-{blake2b(chr(10).join(lines).encode(), digest_size=5).hexdigest()}"


def _base(python, kind):
    """Return the interpreter for a kind, by ``environments.python``: one choice, or one for each kind."""
    if isinstance(python, str):
        return base_interpreter(python)
    try:
        return base_interpreter(python.get(kind, "current"))
    except UserError as error:
        raise UserError(str(error).replace("environments.python", f"environments.python.{kind}", 1)) from None


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
            package, name = local_package(line), re.sub(r"\.py$", "", os.path.basename(path.rstrip("/")))
            if not package:
                yield f"{path} does not exist in {os.getcwd()}"
            elif is_module(package) and (not name.isidentifier() or name in PYTHONS_OWN):
                why = "is that of a module of Python's own" if name.isidentifier() else "is none that can be imported"
                yield f"{path} is to be copied, and its name {why}; rename it"
        elif not INCLUDE.fullmatch(line) and not line.startswith("--"):
            try:
                Requirement(line)
            except InvalidRequirement:
                example = re.sub(r"[^\w.-].*", "", line) or "numpy"
                yield f"{line!r} is no requirement; write it as {example}==1.2, or as a path, ./{example}"
            else:
                if line.endswith((".py", ".txt")) and os.path.isfile(line):
                    yield f"{line} is a file; write {'./' if line.endswith('.py') else '-r '}{line}"

"""What the launcher must know of a command line. Only the standard library is imported here."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

FLAGS = ("--executor", "--profile", "--workflow-profile")
DEFAULTS = ("default", "profiles/default")  # profiles that Snakemake finds by itself


def read_command_line(arguments, checkout, python):
    """Return what the launcher does by.

    Parameters
    ----------
    arguments : list of str
        Snakemake's.
    checkout : path
    python : callable
        Gives an interpreter that has Snakemake. Its parser is asked only where it may matter, since it takes a second.

    Returns
    -------
    tuple
        The executor that is named (None if none is); the arguments, with targets relative to the project; whether the
        project cooks its examples, which counts where an executor is named.
    """
    if not (names_executor(arguments, checkout) or names_target_from_outside(arguments)):
        return None, arguments, True
    program = [
        os.path.join(checkout, "scripts/read_command_line.py"),
        "--snakefile",
        os.path.join(checkout, "Snakefile"),
    ]
    done = subprocess.run([python(), *program, *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)  # it said why
    read = json.loads(done.stdout)
    inside = {target: in_project(target, read["folder"]) for target in read["targets"]}
    return read["executor"], [inside.get(word) or word for word in arguments], read["cooks"]


def names_executor(arguments, checkout):
    """Whether a flag (argparse takes their beginnings, too), the environment or a default profile may name one."""
    for word in arguments:
        flag = word.split("=")[0]
        if flag == "--":
            break
        if re.match("-[A-Za-z]*e", flag) or (flag.startswith("--") and any(known.startswith(flag) for known in FLAGS)):
            return True
    defaults = [Path(folder) for folder in (*DEFAULTS, os.path.join(checkout, DEFAULTS[1]))]
    return "SNAKEMAKE_PROFILE" in os.environ or any(map(_mentions_executor, defaults))


def _mentions_executor(profile):
    files = [profile] if profile.is_file() else profile.glob("*.yaml") if profile.is_dir() else []
    return any(b"executor" in file.read_bytes() for file in files)


def names_target_from_outside(arguments):
    """Whether a target may be seen from elsewhere than the project: by its whole path, or from above the project."""
    words = [word.split("=", 1)[-1] for word in arguments]  # --directory=pond
    folders = [word for word in words if os.path.isfile(os.path.join(word, "config.yaml"))]
    return any(
        not word.startswith("-") and (os.path.isabs(word) or any(in_project(word, folder) for folder in folders))
        for word in arguments
        if word not in folders
    )


def in_project(target, folder):
    """Return a target, seen from here, as it is called in the project in *folder*; None if it is not in there.

    >>> in_project("pond/model.onnx", "pond"), in_project("model.onnx", "pond")
    ('model.onnx', None)
    """
    seen = os.path.relpath(os.path.realpath(target), os.path.realpath(folder))
    return None if seen.split(os.sep)[0] in (os.curdir, os.pardir) else seen

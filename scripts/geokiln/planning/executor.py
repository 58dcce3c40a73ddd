"""Which executor Snakemake will run jobs with. Only the standard library is imported here."""

import os
import re
import subprocess
import sys
from pathlib import Path

FLAGS = ("--executor", "--profile", "--workflow-profile")
DEFAULTS = ("default", "profiles/default")  # profiles that Snakemake finds by itself


def executor(arguments, checkout, python):
    """Return the executor that a command line, the environment or a profile names; None if none does.

    Parameters
    ----------
    arguments : list of str
        Snakemake's.
    checkout : path
    python : callable
        Gives an interpreter that has Snakemake, which is started only where an executor may be named.
    """
    if not may_be_named(arguments, checkout):
        return None
    program = [os.path.join(checkout, "scripts/find_executor.py"), "--snakefile", os.path.join(checkout, "Snakefile")]
    found = subprocess.run([python(), *program, *arguments], stdout=subprocess.PIPE, text=True)
    if found.returncode:
        sys.exit(found.returncode)  # it said why
    return found.stdout.strip() or None


def may_be_named(arguments, checkout):
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

"""Environments: one virtualenv per kind of job, in a folder whose name carries all that it depends on."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

from geokiln.errors import UserError
from geokiln.planning.folders import ENVIRONMENTS
from geokiln.planning.interpreters import interpreter_tag
from geokiln.storage.fingerprints import blake2b
from geokiln.storage.requirements import requirement_lines

NEEDED = {  # packages that every job of a kind imports; the export, which comes last, among those that train
    "train": ("torch", "safetensors", "threadpoolctl", "onnx", "onnxruntime"),
    "predict": ("numpy", "onnxruntime"),
}
MISSING = "import importlib.util as u, sys; print(*(n for n in sys.argv[1:] if u.find_spec(n) is None), sep=', ')"
WRAPPER = '#!/bin/sh\nexec "$(dirname "$0")/bin/python" "$@"\n'


def environment_name(kind, requirements, interpreter):
    """Return ``{kind}-{hash}``; the hash covers the requirements and the interpreter's version and platform.

    Comments and blank lines of the requirements do not count, nor does the place of any file.
    """
    text = "\n".join([interpreter_tag(interpreter), *requirement_lines(requirements)])
    return f"{kind}-{blake2b(text.encode(), digest_size=5).hexdigest()}"


def build_environment(folder, requirements, interpreter, run=subprocess.run):
    """Make a virtualenv in *folder* and install *requirements*; its file ``python`` comes last and marks it complete.

    The folder is called as `environment_name` says; the kind in it tells which packages must be there in the end.

    ``python`` is a two-line script that starts the environment's interpreter: a small file whose contents never
    change, unlike the link ``bin/python`` to a big file outside.

    Raises
    ------
    UserError
        If the virtualenv cannot be made or pip fails, with pip's own reason, or if a package that all jobs of this kind
        need is not among the requirements; names the requirements file.
    """
    folder = Path(folder)
    quiet = ["--disable-pip-version-check", "--no-input"]
    steps = [
        [sys.executable, "-m", "virtualenv", "--quiet", "--clear", "--python", interpreter, folder],
        [folder / "bin/python", "-m", "pip", "install", *quiet, "-r", requirements],
    ]
    for step in steps:
        done = run([str(word) for word in step], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(done.stdout, flush=True)
        if done.returncode:
            raise UserError(
                f"{requirements} could not be installed: {failure_reason(done.stdout, ENVIRONMENTS, folder.parent)}"
            )
    kind = folder.name.split("-")[0]
    words = [str(folder / "bin/python"), "-c", MISSING, *NEEDED.get(kind, ())]
    missing = run(words, check=True, capture_output=True, text=True).stdout.strip()
    if missing:
        raise UserError(f"{requirements} lacks {missing}; every environment to {kind} needs it: add it there")
    temporary = folder / ".python"
    temporary.write_text(WRAPPER)
    temporary.chmod(0o755)
    os.replace(temporary, folder / "python")


def failure_reason(output, remedy, folder):
    """Return why pip or virtualenv failed in a *folder*, by their *output*; *remedy* says how to build in another."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if any("connection broken by" in line or "Failed to establish a new connection" in line for line in lines):
        return "no package index could be reached; check the network, or point pip at your mirror (pip config)"
    full = shutil.disk_usage(folder).free < 2**20  # then they could not write why
    if full or any(os.strerror(errno.ENOSPC) in line or os.strerror(errno.EDQUOT) in line for line in lines):
        return f"the disk is full; free some space (of $TMPDIR, too), or {remedy}"
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["no output"])[-1]

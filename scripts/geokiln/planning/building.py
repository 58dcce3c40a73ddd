"""An environment built: a virtualenv with its packages."""

import contextlib
import errno
import itertools
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from geokiln.errors import UserError
from geokiln.planning.folders import ENVIRONMENTS, writing
from geokiln.planning.intact import WRAPPER, why_broken, write_contents
from geokiln.storage.files import held_locks, locked
from geokiln.storage.terminal import is_watched, show

NEEDED = {  # packages that every job of a kind imports; the export, which comes last, among those that train
    "cook": ("numpy",),
    "train": ("torch", "safetensors", "threadpoolctl", "onnx", "onnxruntime"),
    "predict": ("numpy", "onnxruntime"),
    "formats": ("numpy",),
}
LOCKS = ".locks"  # in the folder of environments
MISSING = "import importlib.util as u, sys; print(*(n for n in sys.argv[1:] if u.find_spec(n) is None), sep=', ')"
# pip and setuptools come from virtualenv itself: updates that it finds by itself may be too new for the interpreter.
SEEDS = ("--no-periodic-update", "--pip", "embed", "--setuptools", "embed")
# Lines of pip's that tell how far it is; those of a package that it builds, or skips, are in the log.
SHOWN = ("Collecting ", "Downloading ", "Building ", "Installing ", "Processing ", "Obtaining ", "ERROR: ")
PROGRESS = re.compile(r"Progress (\d+) of (\d+)\s")  # of a download, in bytes
PROGRESS_SECONDS = 5  # between two lines that say how far a download is


def make_environment(python, **how):
    """Build an environment whose file *python* is not there, or that is broken; one at a time, if projects share it.

    For *how*, see `build_environment`. A broken one that is built again keeps its time: what was made with it is not
    made again.
    """
    python = Path(python)
    folder = python.parent
    with writing(folder, ENVIRONMENTS), locked(folder.name, folder.parent / LOCKS):
        broken = python.exists() and why_broken(folder)
        if python.exists() and not broken:
            print("built by another project a moment ago")
            return
        before = os.stat(python) if broken else None
        with contextlib.suppress(FileNotFoundError):
            python.unlink()
        build_environment(folder, **how)
        if before:
            os.utime(python, ns=(before.st_atime_ns, before.st_mtime_ns))


def build_environment(folder, interpreter, requirements=None, packages=(), modules=(), wheels=None):
    """Make a virtualenv in *folder* and install its packages; its file ``python`` comes last and marks it complete.

    The folder is called ``{kind}-...``; the kind tells which packages must be there in the end.

    ``python`` is a two-line script that starts the environment's interpreter: a small file whose contents never
    change, unlike the link ``bin/python`` to a big file outside.

    Parameters
    ----------
    interpreter : path
        What it is built on.
    requirements : path, optional
        A requirements file.
    packages, modules : list of str
        Further requirements; Python files and folders to be copied.
    wheels : path, optional
        A folder to install from, without a network.

    Raises
    ------
    UserError
        If the virtualenv cannot be made or pip fails, with pip's own reason, or if a module that all jobs of this kind
        need is not among the requirements; names the requirements file.
    """
    folder = Path(folder)
    kind, start = folder.name.split("-")[0], time.monotonic()
    source = requirements or f"environments.{kind}"
    show(f"environment {folder.name}: being built of {source}")
    pip = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    pip += ["--progress-bar", "raw" if is_watched() else "off"]
    pip += ["--no-index", "--find-links", wheels] if wheels else []
    pip += ["-r", requirements] if requirements else [word for line in packages for word in pip_words(line)]
    steps = [[sys.executable, "-m", "virtualenv", "--quiet", "--clear", *SEEDS, "--python", interpreter, folder]]
    steps += [[folder / "bin/python", *pip]] if requirements or packages else []
    for words in steps:
        code, output = _run(words, kind)
        if code:
            reason = failure_reason(output, ENVIRONMENTS, folder.parent)
            raise UserError(f"{source} could not be installed{f' from {wheels}' if wheels else ''}: {reason}")
    for module in modules:
        _copy(module, folder)
    check = [folder / "bin/python", "-c", MISSING, *NEEDED.get(kind, ())]
    missing = subprocess.run(check, check=True, capture_output=True, text=True).stdout.strip()
    if missing:
        raise UserError(f"{source} lacks {missing}; every environment to {kind} needs it: add it there")
    write_contents(folder)
    write_program(folder / "python")
    count = len(list(folder.glob("lib/python3*/site-packages/*.dist-info")))
    show(f"environment {folder.name}: ready, {count} packages in {time.monotonic() - start:.0f} s")


def pip_words(line):
    """Return a requirement as words of pip's command line, which knows no ``~``.

    >>> pip_words("-e ./tools"), pip_words("numpy>=2; python_version > '3.9'")
    (['-e', './tools'], ["numpy>=2; python_version > '3.9'"])
    """
    words = line.split(None, 1) if line.startswith("-") else [line]
    return [os.path.expanduser(word) if word.startswith("~") else word for word in words]


def write_program(path, text=WRAPPER):
    """Write a program, complete or not at all."""
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(text, encoding="utf-8")
    temporary.chmod(0o755)
    os.replace(temporary, path)


def _run(words, kind):
    """Run a step, whose lines go to the log as they come; return its exit code and its output.

    It holds the locks of this process: if that is killed, nobody builds into the same folder before the step is done.
    """
    lines, watched, file, shown = [], is_watched(), "", 0.0
    with subprocess.Popen(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=held_locks(),
    ) as process:
        for line in process.stdout:
            part = PROGRESS.match(line)
            if part:
                if time.monotonic() > shown + PROGRESS_SECONDS:
                    show(f"{kind} | {file}: {100 * int(part[1]) // max(1, int(part[2]))} %")
                    shown = time.monotonic()
                continue
            print(line, end="", flush=True)
            lines.append(line)
            if watched and line.strip().startswith(SHOWN):
                file, shown = _short(line), time.monotonic()
                show(f"{kind} | {file}")
    return process.returncode, "".join(lines)


def _short(line):
    """Return a line of pip's without what asked for a package, and without the folder that it lies in.

    >>> _short("  Processing /wheels/six-1.16.0-py3-none-any.whl (from -r a.txt (line 3))")
    'Processing six-1.16.0-py3-none-any.whl'
    """
    first, _, rest = line.strip().partition(" (from ")[0].partition(" ")
    return f"{first} {rest.rsplit('/', 1)[-1] if first == 'Processing' else rest}"


def _copy(module, folder):
    """Copy a Python file, or a folder of modules, to where the environment's interpreter finds it."""
    path = Path(os.path.expanduser(module)).resolve()
    site = next(folder.glob("lib/python3*/site-packages"))
    target = site / path.name
    if any(entry.name.split(".")[0] == path.name.split(".")[0] for entry in site.iterdir()):
        raise UserError(f"environments.{folder.name.split('-')[0]}: {module} has the name of a package; rename it")
    if path.is_dir():
        shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    else:
        shutil.copy(path, target)


def failure_reason(output, remedy, folder):
    """Return why pip or virtualenv failed in a *folder*, by their *output*; *remedy* says how to build in another."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if any("connection broken by" in line or "Failed to establish a new connection" in line for line in lines):
        return "no package index could be reached; check the network, or point pip at your mirror (pip config)"
    full = shutil.disk_usage(folder).free < 2**20  # then they could not write why
    if full or any(os.strerror(errno.ENOSPC) in line or os.strerror(errno.EDQUOT) in line for line in lines):
        return f"the disk is full; free some space (of $TMPDIR, too), or {remedy}"
    conflict = next((place for place, line in enumerate(lines) if line.startswith("The conflict is caused by")), None)
    if conflict is not None:  # pip's last line only says where its help lies
        causes = itertools.takewhile(lambda line: not line.startswith("To fix this"), lines[conflict + 1 :])
        return f"these do not go together: {'; '.join(causes)}"
    errors = [line for line in lines if line.startswith("ERROR:")]
    reason = (errors or lines or ["no output"])[-1]
    there = re.findall(r"\(from versions: ([^)]*[0-9][^)]*)\)", output) if "No matching distribution" in reason else []
    return f"{reason} (the newest are {', '.join(there[-1].split(', ')[-3:])})" if there else reason

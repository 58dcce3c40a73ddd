"""Which environment variables a user's code asks for by name: no fingerprint covers their values."""

import ast
import fnmatch
import os
from pathlib import Path

from geokiln.errors import UserError
from geokiln.storage.sources import syntax_tree

# Of the machine and the session, not of the result
OF_THE_MACHINE = """
    PATH HOME PWD USER LOGNAME SHELL TERM LANG LC_* TZ TMP TEMP TMPDIR HOST HOSTNAME DISPLAY COLUMNS EDITOR XDG_*
    PYTHON* VIRTUAL_ENV CONDA_* LD_* DYLD_* OMP_* MKL_* OPENBLAS_* VECLIB_* NUMEXPR_* NUMBA_* CUDA_* *_NUM_THREADS
    SLURM_* MPL* QT_* HFS HB HH HIP HOUDINI_* GEOKILN_*
"""


def variables_asked_for(files):
    """Return the names of environment variables that are set and that Python files ask for, sorted.

    They are found in the syntax tree: ``os.environ["QUALITY"]``, ``os.environ.get("QUALITY")``,
    ``os.getenv("QUALITY")``, ``"QUALITY" in os.environ``. A name that is computed is not seen.
    """
    names = {name for file in files if str(file).endswith(".py") for name in _names(file)}
    patterns = OF_THE_MACHINE.split()
    of_the_machine = {name for name in names if any(fnmatch.fnmatchcase(name, one) for one in patterns)}
    return sorted(name for name in names - of_the_machine if name in os.environ)


def _names(file):
    text = Path(file).read_bytes()
    if b"environ" not in text and b"getenv" not in text:
        return
    try:
        tree = syntax_tree(file)
    except UserError:  # a command's, for another Python
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and _called(node.value) == "environ" and isinstance(node.ctx, ast.Load):
            asked = node.slice
        elif (
            isinstance(node, ast.Call)
            and node.args
            and _called(node.func) == "getenv"
            or isinstance(node, ast.Call)
            and node.args
            and _called(getattr(node.func, "value", None)) == "environ"
        ):
            asked = node.args[0]
        elif isinstance(node, ast.Compare) and _called(node.comparators[0]) == "environ":
            asked = node.left
        else:
            continue
        if isinstance(asked, ast.Constant) and isinstance(asked.value, str):
            yield asked.value


def _called(node):
    """Return the last name of ``a.b.c`` or ``c``, or None."""
    return getattr(node, "attr", None) or getattr(node, "id", None)

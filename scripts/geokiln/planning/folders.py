"""Folders that cannot be written, or have no room: told with what moves them elsewhere.

Only the standard library is imported here.
"""

import contextlib
import errno
import os
import sys
from pathlib import Path

from geokiln.errors import UserError

ENVIRONMENTS = "set environments.folder of the config to a folder of yours"
REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT)


def writable(folder):
    """Whether files can be made in a folder, or the folder itself where it is not there yet."""
    path = Path(folder).absolute()
    nearest = next(place for place in (path, *path.parents) if os.path.lexists(place))
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def check_folders(environments=None):
    """Refuse a project (the working directory) that cannot be written, and so the folder of *environments*, if any.

    Raises
    ------
    UserError
        A line for each.
    """
    mistakes = []
    if not writable(".snakemake"):
        mistakes.append(f"{os.getcwd()} cannot be written; results go there: copy the project to a folder of yours")
    if environments and not writable(environments):
        mistakes.append(f"{os.path.abspath(environments)} cannot be written; {ENVIRONMENTS}")
    if mistakes:
        raise UserError("\n".join(mistakes))


def check_cache():
    """Refuse Snakemake's cache of sources if it cannot be written: Snakemake would not start."""
    home = os.path.expanduser("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    folder = os.path.join(os.environ.get("XDG_CACHE_HOME") or home, "snakemake")
    if not all(map(writable, (folder, os.path.join(folder, "source-cache/snakemake-runtime-cache")))):
        raise UserError(
            f"{folder} cannot be written, where Snakemake keeps sources; set XDG_CACHE_HOME to a folder of yours"
        )


@contextlib.contextmanager
def writing(folder, remedy):
    """Turn an error of the block into a sentence with the *remedy* if it says that *folder* takes no more files."""
    try:
        yield
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        sentence = f"{os.path.abspath(folder)} cannot be written ({error.strerror}); {remedy}"
        raise UserError(sentence) from None

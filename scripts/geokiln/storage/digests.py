"""What identifies the contents of users' files when the rules are read: at every start, so quickly."""

import os

from geokiln.errors import UserError
from geokiln.storage.files import content_digest
from geokiln.storage.fingerprints import fingerprint

HASHED_BYTES = 64 << 20  # larger files are known by size and time


def quick_digest(path):
    """Return what identifies the contents of a file."""
    status = os.stat(path)
    if status.st_size > HASHED_BYTES:
        return fingerprint([status.st_size, status.st_mtime_ns])
    return content_digest(path)


def quick_digests(paths):
    """Return what identifies the contents of several files together."""
    return fingerprint([quick_digest(path) for path in paths])


def check_planned(paths, digest):
    """Raise a UserError if files are not those that a run was planned with; *digest* is that of then, None: not known.

    Else a run could mix what it made before an edit of them with what it makes after.
    """
    if digest and quick_digests(paths) != digest:
        names = ", ".join(map(str, paths))
        raise UserError(f"one of {names} changed after this run was planned; nothing was made of it, run again")

"""What all files of other programs have in common: one sentence for each way in which they cannot be read."""

import contextlib
import os

from geokiln.errors import UserError

LFS_POINTER = b"version https://git-lfs"


def check_start(path):
    """Return the first 1024 bytes of a file; UserError if it is missing, empty, or stands for one elsewhere."""
    try:
        with open(path, "rb") as file:
            start = file.read(1024)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        raise UserError(f"{path} {'does not exist' if missing else f'cannot be read ({error.strerror})'}") from None
    if not start:
        raise UserError(f"{path} is empty")
    if start.startswith(LFS_POINTER):
        raise UserError(f"{path} is a pointer of Git LFS and not the file; get the file itself (git lfs pull)")
    return start


@contextlib.contextmanager
def library_reads(path, kind, errors=(Exception, SystemExit)):
    """In the block a library reads *path*: what it raises becomes a UserError; *kind* says what it should be.

    Of a damaged file a library may raise almost anything, or leave. Where the block holds more than its call, *errors*
    are those that mean the file, so that a bug keeps its traceback.
    """
    try:
        yield
    except UserError:
        raise
    except MemoryError:
        raise UserError(f"{path} needs more memory than there is") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} holds text that is not in UTF-8; save it in UTF-8") from None
    except errors as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise UserError(f"{path} is not {kind} that can be read ({reason}); save it again") from None


def memory():
    """Return the bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

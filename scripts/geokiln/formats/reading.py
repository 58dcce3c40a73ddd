"""What all files of other programs have in common: one sentence for each way in which they cannot be read."""

import contextlib
import os

from geokiln.errors import UserError


@contextlib.contextmanager
def library_reads(path, kind, errors=(Exception, SystemExit)):
    """In the block a library reads *path* as some *kind* of file: what it raises becomes a UserError.

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
        text = " ".join(str(error).split())[:300]
        reason = f"it has no {text}" if isinstance(error, KeyError) else text or type(error).__name__
        raise UserError(f"{path} cannot be read as {kind} ({reason}); save it again") from None


def memory():
    """Return the bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

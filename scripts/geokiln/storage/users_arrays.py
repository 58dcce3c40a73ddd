"""Arrays that users give, in memory or in files: taken as numbers or texts, or refused by name.

A user's file is never put aside as damaged: Geokiln cannot make it again.
"""

from pathlib import Path

import numpy as np

from geokiln.errors import UserError
from geokiln.storage.arrays import arrays_in
from geokiln.storage.npz_headers import check_usable, unusable


def as_array(value, what, texts=False):
    """Return *value* as an array of numbers (or of *texts*, where they may be), masked values as NaN.

    Raises
    ------
    UserError
        Says what the value is instead; *what* names it.
    """
    listed = isinstance(value, (list, tuple))
    masked = isinstance(value, np.ma.MaskedArray)
    masked |= listed and any(isinstance(part, np.ma.MaskedArray) for part in value)
    try:
        array = np.ma.array(value) if masked else np.asarray(value)
    except Exception as error:  # lists of different lengths; tensors that have a gradient or lie on a GPU
        reason = str(error).strip().split("\n")[0]
        raise UserError(f"{what} is not an array of numbers ({reason})") from None
    if array.dtype.kind in "biuf" and not masked:
        return array
    refused = unusable(array.dtype.str)
    if refused or (array.dtype.kind == "U" and not texts):
        raise UserError(f"{what} is not an array of numbers: it {refused or 'holds text'}")
    if array.dtype.kind == "U" and listed and not all(isinstance(leaf, str) for leaf in _leaves(value)):
        raise UserError(f"{what} mixes texts and numbers; it must hold either")
    if np.ma.is_masked(array):
        return array.astype(np.float64).filled(np.nan)
    return np.asarray(array)


def _leaves(value):
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _leaves(part)
    else:
        yield value if not isinstance(value, np.ndarray) or value.dtype.kind != "U" else ""


def read_users_arrays(path, what=None):
    """Return all arrays of a user's .npz or .npy file by name (of an .npy: by the file's), checked.

    They are read-only memory maps where that is possible, and whole: all checksums were compared.

    Raises
    ------
    UserError
        If the file is missing or broken, or an array holds no numbers or texts; *what* names the file, its path
        without that.
    """
    path, what = Path(path), what or str(path)
    try:
        if path.suffix == ".npy":
            return {path.stem: np.load(path, allow_pickle=False)}
        check_usable(path)
        return arrays_in(path, check=True)
    except UserError as error:
        raise UserError(str(error).replace(str(path), what)) from None
    except MemoryError:
        raise
    except Exception as error:  # a flipped byte makes zipfile and numpy raise almost anything
        reason = str(error).strip().split("\n")[0]
        raise UserError(f"{what} cannot be read ({reason}); make it again with numpy.savez or numpy.save") from None

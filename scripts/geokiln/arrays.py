"""Named arrays in .npz files, without pickles and with the same bytes for the same arrays."""

import zipfile
from collections import Counter

import numpy as np

from geokiln.errors import UserError
from geokiln.files import put_aside


def write_arrays(path, arrays):
    """Write the mapping *arrays* (name -> array) as an uncompressed .npz; names may hold slashes.

    Raises
    ------
    TypeError
        If an array holds Python objects, which only a pickle could carry.
    """
    checked = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in checked.items():
        if array.dtype.hasobject:
            raise TypeError(f"array {name!r} holds Python objects")
    with open(path, "wb") as file:  # a file object, since numpy would append .npz to a temporary name
        np.savez(file, **checked)


def read_arrays(path):
    """Return all arrays of an .npz as a dict; a damaged file is put aside and named."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except (zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
        raise put_aside(path, str(error).split("\n")[0]) from None


def check_same_layout(layouts):
    """Check that all *layouts* (label -> {component: shape}) are the same; name the odd one, the rarest, if not."""
    counts = Counter(tuple(sorted(layout.items())) for layout in layouts.values())
    if len(counts) == 1:
        return
    usual, _ = counts.most_common(1)[0]
    for label, layout in layouts.items():
        odd = set(layout.items()) ^ set(usual)
        if odd:
            name = sorted(odd)[0][0]
            here, there = layout.get(name, "missing"), dict(usual).get(name, "missing")
            raise UserError(f"{label}: {name} has shape {here}, the others have {there}; all must agree")

"""Named arrays in .npz files, without pickles and with the same bytes for the same arrays."""

import zipfile
from collections import Counter

import numpy as np

from geokiln.errors import UserError
from geokiln.files import put_aside


def write_arrays(path, arrays):
    """Write the mapping *arrays* (name -> array) as an uncompressed .npz; names may hold slashes.

    The archive is written member by member: ``numpy.savez`` takes names as keyword arguments, so that an array could
    not be called ``file``. Members carry the same date always.

    Raises
    ------
    TypeError
        If an array holds Python objects, which only a pickle could carry.
    """
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"array {name!r} holds Python objects")
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_arrays(path):
    """Return all arrays of an .npz as a dict; a damaged file is put aside and named."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except (PermissionError, IsADirectoryError) as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except MemoryError:
        raise
    except Exception as error:  # a flipped byte makes zipfile and numpy raise almost anything
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

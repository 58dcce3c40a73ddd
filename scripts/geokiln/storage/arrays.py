"""Named arrays in .npz files, without pickles and with the same bytes for the same arrays."""

import contextlib
import zipfile
from collections import Counter

import numpy as np

from geokiln.errors import UserError
from geokiln.storage.files import put_aside
from geokiln.storage.npz_headers import LOCAL_HEADER, member_start

BLOCK_BYTES = 16 << 20  # what is read, computed or written at a time: small beside memory, large beside a call


def write_arrays(path, arrays):
    """Write the mapping *arrays* (name -> array) as an uncompressed .npz; names may hold slashes.

    The archive is written member by member: ``numpy.savez`` takes names as keyword arguments, so that an array could
    not be called ``file``. Members carry the same date always. Memory maps and views of them are
    written a block at a time.

    Raises
    ------
    TypeError
        If an array holds Python objects, which only a pickle could carry.
    """
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    write_arrays_in_blocks(path, {name: (array.dtype, array.shape, _parts(array)) for name, array in arrays.items()})


def write_arrays_in_blocks(path, arrays):
    """Write an .npz as `write_arrays` does, with the same bytes, from arrays that come a block at a time.

    Parameters
    ----------
    arrays : dict
        Name -> (dtype, shape, blocks); *blocks* is any iterable of arrays that, put one after the other along the
        first axis, make the whole. They are asked for in the order of the names, and one is held in memory at a time.

    Raises
    ------
    TypeError
        If an array holds Python objects, which only a pickle could carry.
    ValueError
        If the blocks do not make an array of that shape.
    """
    for name, (dtype, _, _) in arrays.items():
        if np.dtype(dtype).hasobject:
            raise TypeError(f"array {name!r} holds Python objects")
    with zipfile.ZipFile(path, "w") as archive:
        for name, (dtype, shape, blocks) in arrays.items():
            shape = tuple(shape)
            header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array_header_1_0(member, header)
                rows = 0
                for block in blocks:
                    block = np.asarray(block, dtype, order="C")
                    if block.shape[1:] != shape[1:] or block.ndim != len(shape):
                        raise ValueError(f"array {name!r}: a block of shape {block.shape} for one of shape {shape}")
                    member.write(block.reshape(-1).view(np.uint8).data)
                    rows += len(block) if shape else 1
                if rows != (shape[0] if shape else 1):
                    raise ValueError(f"array {name!r}: {rows} rows for one of shape {shape}")


def block_slices(count, row_bytes):
    """Yield slices that cut *count* rows of *row_bytes* each into blocks of at most 16 MB, of one row at least."""
    step = max(1, BLOCK_BYTES // max(1, row_bytes))
    for first in range(0, count, step):
        yield slice(first, min(first + step, count))


def _parts(array):
    if array.ndim == 0:
        return [array]
    return (array[rows] for rows in block_slices(len(array), array.nbytes // max(1, len(array))))


def read_arrays(path):
    """Return all arrays of an .npz as a dict in memory; a damaged file is put aside and named."""
    with _readable(path), np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def open_arrays(path, check=False):
    """Return the arrays of an .npz as a dict of read-only memory maps: only what is touched is read from disk.

    A compressed member cannot be mapped and is loaded. A file whose structure is damaged (truncated, for example) is
    put aside and named, as `read_arrays` does. **The zip's checksums are not compared with what is read through a
    map**: with *check* the whole file is read once, 1 MB at a time, to compare them before anything is returned.

    Values may lie at odd addresses: numpy reads them as they are, other libraries should be given a copy of a block.
    """
    with _readable(path):
        return arrays_in(path, check)


def arrays_in(path, check=False):
    """Return what `open_arrays` does; what is wrong with the file is raised as it is: a user's is not put aside."""
    with zipfile.ZipFile(path) as archive:
        bad = archive.testzip() if check else None
        if bad is not None:
            raise ValueError(f"checksum of {bad}")
        mapped = np.memmap(path, np.uint8, "r")
        return {info.filename.removesuffix(".npy"): _member(archive, info, mapped) for info in archive.infolist()}


def _member(archive, info, mapped):
    """Return one array of an .npz: a view of *mapped*, the bytes of the whole file; compressed ones are loaded."""
    with archive.open(info) as member:  # compares the name in front of the member with the one in the zip's directory
        if info.compress_type != zipfile.ZIP_STORED:
            return np.lib.format.read_array(member, allow_pickle=False)
        version = np.lib.format.read_magic(member)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, fortran_order, dtype = read_header[version](member)
        start = member.tell()
    if dtype.hasobject:
        raise ValueError(f"{info.filename} holds Python objects")
    size = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if start + size != info.file_size:
        raise ValueError(f"{info.filename}: {info.file_size - start} bytes of values instead of {size}")
    local_header = mapped[info.header_offset : info.header_offset + LOCAL_HEADER].tobytes()
    offset = member_start(info, local_header) + start
    return np.ndarray(shape, dtype, mapped, offset, order="F" if fortran_order else "C")


@contextlib.contextmanager
def _readable(path):
    """Turn whatever goes wrong while *path* is read into a sentence; a damaged file is put aside."""
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except (PermissionError, IsADirectoryError) as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except MemoryError:
        raise
    except Exception as error:  # a flipped byte makes zipfile and numpy raise almost anything
        raise put_aside(path, str(error).split("\n")[0]) from None


def layout_of(arrays):
    """Return the shape of a row of each array but the identities: name -> shape."""
    return {name: array.shape[1:] for name, array in arrays.items() if name != "id"}


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

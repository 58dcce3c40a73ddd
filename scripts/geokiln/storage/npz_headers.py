"""What the headers of an .npz tell without loading it: how many rows its arrays have, and where they lie.

Only the standard library is imported here: the rules read headers at every start and must not pay for numpy. Files may
come from anywhere, so headers are parsed as literals, never run, and no longer than numpy itself allows.
"""

import ast
import struct
import zipfile

from geokiln.errors import UserError

LOCAL_HEADER = 30  # bytes in front of the name of a zip's member
MOST_HEADER = 10_000  # bytes of an array's header, as numpy limits it
USABLE = ("b", "i", "u", "f", "U")  # numpy's letters for truth values, numbers and texts
UNUSABLE = {  # by numpy's letter for the kind
    "O": "holds Python objects; save it as text, astype(str), or as numbers, astype(float)",
    "S": "holds bytes; save it as text: astype(str)",
    "c": "holds complex numbers; give .real and .imag",
    "M": "holds dates; give the time since a start: (date - start) / np.timedelta64(1, 's')",
    "m": "holds durations; give them as numbers: duration / np.timedelta64(1, 's')",
    "V": "holds records; give each field as an array of its own",
}


def unusable(dtype):
    """Return why an array of a numpy *dtype*, as a header has it, is no array of numbers or texts; None if it is.

    >>> unusable("<f8"), unusable([("x", "<f8")])
    (None, 'holds records; give each field as an array of its own')
    """
    kind = dtype[1:2] if isinstance(dtype, str) else "V"
    return None if kind in USABLE else UNUSABLE.get(kind, f"is of type {dtype}; save it as text, astype(str)")


def check_usable(path):
    """Raise a UserError that names the first array of a user's .npz which holds neither numbers nor texts."""
    for name, (dtype, *_) in array_headers(path).items():
        if unusable(dtype):
            raise UserError(f"{path}: {name!r} {unusable(dtype)}")


def row_count(path):
    """Return the number of rows that all arrays of a user's .npz share; they must hold numbers or texts."""
    check_usable(path)
    rows = {name: shape[0] if shape else None for name, (_, shape, _, _) in array_headers(path).items()}
    if not rows:
        raise UserError(f"{path}: holds no array; each attribute is an array with a row per element")
    if len(set(rows.values())) != 1 or None in rows.values():
        raise UserError(f"{path}: its arrays differ in length ({rows}); each needs one row per element")
    return next(iter(rows.values()))


def array_headers(path):
    """Return what an .npz says of its arrays: name -> (dtype text, shape, Fortran order, offset).

    The offset is where the array's bytes begin in the file; None if they are compressed.

    Raises
    ------
    UserError
        If the file is missing or is no .npz.
    """
    headers = {}
    try:
        with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
            for member in archive.infolist():
                with archive.open(member) as stream:
                    about, length = _npy_header(stream)
                file.seek(member.header_offset)
                start = member_start(member, file.read(LOCAL_HEADER)) + length
                stored = member.compress_type == zipfile.ZIP_STORED
                name = member.filename[:-4] if member.filename.endswith(".npy") else member.filename
                headers[name] = about["descr"], about["shape"], about["fortran_order"], start if stored else None
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except Exception as error:  # damage shows in whatever zipfile, zlib, struct and the parser of literals raise
        raise UserError(f"{path} is no complete .npz ({error}); make it again with numpy.savez") from None
    return headers


def member_start(member, local_header):
    """Return where a member's bytes begin in the file of a zip.

    They follow the *local_header*, its first 30 bytes, and two texts whose lengths it ends in: it repeats the name, and
    may carry other extra fields than the zip's directory does.
    """
    name_length, extra_length = struct.unpack("<HH", local_header[26:30])
    return member.header_offset + LOCAL_HEADER + name_length + extra_length


def _npy_header(stream):
    """Return the header of an array as a dict, and the number of bytes before the array's own (.npy, numpy's NEP 1)."""
    start = stream.read(8)
    if start[:6] != b"\x93NUMPY":
        raise ValueError("a member is no array")
    size = "<H" if start[6] == 1 else "<I"
    (length,) = struct.unpack(size, stream.read(struct.calcsize(size)))
    if length > MOST_HEADER:
        raise ValueError(f"an array's header has {length} bytes")
    # Literals alone, of a length that is bounded above: it runs nothing.
    about = ast.literal_eval(stream.read(length).decode("utf-8"))
    if not all(isinstance(rows, int) and rows >= 0 for rows in about["shape"]):
        raise ValueError(f"an array has the shape {about['shape']}")
    return about, 8 + struct.calcsize(size) + length

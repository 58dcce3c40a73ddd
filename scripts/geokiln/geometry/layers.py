"""The layers of a Houdini geometry file: containers around a document, told apart by their first bytes.

A document is ASCII or binary JSON. Around it can lie Houdini's container of compressed blocks (scf), gzip, bzip2 or
xz; the extension says nothing reliable. Only the standard library is needed to unpack.
"""

import bz2
import gzip
import io
import lzma
import os
import zlib

from geokiln.errors import UserError
from geokiln.geometry import scf

STREAMS = {
    b"\x1f\x8b": ("gzip", lambda file: gzip.GzipFile(fileobj=file, mode="rb")),
    b"BZh": ("bzip2", bz2.BZ2File),
    b"\xfd7zXZ\0": ("xz", lzma.LZMAFile),
}
BINARY = {b"\x7fNSJb": "binary <", b"\x7fbJSN": "binary >"}
DOCUMENTS = ("ascii", *BINARY.values())
CLASSIC = (b"BgeoV", b"PGEOMETRY")
MOST_LAYERS = 8  # a file can be made that unpacks to itself
HEAD, STEP = 1 << 12, 1 << 20  # bytes that tell a layer; bytes read at once


def read_document(path):
    """Return the document in *path* as lists, dicts, strings, numbers and arrays (see ``binary_json``).

    Raises
    ------
    UserError
        If the file is missing, of another format, or not complete.
    """
    from geokiln.geometry import ascii_json, binary_json  # they need numpy

    data, names = unpacked(path)
    kind, parse = ("ASCII", ascii_json.parse) if names[-1] == "ascii" else ("binary", binary_json.parse)
    try:
        return parse(data)
    except ValueError as error:
        raise UserError(f"{path} is not complete {kind} geometry ({error}); save or make it again") from None


def unpacked(path):
    """Return (data, names): the innermost document as bytes-like and the names of all layers, the outermost first.

    The last name is ``ascii``, ``binary <`` or ``binary >`` (the byte order); before it stand ``scf``, ``gzip``,
    ``bzip2`` and ``xz``. Raises UserError as ``read_document`` does.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

    def contents(container):
        inside = io.BytesIO()
        for part in scf.parts(_all(container, memory), memory):
            inside.write(part)
        return inside

    return _innermost(path, contents, lambda file: _all(file, memory))


def start_of(path, size=65536):
    """Return the first *size* bytes (or all there are) of the innermost document, without unpacking it whole.

    Raises UserError as ``read_document`` does, as far as the start tells.
    """

    def contents(container):
        start = scf.start_of(container.read, size + HEAD)
        if start.startswith(tuple(STREAMS)):  # bzip2 gives nothing before the end of a block of 900 KB
            container.seek(0)
            start = scf.start_of(container.read, size + 2 * STEP)
        return io.BytesIO(start)

    return _innermost(path, contents, lambda file: file.read(size))[0]


def _innermost(path, contents, read):
    """Return (what *read* returns of the innermost document, names); *contents* opens what an scf container holds."""
    names = []
    try:
        with open(path, "rb") as file:
            while True:
                file.seek(0)
                start = file.read(HEAD)
                file.seek(0)
                name, opened = _layer(path, start, contents)
                names.append(name)
                if not opened:
                    return read(file), names
                if len(names) > MOST_LAYERS:
                    raise UserError(f"{path} is packed more than {MOST_LAYERS} times")
                file = opened(file)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except MemoryError:
        raise UserError(f"{path} holds more bytes than this machine has memory") from None
    except (EOFError, ValueError, zlib.error, lzma.LZMAError, OSError) as error:
        if getattr(error, "errno", None):
            raise UserError(f"{path} cannot be read ({error.strerror})") from None
        around = ", ".join(name for name in names if name not in DOCUMENTS)
        raise UserError(f"{path} is not complete ({around}: {error}); save or make it again") from None


def _layer(path, start, contents):
    """Return (name, function that opens what is inside) of a layer that begins with *start*; None for a document."""
    if start.startswith(scf.MAGIC):
        return "scf", contents
    for magic, (name, stream) in STREAMS.items():
        if start.startswith(magic):
            return name, stream
    if start[:5] in BINARY:
        return BINARY[start[:5]], None
    if start.lstrip()[:1] == b"[":
        return "ascii", None
    if start.startswith(CLASSIC):
        other = "save it as .geo or .bgeo from a newer one"
        raise UserError(f"{path} is classic geometry of Houdini 11 and older; {other}")
    if start.startswith(b"version https://git-lfs"):
        raise UserError(f"{path} is a pointer of Git LFS and no geometry; get the file itself (git lfs pull)")
    if not start:
        raise UserError(f"{path} is empty")
    raise UserError(f"{path} is not geometry that Houdini writes (.geo, .bgeo, .bgeo.sc)")


def _all(file, most):
    """Return all bytes of a file, of which there may be at most as many as the machine has memory."""
    if isinstance(file, io.BytesIO):
        return file.getvalue()  # without a copy
    data = bytearray()
    while True:
        block = file.read(STEP)
        if not block:
            return data
        if len(data) + len(block) > most:
            raise MemoryError
        data += block

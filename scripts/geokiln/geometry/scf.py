"""Houdini's container of compressed blocks (``.bgeo.sc``, first bytes ``scf1``). Only the standard library is needed.

It holds Blosc 1 chunks back to back, then an index. The library ``blosc`` decodes and makes them where there is one;
else chunks of LZ4, which Houdini writes, are decoded here (some MB a second), and chunks are written uncompressed.
"""

import struct

from geokiln.geometry.blosc_chunks import (
    BLOCK,
    HEADER,
    checked_header,
    decoded,
    library_decoder,
    library_packer,
    stored,
)

MAGIC, END = b"scf1", b"1fcs"


def unpacked(data):
    """Return what a container holds; errors are those of ``parts``."""
    return b"".join(parts(data))


def parts(data, most=None):
    """Yield what a container holds, a chunk at a time.

    Raises
    ------
    ValueError
        If the container is damaged, not complete, or claims more bytes than it can hold.
    MemoryError
        If it claims more than *most* bytes.
    """
    data = memoryview(data)
    chunks = _chunks(data)
    total = sum(size for _, _, size in chunks)
    if most is not None and total > most:
        raise MemoryError(f"it claims {total} bytes")
    decode = library_decoder() or decoded
    for start, end, size in chunks:
        part = decode(data[start:end], size)
        if len(part) != size:
            raise ValueError("a chunk does not hold what its header says")
        yield part


def packed(data):
    """Return the container of *data*, of at least one byte: as Houdini's with ``blosc``, else uncompressed."""
    data = memoryview(data).cast("B")
    if not len(data):
        raise ValueError("a container of nothing")
    pack = library_packer() or stored
    chunks = [pack(data[start : start + BLOCK]) for start in range(0, len(data), BLOCK)]
    offsets, at = [], 0
    for chunk in chunks[:-1]:
        at += len(chunk)
        offsets.append(at)
    index = [*offsets, BLOCK, (len(data) - 1) % BLOCK + 1]
    ends = struct.pack(f">{len(index) + 1}q", *index, 8 * len(index)) + END
    return b"".join([MAGIC, bytes(8), *chunks, ends])


def start_of(read, size):
    """Return the first *size* bytes (or all there are) of what a container holds, without the library.

    *read* is a function that returns the next n bytes of the container, fewer at its end.
    Errors are those of ``unpacked``.
    """
    metadata = struct.unpack(">4xq", _exactly(read, 12))[0]
    while metadata > 0:
        metadata -= len(_exactly(read, min(metadata, BLOCK)))
    out = bytearray()
    while len(out) < size:
        header = read(HEADER.size)
        if out and header[:1] != b"\x02":  # the index begins
            break
        length = HEADER.unpack(header)[-1] if len(header) == HEADER.size else 0
        chunk = bytearray(header)
        while len(chunk) < length:
            chunk += _exactly(read, min(BLOCK, length - len(chunk)))
        chunk = memoryview(chunk)
        out += decoded(chunk, min(size - len(out), checked_header(chunk, 0, len(chunk))[0]))
    return bytes(out)


def _exactly(read, count):
    found = read(count)
    if len(found) < count:
        raise ValueError("it ends early")
    return found


def _chunks(data):
    """Return [(start, end, size unpacked), ...] of a container, whose headers and index agree on all of them."""
    if len(data) < 24 or bytes(data[-4:]) != END:
        raise ValueError("its index is missing")
    metadata, index_bytes = struct.unpack_from(">q", data, 4)[0], struct.unpack_from(">q", data, len(data) - 12)[0]
    start, end = 12 + metadata, len(data) - 12 - index_bytes
    if index_bytes < 16 or index_bytes % 8 or not 12 <= start <= end:
        raise ValueError("its index is damaged")
    *offsets, block, last = struct.unpack_from(f">{index_bytes // 8}q", data, end)
    chunks, at = [], start
    for number in range(len(offsets) + 1):
        if number and at != start + offsets[number - 1]:
            raise ValueError(f"its index puts chunk {number} elsewhere")
        size, packed_size = checked_header(data, at, end)
        if size != (last if number == len(offsets) else block):
            raise ValueError(f"its index states another size of chunk {number}")
        chunks.append((at, at + packed_size, size))
        at += packed_size
    if at != end:
        raise ValueError("bytes between its last chunk and its index")
    return chunks

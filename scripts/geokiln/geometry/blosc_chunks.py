"""Chunks of Blosc 1, of which Houdini's containers consist, decoded and made with or without the library ``blosc``.

A chunk is a header, then blocks; a block is one compressed stream, or one for each byte of its values ("shuffled").
"""

import struct

BLOCK = 1 << 20  # what Houdini writes; a reader must take any
HEADER = struct.Struct("<BBBBIII")  # format, codec's format, flags, size of a value, bytes, bytes a block, packed bytes
SHUFFLED, STORED, BITS_SHUFFLED, RESERVED, UNSPLIT = 1, 2, 4, 8, 16  # flags
LZ4 = 1  # a codec: the upper three bits of the flags
LZ4_RATIO = 255  # no LZ4 block holds more than this many times its own size


def library_decoder():
    """Return a function (chunk, size) that decodes a chunk with the library; None without it."""
    try:
        import blosc
    except ImportError:
        return None
    blosc.set_nthreads(1)

    def decode(chunk, size):
        if not size:
            return b""
        try:
            return blosc.decompress(chunk)
        except (blosc.blosc_extension.error, RuntimeError) as error:
            raise ValueError(f"a chunk is damaged ({error})") from None

    return decode


def library_packer():
    """Return a function that makes a chunk of a block as Houdini does, with the library; None without it."""
    try:
        import blosc
    except ImportError:
        return None

    def pack(block):
        blosc.set_nthreads(1)
        blosc.set_blocksize(BLOCK)  # of the whole process: set back at once
        try:
            return blosc.compress(block.tobytes(), typesize=4, clevel=9, shuffle=blosc.SHUFFLE, cname="lz4")
        finally:
            blosc.set_blocksize(0)

    return pack


def stored(block):
    """Return the chunk that holds a block as it is."""
    flags = SHUFFLED | STORED | LZ4 << 5
    return HEADER.pack(2, 1, flags, 4, len(block), len(block), HEADER.size + len(block)) + bytes(block)


def checked_header(data, at, end):
    """Return (size, packed size) of the chunk at *at*, whose header claims nothing impossible."""
    if end - at < HEADER.size:
        raise ValueError("a chunk ends early")
    form, _, flags, width, size, block, packed_size = HEADER.unpack_from(data, at)
    if form != 2 or flags & RESERVED or not width:
        raise ValueError("a chunk is not of Blosc 1")
    if not HEADER.size <= packed_size <= end - at:
        raise ValueError("a chunk ends early")
    if flags & STORED:
        possible = packed_size == HEADER.size + size
    else:
        fits = 0 < block <= size and HEADER.size + 4 * -(-size // block) <= packed_size
        possible = fits and (flags >> 5 != LZ4 or size <= LZ4_RATIO * packed_size)
    if not possible or size >= 1 << 31:
        raise ValueError(f"a chunk of {packed_size} bytes cannot hold {size}")
    return size, packed_size


def decoded(chunk, wanted):
    """Return the first *wanted* bytes of a chunk with a checked header; ValueError if the rest of it is damaged."""
    _, _, flags, width, size, block, _ = HEADER.unpack_from(chunk)
    if flags & STORED:
        return chunk[HEADER.size : HEADER.size + wanted]
    if flags >> 5 != LZ4 or flags & BITS_SHUFFLED:
        raise ValueError("a chunk that is not of Houdini's kind; the library blosc may read it")
    out = bytearray()
    for number, start in enumerate(range(0, size, block)):
        if len(out) >= wanted:
            break
        at = struct.unpack_from("<I", chunk, HEADER.size + 4 * number)[0]
        length = min(block, size - start)
        split = not flags & UNSPLIT and width <= 16 and block // width >= 128 and length == block
        parts = width if split else 1
        if length % parts:
            raise ValueError("a block that its parts do not fill")
        if not flags & SHUFFLED or width == 1:
            out += b"".join(_streams(chunk, at, parts, length // parts, length))
        else:
            out += _unshuffled(chunk, at, parts, length, width, wanted - len(out))
    return out[:wanted]


def _unshuffled(chunk, at, parts, length, width, wanted):
    """Return the first *wanted* bytes of a block, or all: it holds the first byte of each value, then the second ..."""
    values = length // width
    if parts == width:
        count = min(values, -(-wanted // width))
        planes, rest = _streams(chunk, at, parts, values, count), b""
    else:
        whole = next(_streams(chunk, at, 1, length, length))
        count, rest = values, whole[values * width :]
        planes = (whole[plane * values : (plane + 1) * values] for plane in range(width))
    out = bytearray(count * width)
    for plane, content in enumerate(planes):
        out[plane::width] = content
    return out + rest


def _streams(chunk, at, parts, length, wanted):
    """Yield the first *wanted* bytes of each of a block's streams of *length* bytes; each says its packed length."""
    for _ in range(parts):
        if at + 4 > len(chunk):
            raise ValueError("a block ends early")
        packed_length = struct.unpack_from("<I", chunk, at)[0]
        at += 4
        if at + packed_length > len(chunk):
            raise ValueError("a block ends early")
        stream = chunk[at : at + packed_length].tobytes()
        yield stream[:wanted] if packed_length == length else _lz4(stream, length, wanted)
        at += packed_length


def _lz4(data, size, wanted):
    """Return the first *wanted* bytes of the *size* that an LZ4 block holds: literals and copies of earlier bytes."""
    out, at = bytearray(), 0
    try:
        while len(out) < wanted:
            token = data[at]
            length, at = _lz4_length(data, at + 1, token >> 4)
            if at + length > len(data) or len(out) + length > size:
                raise ValueError("an LZ4 block with more bytes than it may have")
            out += data[at : at + length]
            at += length
            if at == len(data):
                break
            offset = data[at] | data[at + 1] << 8
            length, at = _lz4_length(data, at + 2, token & 15)
            length += 4
            start = len(out) - offset
            if not offset or start < 0 or len(out) + length > size:
                raise ValueError("an LZ4 block that copies from outside")
            out += out[start : start + length] if offset >= length else (out[start:] * (length // offset + 1))[:length]
    except IndexError:
        raise ValueError("an LZ4 block ends early") from None
    if len(out) < wanted:
        raise ValueError("an LZ4 block with fewer bytes than it should have")
    return out[:wanted]


def _lz4_length(data, at, length):
    if length == 15:
        while data[at] == 255:
            length += 255
            at += 1
        length += data[at]
        at += 1
    return length, at

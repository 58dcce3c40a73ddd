"""Houdini's container of compressed chunks, read and written with and without the library blosc."""

import io
import struct
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.geometry import scf

# made by Blosc 1.21 as Houdini does it: blocks of 4 streams, of the second the last byte is one of its own
WHOLE = bytes.fromhex(
    "0201210460090000600900005c000000140000000e0000002f00040200ffff405004000400040e0000002f01050200ffff4050050105"
    "01050e0000002f02060200ffff405006020602060e0000002f03070200ffff40500703070307"
)
ODD = bytes.fromhex(
    "0201210465090000640900006500000018000000600000000e0000002f00040200ffff415000040004610e0000002f01050200ffff41"
    "5001050105620e0000002f02060200ffff415002060206630e0000002f03070200ffff415003070307640100000065"
)
EIGHTS = bytes(range(8)) * 300


@pytest.fixture(params=["with the library", "without"])
def library(request, monkeypatch):
    if request.param == "without":
        monkeypatch.setitem(sys.modules, "blosc", None)
    else:
        pytest.importorskip("blosc")


@pytest.fixture
def no_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "blosc", None)


def stored(content):
    """A chunk that holds its bytes as they are."""
    return struct.pack("<BBBBIII", 2, 1, 0x23, 4, len(content), len(content), 16 + len(content)) + content


def chunk(size, *streams, flags=0x30, width=1, block=None, packed=None, form=2, starts=None):
    """A chunk with a block for each stream, LZ4 and nothing else unless *flags* say so."""
    at, places, body = 16 + 4 * len(streams), [], b""
    for stream in streams:
        places.append(at + len(body))
        body += struct.pack("<I", len(stream)) + stream
    body = struct.pack(f"<{len(streams)}I", *(starts or places)) + body
    packed = 16 + len(body) if packed is None else packed
    return struct.pack("<BBBBIII", form, 1, flags, width, size, size if block is None else block, packed) + body


def container(*chunks, index=None, metadata=b""):
    """A container; *index* overrides the numbers that say where the chunks are, and how long."""
    sizes = [struct.unpack_from("<I", chunk, 4)[0] for chunk in chunks]
    if index is None:
        index = [*(sum(map(len, chunks[:number])) for number in range(1, len(chunks))), sizes[0], sizes[-1]]
    head = b"scf1" + struct.pack(">q", len(metadata)) + metadata
    return head + b"".join(chunks) + struct.pack(f">{len(index) + 1}q", *index, 8 * len(index)) + b"1fcs"


def start(data, size):
    return scf.start_of(io.BytesIO(data).read, size)


@pytest.mark.parametrize(
    ("chunks", "content"),
    [
        ([WHOLE], EIGHTS),
        ([ODD], EIGHTS + b"abcde"),
        ([WHOLE, WHOLE, stored(b"end")], EIGHTS * 2 + b"end"),
        ([stored(b"a")], b"a"),
        ([chunk(8, b"aaaabbbb", flags=0x31, width=4)], b"aabbaabb"),  # shuffled: of each value the first byte
        ([chunk(24, b"\x1ea\x01\x00\x50bcdef")], b"a" * 19 + b"bcdef"),
        ([chunk(17, b"\x34abc\x03\x00\x60uvwxyz")], b"abcabcabcab" + b"uvwxyz"),
        ([chunk(300, b"\xf0\xff\x1e" + bytes(300))], bytes(300)),
        ([chunk(600, b"\x1fa\x01\x00\xff\xff\x41\x50bcdef")], b"a" * 595 + b"bcdef"),
    ],
)
def test_chunks_of_houdinis_kind_are_unpacked(library, chunks, content):
    assert scf.unpacked(container(*chunks, metadata=b"anything")) == content


@pytest.mark.parametrize("size", [0, 1, 7, 2399, 2400, 2401, 2405, 4804, 4808, 9999])
def test_the_start_is_the_same_bytes_without_the_rest(size):
    data = container(WHOLE, ODD, stored(b"end"), metadata=b"anything")

    assert start(data, size) == (EIGHTS + EIGHTS + b"abcde" + b"end")[:size]


def test_the_start_needs_no_more_than_the_chunks_that_hold_it():
    assert start(container(WHOLE, WHOLE)[: 12 + len(WHOLE)], 2400) == EIGHTS


HUGE = 1 << 30
DAMAGED = [
    (b"scf1", "its index is missing"),
    (container(WHOLE)[:-1], "its index is missing"),
    (container(WHOLE)[:-30] + b"1fcs", "its index is damaged"),
    (container(WHOLE, metadata=b"")[:4] + struct.pack(">q", -1) + container(WHOLE)[12:], "its index is damaged"),
    (container(WHOLE)[:4] + struct.pack(">q", HUGE) + container(WHOLE)[12:], "its index is damaged"),
    (container(WHOLE, index=[]), "its index is damaged"),
    (container(WHOLE, index=[2400]), "its index is damaged"),
    (container(WHOLE, index=[HUGE, HUGE]), "its index states another size of chunk 0"),
    (container(WHOLE, WHOLE, index=[93, 2400, 2400]), "its index puts chunk 1 elsewhere"),
    (container(WHOLE, stored(b"end"), index=[92, 2400, 4]), "its index states another size of chunk 1"),
    (container(WHOLE, WHOLE, index=[2400, 2400]), "bytes between its last chunk and its index"),
    (container(WHOLE[:15]), "a chunk ends early"),
    (container(chunk(9, b"\x90abcdefghi", packed=1000)), "a chunk ends early"),
    (container(chunk(9, b"\x90abcdefghi", packed=15)), "a chunk ends early"),
    (container(chunk(9, b"\x90abcdefghi", form=5)), "a chunk is not of Blosc 1"),
    (container(chunk(9, b"\x90abcdefghi", width=0)), "a chunk is not of Blosc 1"),
    (container(chunk(255 * 34 + 1, b"\x90abcdefghi")), "a chunk of 34 bytes cannot hold 8671"),
    (container(chunk(HUGE, b"\x90abcdefghi")), "a chunk of 34 bytes cannot hold 1073741824"),
    (container(chunk(9, b"\x90abcdefghi", block=0)), "a chunk of 34 bytes cannot hold 9"),
    (container(chunk(9, b"\x90abcdefghi", block=10)), "a chunk of 34 bytes cannot hold 9"),
    (container(chunk(9, b"\x90abcdefghi", block=1)), "a chunk of 34 bytes cannot hold 9"),
    (container(chunk(9, b"abcdefgh", flags=0x33)), "a chunk of 32 bytes cannot hold 9"),
]


@pytest.mark.parametrize(("data", "reason"), DAMAGED)
def test_a_container_that_contradicts_itself_is_refused_before_a_chunk_is_decoded(library, monkeypatch, data, reason):
    monkeypatch.setattr(scf, "decoded", None)
    monkeypatch.setattr(scf, "library_decoder", None)

    with pytest.raises(ValueError, match=reason):
        scf.unpacked(data)


def test_more_than_there_may_be_is_refused_by_what_is_claimed():
    with pytest.raises(MemoryError, match="it claims 4800 bytes"):
        next(scf.parts(container(WHOLE, WHOLE), 4799))


@pytest.mark.parametrize(
    "damaged",
    [
        chunk(9, b"abc"), chunk(9, b"\x90abcdefghi", starts=[35]), chunk(9, b"\x90abcdefghi", starts=[HUGE]),
        chunk(9, b"\xa0abcdefghi"), chunk(9, b"\x70abcdefg"), chunk(8, b"\x90abcdefghi"), chunk(9, b"\x14a\x00\x00"),
        chunk(9, b"\x14a\x02\x00"), chunk(9, b"\x15a\x01\x00"), chunk(9, b"\x14a\x01"), chunk(9, b"\xf0\xff\xff"),
        chunk(9, b"\x1fa\x01\x00\xff\xff"), chunk(9, b""), chunk(1001, bytes(1001), flags=0x21, width=7, block=900),
    ],
)  # fmt: skip
def test_a_damaged_block_is_never_read_beyond_its_ends(library, damaged):
    with pytest.raises(ValueError):
        scf.unpacked(container(damaged))


@pytest.mark.parametrize("flags", [0x10, 0x34, 0x50, 0x70, 0x90])
def test_another_codec_or_shuffle_is_for_the_library_alone(no_library, flags):
    with pytest.raises(ValueError, match="not of Houdini's kind; the library blosc may read it"):
        scf.unpacked(container(chunk(9, b"abcdefgh", flags=flags)))


@pytest.mark.parametrize("data", [b"", b"scf1", container(WHOLE)[:50], b"scf1" + bytes(8) + WHOLE[:8], DAMAGED[16][0]])
def test_the_start_of_a_damaged_container_is_refused(data):
    with pytest.raises(ValueError):
        start(data, 100)


@pytest.mark.parametrize("size", [1, 4, 5, scf.BLOCK - 1, scf.BLOCK, scf.BLOCK + 1, 2 * scf.BLOCK + 6])
def test_what_is_packed_is_unpacked(library, monkeypatch, size):
    content = (bytes(range(256)) * (size // 256 + 1))[:size]

    data = scf.packed(content)

    assert scf.unpacked(data) == content
    assert start(data, 1000) == content[:1000]
    monkeypatch.setitem(sys.modules, "blosc", None)
    assert scf.unpacked(data) == content


def test_without_the_library_chunks_are_stored(no_library):
    assert scf.packed(b"end") == container(stored(b"end"), index=[scf.BLOCK, 3])


def test_with_the_library_chunks_are_houdinis(monkeypatch):
    pytest.importorskip("blosc")

    assert scf.packed(EIGHTS) == container(WHOLE, index=[scf.BLOCK, len(EIGHTS)])


def test_nothing_cannot_be_packed():
    with pytest.raises(ValueError, match="a container of nothing"):
        scf.packed(b"")


@given(
    places=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=3),
    cut=st.none() | st.integers(0, 1 << 20),
    known=st.booleans(),
)
def test_damaged_bytes_are_read_or_refused_and_nothing_else(places, cut, known):
    data = bytearray(container(ODD, stored(b"end") if known else WHOLE))
    for place, byte in places:
        data[place % len(data)] = byte
    data = data[: None if cut is None else cut % len(data)]
    for read in (lambda: scf.unpacked(data), lambda: start(data, 3000)):
        with suppress(ValueError):
            read()

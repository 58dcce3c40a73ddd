"""Layers of a geometry file: told by first bytes, peeled in a loop; what is no geometry, in a sentence."""

import bz2
import gzip
import json
import lzma
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.geometry import binary_json, layers, scf
from geokiln.geometry.layers import read_document, start_of, unpacked

DOCUMENT = ["pointcount", 100, "values", list(range(100))]
ASCII = b" \n" + json.dumps(DOCUMENT).encode()
BINARY = binary_json.dump([*DOCUMENT[:3], np.arange(100)])
PACK = {"scf": scf.packed, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}
CLASSIC = "a.geo is classic geometry of Houdini 11 and older; save it as .geo or .bgeo from a newer one"


def save(content, *around, name="a.geo"):
    """Write a file with *content* in layers, the outermost first."""
    for layer in reversed(around):
        content = PACK[layer](content)
    Path(name).write_bytes(content)
    return name


@pytest.mark.parametrize("around", [[], ["scf"], ["gzip"], ["bzip2"], ["xz"], ["gzip", "scf"], ["scf", "gzip"]])
@pytest.mark.parametrize(
    ("content", "name"), [(ASCII, "ascii"), (BINARY, "binary <"), (b"\x7fbJSN[]", "binary >"), (b"[]", "ascii")]
)
def test_layers_are_told_by_their_first_bytes_and_peeled(around, content, name):
    path = save(content, *around)

    data, names = unpacked(path)

    assert bytes(data) == content
    assert names == [*around, name]
    assert start_of(path) == content
    assert start_of(path, 3) == content[:3]


@pytest.mark.parametrize("around", [[], ["scf"], ["gzip"]])
@pytest.mark.parametrize("content", [ASCII, BINARY])
def test_a_document_is_the_same_in_whatever_layers(around, content):
    *rest, values = read_document(save(content, *around))

    assert rest == DOCUMENT[:3]
    assert values.tolist() == list(range(100))


@pytest.mark.parametrize("around", [[], ["gzip"], ["scf"]])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"BgeoV\0\0\0\5", CLASSIC), (b"PGEOMETRY V5", CLASSIC),
        (b"version https://git-lfs.github.com/spec/v1\n",
         "a.geo is a pointer of Git LFS and no geometry; get the file itself (git lfs pull)"),
        (b"\x7fELF", "a.geo is not geometry that Houdini writes (.geo, .bgeo, .bgeo.sc)"),
        (b" \n", "a.geo is not geometry that Houdini writes (.geo, .bgeo, .bgeo.sc)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("read", [read_document, start_of])
def test_what_is_no_geometry_is_told_in_a_sentence(read, around, content, sentence):
    with pytest.raises(UserError) as error:
        read(save(content, *around))

    assert str(error.value) == sentence


def no_file():
    return "none.geo"


def folder():
    Path("a.geo").mkdir()
    return "a.geo"


def again_and_again():
    return save(ASCII, *["gzip"] * 9)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (no_file, "none.geo does not exist"),
        (folder, "a.geo cannot be read (Is a directory)"),
        (lambda: save(b""), "a.geo is empty"),
        (again_and_again, "a.geo is packed more than 8 times"),
        (lambda: save(ASCII[:-1]), "a.geo is not complete ASCII geometry (Expecting ',' delimiter at byte 422); "
         "save or make it again"),
        (lambda: save(BINARY[:-1], "gzip"), "a.geo is not complete binary geometry (it ends early); "
         "save or make it again"),
        (lambda: save(scf.packed(BINARY)[:-1]), "a.geo is not complete (scf: its index is missing); "
         "save or make it again"),
        (lambda: save(scf.packed(BINARY)[:-9], "gzip"), "a.geo is not complete (gzip, scf: its index is missing); "
         "save or make it again"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_a_sentence(made, sentence):
    with pytest.raises(UserError) as error:
        read_document(made())

    assert str(error.value) == sentence


@pytest.mark.parametrize("layer", ["gzip", "bzip2", "xz"])
@pytest.mark.parametrize("damage", [lambda data: data[:-5], lambda data: data[:40] + b"....." + data[45:]])
def test_a_damaged_stream_is_not_complete(layer, damage):
    path = save(damage(PACK[layer](ASCII)))

    with pytest.raises(UserError, match=rf"^a.geo is not complete \({layer}: .*\); save or make it again$"):
        read_document(path)


@pytest.mark.parametrize("around", [[], ["gzip"], ["bzip2"], ["xz"], ["scf"], ["gzip", "scf"]])
def test_no_more_is_unpacked_than_the_machine_has_memory(monkeypatch, around):
    path = save(b"[" + b" " * 4095, *around)
    monkeypatch.setattr(layers.os, "sysconf", {"SC_PAGE_SIZE": 4095, "SC_PHYS_PAGES": 1}.get)

    with pytest.raises(UserError, match="^a.geo holds more bytes than this machine has memory$"):
        unpacked(path)


def test_the_start_of_a_large_file_is_unpacked_alone(monkeypatch):
    content = b"[" + b"1, " * scf.BLOCK
    whole = scf.packed(content)
    cut = whole[: len(whole) // 2]

    assert start_of(save(cut)) == content[:65536]
    assert start_of(save(gzip.compress(content)[:2000]), 1000) == content[:1000]


def test_the_start_needs_the_standard_library_alone():
    code = (
        "import sys; sys.modules.update(numpy=None, blosc=None); from geokiln.geometry.layers import start_of;"
        "print(start_of(sys.argv[1]))"
    )
    scripts = Path(layers.__file__).parents[2]

    ran = subprocess.run(
        [sys.executable, "-c", code, save(ASCII, "scf")], env={"PYTHONPATH": str(scripts)}, capture_output=True
    )

    assert ran.stdout.decode().strip() == repr(ASCII), ran.stderr


@given(
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=2),
    st.none() | st.integers(0, 1 << 20),
    st.lists(st.sampled_from(sorted(PACK)), max_size=3),
    st.sampled_from([ASCII, BINARY]),
    st.integers(0, 3),
)
def test_damaged_bytes_of_any_layer_are_read_or_refused_in_a_sentence(damages, cut, around, content, depth):
    for layer in [None, *around]:
        content = bytearray(PACK[layer](content) if layer else content)
        if depth == 0:
            for place, byte in damages:
                content[place % len(content)] = byte
            content = content[: None if cut is None else cut % len(content) + 1]
        depth -= 1
    Path("a.geo").write_bytes(content)
    for read in (read_document, start_of):
        with suppress(UserError):
            read("a.geo")

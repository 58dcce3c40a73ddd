"""Files that numpy and struct wrote, read by a description of their blocks."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from geokiln.api import Geometry, read_raw, write_raw
from geokiln.raw.reading import RawFile

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("byte_order", ["little", "big"])
@pytest.mark.parametrize(
    ("type_", "precision", "letter"),
    [("float", 16, "e"), ("float", 32, "f"), ("float", 64, "d"), ("integer", 8, "b"), ("integer", 16, "h"),
     ("integer", 32, "i"), ("integer", 64, "q"), ("unsigned", 8, "B"), ("unsigned", 64, "Q")],
)  # fmt: skip
def test_every_type_is_read_in_either_byte_order(byte_order, type_, precision, letter):
    values = [0, 1, 100, 2 ** (precision - 1) - 1 if type_ != "float" else -0.5]
    with open("a.raw", "wb") as file:
        file.write(struct.pack(("<" if byte_order == "little" else ">") + 4 * letter, *values))

    arrays = read_raw("a.raw", [{"name": "x", "type": type_, "precision": precision}], byte_order)

    assert arrays["x"].tolist() == values


@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_bfloat16_is_the_upper_half_of_a_float32(byte_order):
    values = np.float32([1, -2.5, 3.140625, np.inf, 1e38])
    upper = values.view(np.uint32) >> 16
    upper.astype("<u2" if byte_order == "little" else ">u2").tofile("a.raw")

    (array,) = read_raw("a.raw", [{"name": "x", "precision": 16, "bfloat16": True}], byte_order).values()

    assert array.dtype == np.float32 and np.allclose(array, values, rtol=2**-8)
    assert array[:4].tolist() == values[:4].tolist()


def test_blocks_follow_each_other_and_those_collated_alternate():
    positions, colours, ids = RANDOM.random((5, 3)).astype("f4"), RANDOM.random((5, 2)), np.arange(5, dtype="i2")
    blockwise = [{"name": "P", "size": 3}, {"name": "Cd", "size": 2, "precision": 64}]
    number = {"name": "k", "type": "integer", "precision": 16}
    with open("blocks.raw", "wb") as file:
        file.write(b"magic" + positions.tobytes() + colours.tobytes() + ids.tobytes())
    with open("collated.raw", "wb") as file:
        for row in range(5):
            file.write(positions[row].tobytes() + b"????" + colours[row].tobytes())
        file.write(ids.tobytes())

    apart = read_raw("blocks.raw", [*blockwise, number], header=5)
    gap = {"ignored": True, "collate": True, "type": "unsigned", "precision": 8, "size": 4}
    together = read_raw("collated.raw", [blockwise[0], gap, {**blockwise[1], "collate": True}, number])

    for arrays in (apart, together):
        assert list(arrays) == ["P", "Cd", "k"]
        assert all(np.array_equal(*pair) for pair in zip(arrays.values(), (positions, colours, ids), strict=True))
        assert not arrays["P"].flags.writeable


@pytest.mark.parametrize("order", ["zyx", "xyz"])
def test_a_volume_is_the_same_in_either_order(order):
    volumes = RANDOM.random((2, 4, 3, 5)).astype("f4")  # (n, nz, ny, nx)
    (volumes if order == "zyx" else volumes.transpose(0, 3, 2, 1)).tofile("a.raw")

    (array,) = read_raw("a.raw", [{"name": "density", "resolution": [5, 3, 4], "order": order}]).values()

    assert (array == volumes).all()


def test_sections_that_state_their_rows_leave_the_rest_to_the_others():
    np.arange(12, dtype="f4").tofile("a.raw")

    arrays = read_raw("a.raw", [{"name": "time", "rows": 1}, {"name": "x", "size": 5}, {"name": "end", "rows": 1}])

    assert {name: array.tolist() for name, array in arrays.items()} == {
        "time": [0], "x": [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]], "end": [11]
    }  # fmt: skip


def test_some_rows_are_read_without_the_others_and_a_file_that_shrank_is_told(told):
    np.arange(20, dtype="f4").tofile("a.raw")
    file = RawFile("a.raw", [{"name": "x"}, {"name": "y", "collate": True}, {"name": "z", "size": 2}])

    part = file.rows(["y", "z"], slice(1, 3))
    os.truncate("a.raw", 76)

    assert {name: array.tolist() for name, array in part.items()} == {"y": [3, 5], "z": [[12, 13], [14, 15]]}
    assert told(file.rows, ["z"], slice(3, 5)).startswith("a.raw became shorter while it was read")


@pytest.mark.parametrize("text", ["{", "[]", '{"blocks": []}', "\xff"])
def test_a_sidecar_that_tells_nothing_is_told_and_left_where_it_is(text, told):
    Path("a.raw.json").write_bytes(text.encode("latin-1"))

    assert told(read_raw, "a.raw").startswith("a.raw.json is none that write_raw wrote; give the blocks")
    assert Path("a.raw.json").exists()


def test_blocks_without_rows_are_read_and_a_header_is_no_less_than_none(told):
    none = Geometry(np.zeros((0, 3)), [], {"Cd": np.zeros((0, 3))})
    write_raw("none.raw", none, [{"name": "P"}, {"name": "Cd", "collate": True}])

    assert {name: array.shape for name, array in read_raw("none.raw").items()} == {"P": (0, 3), "Cd": (0, 3)}
    assert told(read_raw, "none.raw", [{"name": "P", "size": 3}], header=-4) == "header: -4 is no number of bytes"


def test_a_file_that_is_not_there_and_an_odd_byte_order_are_told(told):
    assert told(read_raw, "a.raw", [{"name": "x"}]) == "a.raw does not exist"
    assert told(read_raw, "a.raw") == "a.raw.json does not exist; give the blocks that stand in the file"
    assert told(read_raw, "a.raw", [{"name": "x"}], "middle") == "byte_order: 'middle' is neither little nor big"

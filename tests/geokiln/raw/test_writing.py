"""What is written from a geometry, read by numpy alone and by read_raw."""

import json
from pathlib import Path

import numpy as np
import pytest

from geokiln.api import Geometry, read_raw, write_raw
from geokiln.geometry.primitives import Primitives

RANDOM = np.random.default_rng(0)
COLOURS = RANDOM.random((4, 3)).astype("f4")
VOXELS = np.arange(24, dtype="f4").reshape(4, 3, 2)


@pytest.fixture
def geometry():
    """Four points, a polygon, and a volume called density."""
    tile = [["compression", 0, "data", VOXELS.ravel().tolist()]]
    voxels = ["tiledarray", ["version", 1, "compressiontypes", ["raw"], "tiles", tile]]
    fields = {1: {"res": [2, 3, 4], "voxels": voxels}}
    primitives = Primitives(np.array([0, 1, 2]), np.arange(3), np.array([0, 3, 3]), ["Polygon", "Volume"],
                            np.array([0, 1]), fields)  # fmt: skip
    owned = {"Cd": COLOURS, "k": np.arange(4), "label": np.array(list("abcd"))}
    return Geometry(np.eye(4, 3, dtype="f4"), primitives, owned, {"name": np.array(["poly", "density"])},
                    {"time": np.array([2.5])}, {}, {"uv": np.arange(6.0).reshape(3, 2)})  # fmt: skip


def test_blocks_of_every_kind_stand_in_the_file_as_they_were_asked_for(geometry):
    blocks = [
        {"value": [7, -1], "type": "integer", "precision": 16},
        {"name": "time", "element": "detail", "precision": 64},
        {"name": "P"},
        {"name": "k", "collate": True, "type": "unsigned", "precision": 8},
        {"value": 9, "collate": True, "type": "unsigned", "precision": 8},
        {"name": "uv", "element": "vertex"},
        {"name": "density", "element": "volume", "order": "xyz"},
    ]

    write_raw("a.raw", geometry, blocks, "big")

    raw = Path("a.raw").read_bytes()
    records = np.frombuffer(raw, [("P", ">f4", 3), ("k", "u1"), ("pad", "u1")], 4, 12)
    assert np.frombuffer(raw, ">i2", 2).tolist() == [7, -1] and np.frombuffer(raw, ">f8", 1, 4)[0] == 2.5
    assert (records["P"] == geometry.points).all()
    assert (records["k"].tolist(), records["pad"].tolist()) == ([0, 1, 2, 3], [9] * 4)
    assert np.frombuffer(raw, ">f4", 24, 68 + 24).reshape(2, 3, 4).transpose(2, 1, 0).tolist() == VOXELS.tolist()
    assert json.loads(Path("a.raw.json").read_text())["bytes"] == len(raw) == 12 + 4 * 14 + 24 + 96

    arrays = read_raw("a.raw")
    assert {name: array.shape for name, array in arrays.items()} == {
        "time": (1,), "P": (4, 3), "k": (4,), "uv": (3, 2), "density": (1, 4, 3, 2)
    }  # fmt: skip
    assert (arrays["density"][0] == VOXELS).all() and arrays["uv"].tolist() == geometry.vertex_attributes["uv"].tolist()


def test_bfloat16_is_rounded_to_the_nearest(geometry):
    write_raw("a.raw", geometry, [{"name": "Cd", "precision": 16, "bfloat16": True}])

    assert np.abs(read_raw("a.raw")["Cd"] / COLOURS - 1).max() <= 2**-8


def test_a_geometry_that_is_larger_than_what_is_written_at_a_time_is_written_to_its_end():
    attributes = {"a": RANDOM.random((300_000, 3)).astype("f4"), "b": np.arange(300_000)}
    blocks = [{"name": "a"}, {"name": "b", "type": "integer", "precision": 64, "collate": True}]

    write_raw("a.raw", Geometry(np.zeros((0, 3)), [], attributes), blocks)

    records = np.fromfile("a.raw", [("a", "<f4", 3), ("b", "<i8")])
    assert all(np.array_equal(records[name], array) for name, array in attributes.items())


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ({"name": "N"}, "blocks[0]: there is no point attribute 'N'; there are: P, Cd, k, label"),
        ({"name": "Cd", "element": "face"}, "blocks[0].element: 'face' is none of point, vertex, primitive, detail"),
        ({"name": "label"}, "blocks[0]: 'label' holds no numbers"),
        ({"name": "poly", "element": "volume"}, "blocks[0]: there is no volume called 'poly'"),
        ({"name": "Cd", "size": 2}, "blocks[0].size: 2 is written there, but 'Cd' has 3"),
        ({"name": "Cd", "type": "integer"}, "block 'Cd': 0.6"),
        ({"name": "h", "value": 300, "type": "unsigned", "precision": 8}, "block 'h': 300 is no unsigned of 8 bits"),
        ({"name": "h", "value": 16777217}, "block 'h': 16777217 is no float of 32 bits"),
        ({"name": "h", "value": 1e5, "precision": 16}, "block 'h': 100000.0 is no float of 16 bits"),
        ({"name": "h", "value": 3.4e38, "precision": 16, "bfloat16": True}, "block 'h': 3.4e+38 is no float"),
        ({"name": "k", "collate": True}, "blocks[0].collate: there is no block before the first one"),
        ({"name": "k", "precison": 8}, "blocks[0].precison: unknown key; did you mean precision?"),
    ],
    ids=str,
)
def test_what_cannot_be_written_is_told_and_leaves_no_file(block, sentence, geometry, told):
    assert told(write_raw, "a.raw", geometry, [block]).startswith(sentence)
    assert list(Path(".").iterdir()) == []

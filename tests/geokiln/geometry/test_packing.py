"""Geometries packed into one, as they come back from each of Houdini's formats."""

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import Geometry
from geokiln.geometry.layers import read_document
from geokiln.geometry.packed import packed_geometry
from geokiln.geometry.packing import packed
from geokiln.geometry.pairs import pairs
from geokiln.geometry.primitives import Primitives


def frame(height):
    """A triangle and a polyline, with an attribute of each owner, texts and a group."""
    return Geometry(
        np.array([[0.1, 0, 0], [1, 0, 0], [0, height, 1e-3], [5, 5, 5]], np.float32),
        Primitives.of([[0, 1, 2]], closed=True),
        {"Cd": np.full((4, 3), height, np.float32)},
        {"name": np.array(["skin"])},
        {"frame": np.array([height])},
        {("point", "top"): np.array([False, False, True, False])},
        {"uv": np.arange(6, dtype=np.float32).reshape(3, 2)},
    )


@pytest.mark.parametrize("suffix", ["geo", "bgeo", "bgeo.sc"])
def test_what_is_packed_is_read_again_as_it_was(suffix):
    frames = [frame(1), frame(2), frame(3)]
    geometry = packed(frames, {"frame": [1, 2, 3], "v": np.eye(3), "name": np.array(["a", "b", "c"])})
    write_geo(f"frames.{suffix}", geometry)
    read = read_geo(f"frames.{suffix}")

    attributes = read.primitive_attributes
    assert len(read.primitives) == 3
    assert attributes["frame"].tolist() == [1, 2, 3]
    assert attributes["v"].tolist() == np.eye(3).tolist()
    assert attributes["name"].tolist() == ["a", "b", "c"]
    for number, given in enumerate(frames):
        for one in (packed_geometry(geometry, number), packed_geometry(read, number)):
            assert one.points.tolist() == given.points.tolist()
            assert one.primitives == given.primitives and one.primitives.kinds == ["Polygon"]
            for owner in ("point_attributes", "primitive_attributes", "vertex_attributes", "detail_attributes"):
                assert list(getattr(one, owner)) == list(getattr(given, owner))
                for name, array in getattr(given, owner).items():
                    np.testing.assert_array_equal(getattr(one, owner)[name], array)
            np.testing.assert_array_equal(one.groups["point", "top"], given.groups["point", "top"])


def test_the_primitives_have_what_those_have_that_houdini_writes():
    write_geo("frames.geo", packed([frame(2)]))
    (head, body) = pairs(read_document("frames.geo"))["primitives"][0]
    entry = pairs(body)

    assert pairs(head) == {"type": "PackedGeometry"}
    assert sorted(entry) == ["parameters", "pivot", "transform", "vertex", "viewportlod"]
    assert sorted(entry["parameters"]) == ["cachedbounds", "embedded", "pointinstancetransform"]
    assert np.float32(entry["parameters"]["cachedbounds"]).tolist() == [0, 5, 0, 5, 0, 5]


def test_a_geometry_that_is_given_again_is_stored_once_and_one_of_nothing_has_its_place():
    one, nothing = frame(1), Geometry(np.zeros((0, 3)), [])
    write_geo("frames.bgeo", packed([one, nothing, one]))
    read = read_geo("frames.bgeo")

    ((kind, entries),) = [read.kept["sharedprimitivedata"]]
    assert (kind, len(entries)) == ("PackedGeometry", 2 * 3)
    assert [len(packed_geometry(read, number).points) for number in range(3)] == [4, 0, 4]


def test_an_attribute_needs_a_row_for_each_geometry():
    with pytest.raises(UserError, match="'frame' has 2 rows; 3 geometries need one each"):
        packed([frame(1)] * 3, {"frame": [1, 2]})


def test_packed_geometries_are_packed_again():
    write_geo("nested.geo", packed([packed([frame(1), frame(2)])]))

    inner = packed_geometry(read_geo("nested.geo"), 0)
    assert packed_geometry(inner, 1).points.tolist() == frame(2).points.tolist()

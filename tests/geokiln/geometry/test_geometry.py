import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import Geometry

SQUARE = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
STORAGES = {"fpreal32": "f4", "fpreal64": "f8", "int32": "i4", "int64": "i8"}


def geometry(count=3, **attributes):
    return Geometry(np.zeros((count, 3), np.float32), [[number] for number in range(count)], {}, attributes)


# Round trips


def test_points_and_polylines_come_back():
    points = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    lines = [[0, 1, 2], [5], [3, 4, 3, 0]]

    write_geo("a.geo", Geometry(points, lines))
    result = read_geo("a.geo")

    assert np.array_equal(result.points, points)
    assert result.points.dtype == np.float32
    assert result.primitives == lines


@pytest.mark.parametrize("size", [(), (1,), (2,), (3,), (9,)], ids=str)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4", "i8"])
@pytest.mark.parametrize("owner", ["point", "primitive"])
def test_numbers_come_back_with_type_and_tuple_size(owner, dtype, size):
    array = (np.random.default_rng(0).normal(size=(4, *size)) * 1000).astype(dtype)
    given = Geometry(np.zeros((4, 3)), [[0], [1], [2], [3]])
    getattr(given, f"{owner}_attributes")["a"] = array

    write_geo("a.geo", given)
    result = getattr(read_geo("a.geo"), f"{owner}_attributes")["a"]

    assert result.dtype == array.dtype
    assert np.array_equal(result, array.reshape(4) if size in ((), (1,)) else array)


@pytest.mark.parametrize(
    "strings",
    [
        ["left", "right", "left"],
        ["", "ü", 'quoted "name"'],
        [["left"], ["right"], [""]],
        [["left", "foot"], ["right", "foot"], ["left", "hand"]],
        [["a", "b", "c"], ["d", "e", "f"], ["a", "a", "a"]],
    ],
    ids=["one", "special", "tuples of one", "tuples of two", "tuples of three"],
)
@pytest.mark.parametrize("owner", ["point", "primitive"])
def test_strings_come_back_with_their_tuple_size(owner, strings):
    given = geometry(3)
    getattr(given, f"{owner}_attributes")["name"] = np.array(strings)

    write_geo("a.geo", given)
    result = getattr(read_geo("a.geo"), f"{owner}_attributes")["name"]

    width = np.shape(strings)[1:]
    assert result.tolist() == (np.ravel(strings).tolist() if width in ((), (1,)) else strings)


def test_a_matrix_attribute_comes_back_as_a_tuple():
    matrices = np.arange(18.0).reshape(2, 3, 3)

    write_geo("a.geo", geometry(2, transform=matrices))
    result = read_geo("a.geo").primitive_attributes["transform"]

    assert np.array_equal(result, matrices.reshape(2, 9))


def test_attributes_keep_their_order():
    write_geo("a.geo", geometry(1, z=np.zeros(1), a=np.ones(1), m=np.array(["x"])))

    result = read_geo("a.geo")

    assert list(result.primitive_attributes) == ["z", "a", "m"]


def test_a_written_file_is_one_that_houdini_documents():
    write_geo("a.geo", geometry(2, time=np.zeros(2)))

    flat = json.loads(Path("a.geo").read_text())
    document = dict(zip(flat[::2], flat[1::2], strict=True))

    position = document["attributes"][1][0][0]
    assert document["hasindex"] is False
    assert position[position.index("options") + 1] == {"type": {"type": "string", "value": "point"}}
    assert document["pointcount"] == document["vertexcount"] == document["primitivecount"] == 2
    assert document["topology"] == ["pointref", ["indices", [0, 1]]]
    body = ["startvertex", 0, "nprimitives", 2, "nvertices", [1, 1]]
    assert document["primitives"] == [[["type", "PolygonCurve_run"], body]]


def test_the_same_geometry_gives_the_same_bytes():
    for path in ("a.geo", "b.geo"):
        write_geo(path, geometry(2, time=np.array([0.1, 0.2]), name=np.array(["b", "a"])))

    assert Path("a.geo").read_bytes() == Path("b.geo").read_bytes()


@given(count=st.integers(1, 9), seed=st.integers(0, 99))
def test_any_polylines_come_back(count, seed):
    random = np.random.default_rng(seed)
    lines = [random.integers(0, 5, random.integers(0, 6)).tolist() for _ in range(count)]

    write_geo("a.geo", Geometry(random.normal(size=(5, 3)), lines))

    assert read_geo("a.geo").primitives == lines


def test_primitives_without_points_are_written_too():
    given = Geometry(np.zeros((0, 3)), [[], []], {}, {"time": np.array([1.0, 2.0])})

    write_geo("a.geo", given)

    assert read_geo("a.geo").primitives == [[], []]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_named_with_attribute_and_element(value):
    rotation = np.zeros((3, 2))
    rotation[1, 0] = value

    with pytest.raises(UserError) as error:
        write_geo("a.geo", geometry(3, rotation=rotation))

    assert str(error.value) == "geometry attribute 'rotation' is not finite (NaN, Inf) in element 1"


def test_a_position_that_is_not_finite_is_named():
    with pytest.raises(UserError) as error:
        write_geo("a.geo", Geometry(np.array([[0, 0, 0], [0, np.nan, 0]]), [[0]]))

    assert str(error.value) == "geometry attribute 'P' is not finite (NaN, Inf) in element 1"


@pytest.mark.parametrize("array", [np.array([1j]), np.array([None]), np.array(["2024-01-01"], "M8[D]")])
def test_a_type_that_the_format_lacks_is_named(array):
    with pytest.raises(UserError) as error:
        write_geo("a.geo", geometry(1, odd=array))

    expected = f"geometry attribute 'odd' has type {array.dtype}; use floats, integers or strings"
    assert str(error.value) == expected


# Geometry from attributes alone


def test_attributes_make_a_primitive_for_each_row():
    result = Geometry.from_attributes({"time": [0.1, 0.2], "name": ["a", "b"]})

    assert result.points.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert result.primitives == [[0], [1]]
    assert {n: a.tolist() for n, a in result.primitive_attributes.items()} == {"time": [0.1, 0.2], "name": ["a", "b"]}


def test_attributes_alone_survive_a_round_trip():
    write_geo("a.geo", Geometry.from_attributes({"time": np.array([0.1, 0.2])}))

    result = read_geo("a.geo")

    assert result.primitives == [[0], [1]]
    assert result.primitive_attributes["time"].tolist() == [0.1, 0.2]


def test_attributes_of_different_lengths_are_listed():
    with pytest.raises(UserError) as error:
        Geometry.from_attributes({"time": [1, 2], "name": ["a"]})

    assert "'time': 2" in str(error.value) and "'name': 1" in str(error.value)
    assert "one row per primitive" in str(error.value)


def test_no_attribute_at_all_is_refused():
    with pytest.raises(UserError) as error:
        Geometry.from_attributes({})

    assert str(error.value).startswith("there are no geometry attributes; at least one is needed")


@pytest.mark.parametrize("value", [1.0, np.float64(2.0), np.array(3.0)])
def test_one_number_for_all_primitives_is_refused_by_name(value):
    with pytest.raises(UserError) as error:
        Geometry.from_attributes({"time": [1, 2], "strength": value})

    assert "strength" in str(error.value)

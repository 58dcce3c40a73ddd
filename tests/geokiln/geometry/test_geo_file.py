import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.errors import UserError
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import Geometry

SQUARE = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]


def numeric(name, size, storage, *values):
    """An attribute as Houdini writes it."""
    return [
        ["scope", "public", "type", "numeric", "name", name, "options", {}],
        ["size", size, "storage", storage, "defaults", ["size", 1, "storage", "fpreal64", "values", [0]],
         "values", ["size", size, "storage", storage, *values]],
    ]  # fmt: skip


def text(name, size, strings, *indices):
    return [
        ["scope", "public", "type", "string", "name", name, "options", {}],
        ["size", size, "storage", "int32", "strings", strings, "indices", ["size", size, "storage", "int32", *indices]],
    ]


def time(*body):
    return {"primitive": [numeric("time", 1, "fpreal32", *body)]}


def run(kind, start, *lengths):
    return [["type", f"{kind}_run"], ["startvertex", start, *lengths]]


def older_run(fields, *values, kind="Poly"):
    return [["type", "run", "runtype", kind, "varyingfields", fields, "uniformfields", {}], list(values)]


def polygon(*vertices):
    return [["type", "Polygon"], ["vertex", vertices, "closed", False]]


def save(primitives=(), indices=(), points=SQUARE, counts=(), vertex=(), point=(), primitive=()):
    """Write a document as Houdini does; *counts* overrides numbers of its header."""
    numbers = {"pointcount": len(points), "vertexcount": len(indices), "primitivecount": 0, **dict(counts)}
    positions = [numeric("P", 3, "fpreal32", "tuples", points)] if points else []
    document = [
        "fileversion", "20.5.278", "hasindex", False,
        *[member for pair in numbers.items() for member in pair],
        "info", {"software": "Houdini 20.5.278", "bounds": [0, 1, 0, 1, 0, 0]},
        "topology", ["pointref", ["indices", list(indices)]],
        "attributes", [
            "vertexattributes", list(vertex),
            "pointattributes", [*positions, *point],
            "primitiveattributes", list(primitive),
            "globalattributes", [numeric("frame", 1, "fpreal32", "arrays", [[7]])],
        ],
        "primitives", list(primitives),
    ]  # fmt: skip
    Path("a.geo").write_text(json.dumps(document))


def geometry(**attributes):
    return Geometry.from_attributes(attributes)


# Files of Houdini's


def test_tuples_and_arrays_of_all_owners_are_read():
    save(
        [run("PolygonCurve", 0, "nprimitives", 2, "nvertices", [1, 1])],
        indices=[0, 1],
        counts={"primitivecount": 2},
        vertex=[numeric("uv", 3, "fpreal16", "tuples", [[0, 0, 0]] * 2)],
        point=[numeric("pscale", 1, "fpreal32", "arrays", [[1, 2, 3, 4]])],
        primitive=[
            numeric("rotation", 3, "fpreal64", "tuples", [[1, 2, 3], [4, 5, 6]]),
            numeric("uv", 2, "fpreal32", "arrays", [[1, 2], [3, 4]]),
            numeric("time", 1, "fpreal32", "tuples", [[0.5], [1.5]]),
            numeric("frame", 1, "int64", "arrays", [[10, 11]]),
        ],
    )

    result = read_geo("a.geo")

    assert result.points.tolist() == SQUARE
    assert {name: array.tolist() for name, array in result.point_attributes.items()} == {"pscale": [1, 2, 3, 4]}
    assert {name: array.tolist() for name, array in result.primitive_attributes.items()} == {
        "rotation": [[1, 2, 3], [4, 5, 6]],
        "uv": [[1, 3], [2, 4]],
        "time": [0.5, 1.5],
        "frame": [10, 11],
    }
    assert result.primitive_attributes["frame"].dtype == np.int64


@pytest.mark.parametrize(
    ("optional", "data"),
    [
        ([], [1, 10, 20, 1, 11, 21, 1, 12, 22, 2, 13, 23, 3, 13, 23]),
        (["constantpageflags", [[]]], [1, 10, 20, 1, 11, 21, 1, 12, 22, 2, 13, 23, 3, 13, 23]),
        (["packing", [1, 2]], [1, 1, 1, 10, 20, 11, 21, 12, 22, 2, 3, 13, 23, 13, 23]),
        (
            ["packing", [1, 2], "constantpageflags", [[True, False], [False, True]]],
            [1, 10, 20, 11, 21, 12, 22, 2, 3, 13, 23],
        ),
    ],
    ids=["whole tuples", "no flags", "packing", "constants"],
)
def test_pages_hold_parts_of_tuples_once_where_they_are_constant(optional, data):
    body = [*optional, "pagesize", 3, "rawpagedata", data]
    save(points=[[0, 0, 0]] * 5, point=[numeric("a", 3, "int64", *body)])

    result = read_geo("a.geo").point_attributes["a"]

    assert result.tolist() == [[1, 10, 20], [1, 11, 21], [1, 12, 22], [2, 13, 23], [3, 13, 23]]
    assert result.dtype == np.int64


@pytest.mark.parametrize(
    ("size", "indices", "expected"),
    [
        (1, ["arrays", [[1, 0, -1, 1]]], ["b", "a", "", "b"]),
        (2, ["tuples", [[0, 1], [1, 1], [0, 0], [1, -1]]], [["a", "b"], ["b", "b"], ["a", "a"], ["b", ""]]),
        (1, ["pagesize", 3, "constantpageflags", [[True, False]], "rawpagedata", [1, 0]], ["b", "b", "b", "a"]),
    ],
    ids=["arrays", "tuples", "pages"],
)
def test_strings_are_looked_up_and_no_string_is_empty(size, indices, expected):
    save(point=[text("name", size, ["a", "b"], *indices)])

    assert read_geo("a.geo").point_attributes["name"].tolist() == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([run("PolygonCurve", 0, "nprimitives", 3, "nvertices_rle", [3, 1, 2, 2])], [[3, 2, 1], [0, 1], [1, 2]]),
        ([run("Polygon", 4, "nvertices", [3]), run("PolygonCurve", 0, "nvertices", [4])], [[1, 1, 2], [3, 2, 1, 0]]),
        ([polygon(4, 3)], [[1, 0]]),
        ([older_run(["closed", "vertex"], [True, [0, 1, 2]], [False, [3, 4]])], [[3, 2, 1], [0, 1]]),
        ([[["type", "Sphere"], ["vertex", 0]], run("Polygon", 1, "nvertices", [2])], [[], [2, 1]]),
        ([older_run(["parameters", "vertex"], [{}, 0], [{}, 1], kind="PackedGeometry")], [[], []]),
        ([older_run(["parameters"], [{}], [{}], [{}], kind="Sphere")], [[], [], []]),
    ],
    ids=["equal lengths", "two runs", "single", "older", "sphere", "older packed", "no vertex"],
)
def test_primitives_of_all_kinds_are_read_and_keep_their_attributes(entries, expected):
    numbers = list(range(len(expected)))
    save(entries, [3, 2, 1, 0, 1, 1, 2], counts={"primitivecount": len(expected)}, **time("arrays", [numbers]))

    result = read_geo("a.geo")

    assert result.primitives == expected
    assert result.primitive_attributes["time"].tolist() == numbers


def test_a_geometry_without_positions_has_points_at_the_origin():
    save(points=(), counts={"pointcount": 4})

    assert read_geo("a.geo").points.tolist() == [[0, 0, 0]] * 4


# Files that cannot be read


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "does not exist"),
        (b"[\xff\xfe]", r"is not complete ASCII geometry \("),
        (b"[]", "is not Houdini geometry as Geokiln knows it"),
        (b'{"type": "x"}', "is not geometry that Houdini writes"),
    ],
    ids=["missing", "binary", "empty list", "object"],
)
def test_a_file_that_is_no_geometry_is_named_and_what_to_do(content, sentence):
    if content is not None:
        Path("a.geo").write_bytes(content)

    with pytest.raises(UserError, match=rf"^a\.geo {sentence}"):
        read_geo("a.geo")


@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_named(share):
    write_geo("a.geo", geometry(time=np.arange(5.0)))
    whole = Path("a.geo").read_text().rstrip()
    Path("a.geo").write_text(whole[: int(share * len(whole))])

    with pytest.raises(UserError, match=r"^a\.geo is (empty|not complete ASCII geometry \()"):
        read_geo("a.geo")


def pages(*data):
    return {"point": [numeric("a", 3, "fpreal32", "packing", [3], "pagesize", 1024, "rawpagedata", data)]}


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"counts": {"primitivecount": 1}}, "holds 2 primitives, its header says 1"),
        ({"counts": {"primitivecount": 3}}, "holds 2 primitives, its header says 3"),
        ({"counts": {"pointcount": 5}}, "point attribute 'P': 4 values for 5 elements"),
        (time("tuples", [[1], [2], [3]]), "primitive attribute 'time': 3 values for 2 elements"),
        (pages(1, 2, 3), "pages of 12 numbers, 3 stored"),
        (pages(*range(15)), "pages of 12 numbers, 15 stored"),
        ({"primitives": [run("Polygon", 0, "nvertices", [5])]}, "primitives of 5 vertices, 4 in the topology"),
        ({"primitives": [polygon(0, 1), polygon(2, 9)]}, "a vertex that is not there, of 4"),
        ({"indices": [0, 1, 2, 4]}, "a point that is not there, of 4"),
        ({"indices": [0, 1, 2, -1]}, "a point that is not there, of 4"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(document, sentence):
    whole = {"primitives": [polygon(0, 1), polygon(2, 3)], "indices": [0, 1, 2, 3], "counts": {"primitivecount": 2}}
    save(**{**whole, **document})

    with pytest.raises(UserError, match=rf"^a\.geo.*{re.escape(sentence)}"):
        read_geo("a.geo")


# Geometry that comes back


@given(count=st.integers(0, 9), points=st.integers(0, 5), seed=st.integers(0, 99))
def test_any_points_polylines_numbers_and_strings_come_back(count, points, seed):
    random = np.random.default_rng(seed)
    positions = random.normal(size=(points, 3))
    lines = [random.integers(0, points, random.integers(0, 6)).tolist() if points else [] for _ in range(count)]
    sizes = {"f2": (), "f4": (3,), "f8": (1,), "i4": (2,), "i8": (3, 3)}
    numbers = {dtype: (random.normal(size=(count, *size)) * 1000).astype(dtype) for dtype, size in sizes.items()}
    strings = {"z": random.choice(["", "ü", 'quoted "name"'], count), "a": random.choice(["b", "cd"], (count, 2))}
    given = {**numbers, **strings}

    write_geo("a.geo", Geometry(positions, lines, {"age": np.arange(points)}, given))
    result = read_geo("a.geo")

    assert result.points.dtype == np.float32
    assert np.array_equal(result.points, np.float32(positions))
    assert result.primitives == lines
    assert result.point_attributes["age"].tolist() == list(range(points))
    assert list(result.primitive_attributes) == list(given)
    for name, array in result.primitive_attributes.items():
        shape = {"f8": (count,), "i8": (count, 9)}.get(name, given[name].shape)
        assert array.dtype.kind == "U" or array.dtype == given[name].dtype
        assert np.array_equal(array, given[name].reshape(shape))


def test_groups_and_attributes_of_the_whole_come_back():
    groups = {("point", "tip"): [False, True, True], ("primitive", "all"): [True], ("point", "none"): [False] * 3}
    detail = {"scale": np.array([2.5]), "rig": np.array(["left"])}

    write_geo("a.geo", Geometry(np.eye(3), [[0, 1]], {}, {}, detail, groups))
    result = read_geo("a.geo")

    assert {name: array.tolist() for name, array in result.detail_attributes.items()} == {
        "scale": [2.5],
        "rig": ["left"],
    }
    assert {key: members.tolist() for key, members in result.groups.items()} == groups


@pytest.mark.parametrize(
    ("points", "dtype"),
    [
        (np.float64([[1e7, 0, 0.1], [1e7 + 0.25, 1, 0.1]]), "f8"),
        (np.float64([[1e3, 0, 0.1], [1e3 + 1, 1, 0.1]]), "f4"),
        (np.float64([[1e7 + 0.1, 0.1, 0.1]] * 2), "f4"),
        (np.zeros((0, 3)), "f4"),
    ],
    ids=["far", "near", "one place", "none"],
)
def test_positions_far_from_the_origin_keep_what_tells_them_apart(points, dtype):
    write_geo("a.geo", Geometry(points, []))

    result = read_geo("a.geo").points

    assert result.dtype == dtype
    assert np.array_equal(result, points.astype(dtype))


def test_a_written_file_is_one_that_houdini_documents():
    write_geo("a.geo", geometry(time=np.zeros(2)))

    flat = json.loads(Path("a.geo").read_text())
    document = dict(zip(flat[::2], flat[1::2], strict=True))

    position = document["attributes"][1][0][0]
    assert document["hasindex"] is False
    assert position[position.index("options") + 1] == {"type": {"type": "string", "value": "point"}}
    assert document["pointcount"] == document["vertexcount"] == document["primitivecount"] == 2
    assert document["topology"] == ["pointref", ["indices", [0, 1]]]
    body = ["startvertex", 0, "nprimitives", 2, "nvertices_rle", [1, 2]]
    assert document["primitives"] == [[["type", "PolygonCurve_run"], body]]


@pytest.mark.parametrize("suffix", [".bgeo", ".bgeo.sc"])
def test_values_that_are_not_finite_come_back_from_binary_files(suffix):
    write_geo(f"a{suffix}", geometry(turn=np.array([[0, np.nan], [np.inf, 1], [0, -np.inf]])))

    back = read_geo(f"a{suffix}").primitive_attributes["turn"]

    np.testing.assert_array_equal(back, [[0, np.nan], [np.inf, 1], [0, -np.inf]])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (geometry(turn=[[0, 0], [np.inf, 0], [0, 0]]), "'turn' is not finite (NaN, Inf) in element 1"),
        (Geometry(np.array([[0, 0, 0], [0, np.nan, 0]]), [[0]]), "'P' is not finite (NaN, Inf) in element 1"),
        (geometry(odd=np.zeros(1, np.uint32)), "'odd' has type uint32; use floats, integers or strings"),
    ],
    ids=["attribute", "position", "type"],
)
def test_values_that_the_format_lacks_are_named(given, sentence):
    with pytest.raises(UserError, match=re.escape(f"geometry attribute {sentence}")):
        write_geo("a.geo", given)

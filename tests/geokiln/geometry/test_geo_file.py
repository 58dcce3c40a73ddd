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


def runs(kind, *body):
    return [["type", f"{kind}_run"], ["startvertex", 0, *body]]


def save(primitives=(), indices=(), points=SQUARE, counts=(), vertex=(), point=(), primitive=(), path="a.geo"):
    """Write a document as Houdini does; *counts* overrides numbers of its header."""
    numbers = {"pointcount": len(points), "vertexcount": len(indices), "primitivecount": 0, **dict(counts)}
    positions = [numeric("P", 3, "fpreal32", "tuples", points)] if points is not None else []
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
    Path(path).write_text(json.dumps(document))


def geometry(count=3, **attributes):
    return Geometry(np.zeros((count, 3), np.float32), [[number] for number in range(count)], {}, attributes)


# Files of Houdini's


def test_tuples_and_arrays_are_read():
    save(
        [runs("PolygonCurve", "nprimitives", 2, "nvertices", [1, 1])],
        indices=[0, 1],
        counts={"primitivecount": 2},
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
    assert result.point_attributes["pscale"].tolist() == [1, 2, 3, 4]
    assert result.primitive_attributes["rotation"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert result.primitive_attributes["uv"].tolist() == [[1, 3], [2, 4]]
    assert result.primitive_attributes["time"].tolist() == [0.5, 1.5]
    assert result.primitive_attributes["frame"].dtype == np.int64


def test_pages_are_read_with_packing_and_constant_pages():
    points = [[0, 0, 0]] * 5
    body = [
        *("packing", [1, 2], "pagesize", 2),
        *("constantpageflags", [[True, False, True], [False, True, False]]),
        *("rawpagedata", [10, 20, 30, 21, 31, 12, 13, 22, 32, 14, 24, 34]),
    ]

    save(points=points, point=[numeric("a", 3, "int32", *body)])
    result = read_geo("a.geo").point_attributes["a"]

    assert result.tolist() == [[10, 20, 30], [10, 21, 31], [12, 22, 32], [13, 22, 32], [14, 24, 34]]
    assert result.dtype == np.int32


@pytest.mark.parametrize("optional", [[], ["packing", [3]], ["constantpageflags", [[]]]], ids=str)
def test_pages_without_packing_or_flags_hold_whole_tuples(optional):
    body = [*optional, "pagesize", 2, "rawpagedata", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]]

    save(point=[numeric("a", 3, "fpreal32", *body)])

    assert read_geo("a.geo").point_attributes["a"].tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]]


def paged(array, packing, page_size, constant):
    """Encode *array* (n, size) in pages, as the format's description has it."""
    starts = range(0, len(array), page_size)
    flags, data = [[bool(constant[part, page]) for page in range(len(starts))] for part in range(len(packing))], []
    for page, start in enumerate(starts):
        for part, width in enumerate(packing):
            first = sum(packing[:part])
            block = array[start : start + page_size, first : first + width]
            data += (block[:1] if flags[part][page] else block).ravel().tolist()
    return ["packing", packing, "pagesize", page_size, "constantpageflags", flags, "rawpagedata", data]


@given(
    count=st.integers(1, 20),
    page_size=st.integers(1, 8),
    packing=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    storage=st.sampled_from(sorted(STORAGES)),
    seed=st.integers(0, 999),
)
def test_any_pages_are_read(count, page_size, packing, storage, seed):
    random = np.random.default_rng(seed)
    array = random.integers(-99, 99, (count, sum(packing))).astype(STORAGES[storage])
    constant = random.random((len(packing), -(-count // page_size))) < 0.4
    for part, width in enumerate(packing):
        first = sum(packing[:part])
        for page, start in enumerate(range(0, count, page_size)):
            if constant[part, page]:
                array[start : start + page_size, first : first + width] = array[start, first : first + width]

    attribute = numeric("a", sum(packing), storage, *paged(array, packing, page_size, constant))
    save(points=[[0, 0, 0]] * count, point=[attribute])
    result = read_geo("a.geo").point_attributes["a"]

    assert np.array_equal(result, array[:, 0] if sum(packing) == 1 else array)
    assert result.dtype == array.dtype


@pytest.mark.parametrize("data", [[1, 2, 3], [1, 2, 3, 4, 5, 6], list(range(11)), []])
def test_pages_that_hold_too_little_are_refused(data):
    save(point=[numeric("a", 3, "fpreal32", "packing", [3], "pagesize", 1024, "rawpagedata", data)])

    with pytest.raises(UserError) as error:
        read_geo("a.geo")

    assert str(error.value).startswith("a.geo")


def test_pages_that_hold_too_much_are_refused():
    save(point=[numeric("a", 3, "fpreal32", "packing", [3], "pagesize", 1024, "rawpagedata", list(range(15)))])

    with pytest.raises(UserError) as error:
        read_geo("a.geo")

    assert str(error.value).startswith("a.geo")


def test_strings_are_looked_up_and_no_string_is_empty():
    save(point=[text("name", 1, ["left", "right"], "arrays", [[1, 0, -1, 1]])])

    result = read_geo("a.geo").point_attributes["name"]

    assert result.tolist() == ["right", "left", "", "right"]


def test_strings_in_pages_are_read():
    body = ["packing", [1], "pagesize", 3, "constantpageflags", [[True, False]], "rawpagedata", [1, 0]]

    save(point=[text("name", 1, ["left", "right"], *body)])

    assert read_geo("a.geo").point_attributes["name"].tolist() == ["right", "right", "right", "left"]


def test_string_tuples_are_read():
    save(point=[text("name", 2, ["a", "b"], "tuples", [[0, 1], [1, 1], [0, 0], [1, -1]])])

    assert read_geo("a.geo").point_attributes["name"].tolist() == [["a", "b"], ["b", "b"], ["a", "a"], ["b", ""]]


@pytest.mark.parametrize(
    "lengths",
    [["nvertices_rle", [3, 1, 4, 1]], ["nvertices", [3, 4]], ["nvertices_rle", [3, 1, 4, 1], "nprimitives", 2]],
    ids=str,
)
@pytest.mark.parametrize("kind", ["Polygon", "PolygonCurve"])
def test_runs_of_polygons_are_read(kind, lengths):
    save([runs(kind, *lengths)], indices=[0, 1, 2, 3, 2, 1, 0], counts={"primitivecount": 2})

    assert read_geo("a.geo").primitives == [[0, 1, 2], [3, 2, 1, 0]]


def test_a_long_run_of_equal_polygons_is_read():
    save([runs("Polygon", "nvertices_rle", [2, 3])], indices=[0, 1, 1, 2, 2, 3], counts={"primitivecount": 3})

    assert read_geo("a.geo").primitives == [[0, 1], [1, 2], [2, 3]]


def test_runs_follow_each_other_by_their_start_vertices():
    first = [["type", "Polygon_run"], ["startvertex", 0, "nprimitives", 1, "nvertices", [3]]]
    second = [["type", "PolygonCurve_run"], ["startvertex", 3, "nprimitives", 2, "nvertices_rle", [2, 2]]]

    save([first, second], indices=[3, 2, 1, 0, 1, 1, 2], counts={"primitivecount": 3})

    assert read_geo("a.geo").primitives == [[3, 2, 1], [0, 1], [1, 2]]


def test_single_polygons_name_their_vertices():
    closed = [["type", "Polygon"], ["vertex", [0, 1, 2], "closed", True]]
    opened = [["type", "Polygon"], ["vertex", [4, 3], "closed", False]]

    save([closed, opened], indices=[3, 2, 1, 0, 1], counts={"primitivecount": 2})

    assert read_geo("a.geo").primitives == [[3, 2, 1], [1, 0]]


def test_runs_of_older_files_are_read():
    head = ["type", "run", "runtype", "Poly", "varyingfields", ["vertex"], "uniformfields", {"closed": True}]

    save([[head, [[[0, 1, 2]], [[3, 4]]]]], indices=[3, 2, 1, 0, 1], counts={"primitivecount": 2})

    assert read_geo("a.geo").primitives == [[3, 2, 1], [0, 1]]


def test_the_fields_of_a_run_of_older_files_may_stand_in_any_order():
    head = ["type", "run", "runtype", "Poly", "varyingfields", ["closed", "vertex"], "uniformfields", {}]

    save([[head, [[True, [0, 1, 2]], [False, [3, 4]]]]], indices=[3, 2, 1, 0, 1], counts={"primitivecount": 2})

    assert read_geo("a.geo").primitives == [[3, 2, 1], [0, 1]]


@pytest.mark.parametrize(
    ("entries", "count"),
    [
        ([[["type", "Sphere"], ["vertex", 0, "transform", [1, 0, 0, 0, 1, 0, 0, 0, 1]]]], 1),
        ([[["type", "PackedGeometry"], ["parameters", {}, "pivot", [0, 0, 0], "vertex", 0]]], 1),
        ([[["type", "Volume"], ["vertex", 0, "res", [2, 2, 2]]], [["type", "Volume"], ["vertex", 1, "res", [1]]]], 2),
        (
            [
                [
                    ["type", "run", "runtype", "Sphere", "varyingfields", ["vertex", "transform"], "uniformfields", {}],
                    [[0, [1, 0, 0, 0, 1, 0, 0, 0, 1]], [1, [1, 0, 0, 0, 1, 0, 0, 0, 1]]],
                ]
            ],
            2,
        ),
        (
            [
                [
                    [
                        *("type", "run", "runtype", "PackedGeometry"),
                        *("varyingfields", ["parameters", "vertex"], "uniformfields", {"pivot": [0, 0, 0]}),
                    ],
                    [[{}, 0], [{}, 1], [{}, 2]],
                ]
            ],
            3,
        ),
    ],
    ids=["sphere", "packed", "volumes", "run of spheres", "run of packed"],
)
def test_other_primitives_keep_their_number_and_attributes(entries, count):
    time = numeric("time", 1, "fpreal32", "arrays", [list(range(count))])

    save(entries, indices=[0, 1, 2], counts={"primitivecount": count}, primitive=[time])
    result = read_geo("a.geo")

    assert result.primitives == [[]] * count
    assert result.primitive_attributes["time"].tolist() == list(range(count))


def test_vertex_and_detail_attributes_are_no_obstacle():
    uv = numeric("uv", 3, "fpreal16", "tuples", [[0, 0, 0]] * 3)

    save([runs("Polygon", "nvertices", [3])], indices=[0, 1, 2], counts={"primitivecount": 1}, vertex=[uv])
    result = read_geo("a.geo")

    assert result.primitives == [[0, 1, 2]]
    assert result.point_attributes == result.primitive_attributes == {}


@pytest.mark.parametrize(
    "odd",
    [
        [
            ["scope", "public", "type", "arraydata", "name", "odd", "options", {}],
            ["size", 1, "storage", "fpreal32", "values", ["size", 1, "storage", "fpreal32"]],
        ],
        [
            ["scope", "public", "type", "dict", "name", "odd", "options", {}],
            ["size", 1, "storage", "int32", "dicts", [{}], "indices", ["size", 1, "storage", "int32", "arrays", [[0]]]],
        ],
    ],
    ids=["arrays", "dicts"],
)
def test_an_attribute_of_a_type_that_geokiln_lacks_is_named(odd):
    save(point=[odd])

    with pytest.raises(UserError) as error:
        read_geo("a.geo")

    assert str(error.value).startswith("a.geo")
    assert "'odd'" in str(error.value)


def test_a_geometry_without_positions_has_points_at_the_origin():
    save([], points=SQUARE)
    document = json.loads(Path("a.geo").read_text())
    document[document.index("attributes") + 1][3] = []
    Path("a.geo").write_text(json.dumps(document))

    assert read_geo("a.geo").points.tolist() == [[0, 0, 0]] * 4


# Files that cannot be read


def test_a_missing_file_is_named():
    with pytest.raises(UserError) as error:
        read_geo("poses.geo")

    assert str(error.value) == "poses.geo does not exist"


def test_a_binary_file_is_named_and_what_to_save_instead():
    Path("a.bgeo").write_bytes(b"\x7fNSJb\xa7\x00\xff\xfe[+")

    with pytest.raises(UserError) as error:
        read_geo("a.bgeo")

    assert str(error.value) == "a.bgeo is binary; save it as ASCII geometry (.geo) from Houdini"


@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_named(share):
    write_geo("a.geo", geometry(5, time=np.arange(5.0)))
    whole = Path("a.geo").read_text().rstrip()
    Path("a.geo").write_text(whole[: int(share * len(whole))])

    with pytest.raises(UserError) as error:
        read_geo("a.geo")

    assert str(error.value).startswith("a.geo is not complete ASCII geometry (")


@pytest.mark.parametrize(
    "document",
    [[], ["a", 1], ["pointcount", 1, "attributes", [], "topology", [], "primitives", []], {"type": "x"}],
    ids=str,
)
def test_json_that_is_no_geometry_is_named(document):
    Path("a.geo").write_text(json.dumps(document))

    with pytest.raises(UserError) as error:
        read_geo("a.geo")

    assert str(error.value).startswith("a.geo is not Houdini geometry as Geokiln knows it")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_header_with_another_number_of_primitives_is_refused(count):
    primitives = [runs("Polygon", "nvertices", [2, 2])]

    save(primitives, indices=[0, 1, 2, 3], counts={"primitivecount": count})
    with pytest.raises(UserError) as error:
        read_geo("a.geo")

    assert str(error.value) == f"a.geo: holds 2 primitives, its header says {count}"


@pytest.mark.parametrize("owner", ["point", "primitive"])
@pytest.mark.parametrize(
    "values", [["arrays", [[1, 2, 3]]], ["tuples", [[1], [2], [3], [4], [5]]]], ids=["less", "more"]
)
def test_an_attribute_of_another_length_than_its_owners_is_named(owner, values):
    primitives = [runs("Polygon", "nvertices", [1, 1, 1, 1])]
    attribute = numeric("time", 1, "fpreal32", *values)

    save(primitives, indices=[0, 1, 2, 3], counts={"primitivecount": 4}, **{owner: [attribute]})
    with pytest.raises(UserError) as error:
        read_geo("a.geo")

    length = 3 if values[0] == "arrays" else 5
    assert str(error.value) == f"a.geo: {owner} attribute 'time' has {length} values for 4 {owner}s"


def test_fewer_positions_than_points_are_refused():
    save(counts={"pointcount": 5})

    with pytest.raises(UserError) as error:
        read_geo("a.geo")

    assert str(error.value) == "a.geo: point attribute 'P' has 4 values for 5 points"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_primitives_number_in_a_file_that_is_not_finite_is_named(value):
    primitives = [runs("Polygon", "nvertices", [1, 1, 1, 1])]
    attribute = numeric("time", 1, "fpreal32", "arrays", [[0, 1, value, 3]])

    save(primitives, indices=[0, 1, 2, 3], counts={"primitivecount": 4}, primitive=[attribute])
    with pytest.raises(UserError) as error:
        read_geo("a.geo")

    assert str(error.value).startswith("a.geo")
    assert "'time'" in str(error.value) and "element 2" in str(error.value)


def test_a_run_that_needs_more_vertices_than_there_are_is_refused():
    save([runs("Polygon", "nvertices", [5])], indices=[0, 1, 2], counts={"primitivecount": 1})

    with pytest.raises(UserError) as error:
        read_geo("a.geo")

    assert str(error.value).startswith("a.geo")


def test_a_single_polygon_of_a_vertex_that_is_not_there_is_refused():
    save([[["type", "Polygon"], ["vertex", [0, 9]]]], indices=[0, 1], counts={"primitivecount": 1})

    with pytest.raises(UserError) as error:
        read_geo("a.geo")

    assert str(error.value).startswith("a.geo")


def test_a_vertex_of_a_point_that_is_not_there_is_refused():
    save([runs("Polygon", "nvertices", [3])], indices=[0, 1, 7], counts={"primitivecount": 1})

    with pytest.raises(UserError) as error:
        read_geo("a.geo")

    assert str(error.value).startswith("a.geo")

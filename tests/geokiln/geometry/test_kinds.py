"""What Houdini's files hold beside polylines and plain numbers, and that it comes back when it is written."""

import json
from pathlib import Path

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.packed import packed_geometry
from geokiln.geometry.volumes import voxels_of
from geokiln.work_items.importing import read_elements

SQUARE = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]


def numeric(name, size, storage, *values):
    body = ["size", size, "storage", storage, "values", ["size", size, "storage", storage, *values]]
    return [["scope", "public", "type", "numeric", "name", name, "options", {}], body]


def document(primitives=(), indices=(), points=SQUARE, vertex=(), point=(), primitive=(), detail=(), more=()):
    size = len(points[0])
    return [
        "fileversion", "16.5.0",
        "pointcount", len(points), "vertexcount", len(indices),
        "primitivecount", len(primitives),
        "topology", ["pointref", ["indices", list(indices)]],
        "attributes", [
            "vertexattributes", list(vertex),
            "pointattributes", [numeric("P", size, "fpreal32", "tuples", points), *point],
            "primitiveattributes", list(primitive),
            "globalattributes", list(detail),
        ],
        "primitives", list(primitives),
        *more,
    ]  # fmt: skip


def read(**parts):
    Path("a.geo").write_text(json.dumps(document(**parts)))
    return read_geo("a.geo")


@pytest.fixture(params=["b.geo", "b.bgeo", "b.bgeo.sc", "b.bgeo.gz"])
def again(request):
    """Write a geometry, in each of the formats, and read it again."""

    def again(geometry):
        write_geo(request.param, geometry)
        return read_geo(request.param)

    return again


def poly(*vertices, closed=True):
    return [["type", "Poly"], ["vertex", vertices, "closed", closed]]


def test_positions_of_houdini_14_lose_their_weight(again):
    result = read(points=[[1, 2, 3, 1], [4, 5, 6, 1]])

    assert result.points.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert again(result).points.tolist() == result.points.tolist()
    assert result.point_attributes == {}


def test_a_weight_that_says_something_is_an_attribute():
    assert read(points=[[1, 2, 3, 1], [4, 5, 6, 0.5]]).point_attributes["Pw"].tolist() == [1, 0.5]


def test_what_houdini_notes_of_an_attribute_comes_back(again):
    normal = numeric("N", 3, "fpreal32", "tuples", SQUARE)
    normal[0][-1] = {"type": {"type": "string", "value": "normal"}}

    back = again(again(read(point=[normal])))

    assert back.options["point", "N"] == normal[0][-1]
    assert back.point_attributes["N"].tolist() == SQUARE


def test_a_polygon_soup_is_one_primitive_and_its_polygons_are_known(again):
    soup = [
        ["type", "PolySoup"],
        ["vertex", [0, 1, 2, 3], "polyinfo", [[4, 3], [1, 2], [0, 1, 2, 3, 0, 1, 2, 2, 3, 0]]],
    ]
    result = read(primitives=[poly(4, 5, 6), soup], indices=[3, 2, 1, 0, 0, 1, 2])

    corners, starts, owners = result.primitives.polygons()

    assert list(result.primitives) == [[0, 1, 2], []]
    assert corners.tolist() == [0, 1, 2, 3, 2, 1, 0, 3, 2, 1, 1, 0, 3]
    assert (starts.tolist(), owners.tolist()) == ([0, 3, 7, 10, 13], [0, 1, 1, 1])
    assert again(result).primitives.polygons()[0].tolist() == corners.tolist()
    alone = result.part([1])
    assert alone.points[alone.primitives.polygons()[0]].tolist() == result.points[corners[3:]].tolist()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ([["type", "NURBCurve"], ["vertex", [0, 1, 2], "closed", False, "basis", ["type", "NURBS"]]], [0, 1, 2]),
        ([["type", "Part"], ["vertex", [0, 1, 2], "renderproperties", {"size": 0.05}]], []),
        ([["type", "Mesh"], ["vertex", [[0, 1], [2, 3]], "surface", "quads", "uwrap", False, "vwrap", True]], []),
        ([["type", "Tetrahedron_run"], ["startvertex", 0, "nprimitives", 1]], [0, 1, 2, 3]),
        ([["type", "Sphere"], ["vertex", 2, "transform", [1, 0, 0, 0, 2, 0, 0, 0, 3]]], []),
        ([["type", "p_r"], ["s_v", 1, "n_p", 1, "r_v", [3, 1]]], [1, 2, 3]),
    ],
    ids=["nurbs curve", "particles", "mesh", "tetrahedron", "sphere", "abbreviated"],
)
def test_primitives_of_a_kind_have_their_points_and_come_back_with_all_their_fields(entry, expected, again):
    result = read(primitives=[entry, poly(0, 1, closed=False)], indices=[0, 1, 2, 3])

    back = again(result)

    assert list(result.primitives) == [expected, [0, 1]] == list(back.primitives)
    kinds = [[geometry.primitives.kind(number) for number in range(2)] for geometry in (result, back)]
    assert kinds[0] == kinds[1]
    assert back.primitives.points_of(0).tolist() == result.primitives.points_of(0).tolist()
    assert back.primitives.fields == result.primitives.fields


def test_primitives_are_merged_and_sliced_as_lists_are():
    primitives = read(primitives=[poly(0, 1, 2), poly(2, 3)], indices=[0, 1, 2, 3]).primitives

    assert primitives + [[7]] == [[0, 1, 2], [2, 3], [7]]
    assert [[7]] + primitives == [[7], [0, 1, 2], [2, 3]]
    assert (primitives[-1], primitives[:1], len(primitives)) == ([2, 3], [[0, 1, 2]], 2)


def test_a_part_has_its_points_vertices_attributes_and_groups_alone():
    group = [["name", "some"], ["selection", ["unordered", ["i8", [1, 0, 0, 1]]]]]
    result = read(
        primitives=[poly(0, 1, 2), poly(3, 1), poly(2, 3)],
        indices=[0, 3, 2, 1],
        vertex=[numeric("uv", 1, "fpreal32", "arrays", [[0.0, 1.0, 2.0, 3.0]])],
        primitive=[numeric("id", 1, "int32", "arrays", [[10, 11, 12]])],
        more=["pointgroups", [group]],
    )

    part = result.part([2, 1])

    assert list(part.primitives) == [[1, 0], [0, 2]]
    assert part.points.tolist() == [SQUARE[1], SQUARE[2], SQUARE[3]]
    assert part.primitive_attributes["id"].tolist() == [12, 11]
    assert part.vertex_attributes["uv"].tolist() == [1, 2, 3]
    assert part.groups["point", "some"].tolist() == [False, False, True]


def test_closed_polygons_groups_and_attributes_of_all_owners_come_back(again):
    group = [["name", "some"], ["selection", ["unordered", ["i8", [1, 0, 0, 1]]]]]
    ordered = [["name", "last"], ["selection", ["ordered", [1]]]]
    result = read(
        primitives=[poly(0, 1, 2), poly(2, 3, closed=False), poly(3, 1, 0)],
        indices=[0, 1, 2, 3],
        vertex=[numeric("uv", 2, "fpreal16", "tuples", [[0, 0], [0, 1], [1, 1], [1, 0]])],
        point=[numeric("kind", 1, "int8", "arrays", [[1, 2, 3, -4]])],
        detail=[numeric("frame", 1, "fpreal64", "arrays", [[7]])],
        more=[
            *["pointgroups", [group], "vertexgroups", [group], "primitivegroups", [ordered]],
            *["edgegroups", [[["name", "rim"], ["points", [0, 1, 1, 2]]]]],
        ],
    )

    back = again(result)

    assert result.primitives.closed().tolist() == back.primitives.closed().tolist() == [True, False, True]
    assert list(back.primitives) == [[0, 1, 2], [2, 3], [3, 1, 0]]
    assert back.vertex_attributes["uv"].tolist() == [[0, 0], [0, 1], [1, 1], [1, 0]]
    assert [back.point_attributes["kind"].dtype, back.vertex_attributes["uv"].dtype] == [np.int8, np.float16]
    assert back.detail_attributes["frame"].tolist() == [7]
    groups = {key: members.tolist() for key, members in back.groups.items()}
    assert groups == {
        ("point", "some"): [True, False, False, True],
        ("vertex", "some"): [True, False, False, True],
        ("primitive", "last"): [False, True, False],
        ("edge", "rim"): [[0, 1], [1, 2]],
    }


@pytest.mark.parametrize(
    "entry",
    [
        [["type", "dict", "name", "odd"], ["size", 1, "storage", "int32", "dicts", [{}], "indices", []]],
        [["type", "arraydata", "name", "odd"], ["size", 1, "storage", "int32", "values", [[1], [], [2, 3], []]]],
        numeric("odd", 1, "float8", "arrays", [[1, 2, 3, 4]]),
    ],
    ids=["dict", "arrays", "storage"],
)
def test_an_attribute_without_an_array_costs_no_file_is_named_and_comes_back(entry, capsys, again):
    result = read(point=[entry])

    back = again(result)

    assert read_elements("a.geo", "point")[1].keys() == {"P"}
    assert "a.geo: point attribute 'odd': neither plain numbers nor texts" in capsys.readouterr().out
    assert result.point_attributes == {} and back.kept == result.kept == {("point", "odd"): entry}


def test_texts_of_size_0_are_read():
    body = ["size", 0, "storage", "int32", "strings", [], "indices", ["size", 0, "storage", "int32", "arrays", []]]
    result = read(detail=[[["type", "string", "name", "varmap"], body]])

    assert result.detail_attributes["varmap"].shape == (1, 0)


def volume(**fields):
    return [["type", "Volume"], ["vertex", 0, *[part for pair in fields.items() for part in pair]]]


def test_a_volume_is_an_array_of_its_voxels_whatever_its_tiles(again):
    voxels = np.arange(2 * 3 * 18.0).reshape(2, 3, 18)
    tiles = [
        ["compression", 0, "data", voxels[:, :, :16].ravel().tolist()],
        ["compression", 1, "data", 5.0],
    ]
    tiled = ["tiledarray", ["version", 1, "compressiontypes", ["raw", "constant"], "tiles", tiles]]
    result = read(
        primitives=[
            volume(res=[18, 3, 2], sharedvoxels="voxels:1"),
            volume(res=[2, 1, 1], voxels=["constantarray", 3]),
        ],
        indices=[0],
        more=["sharedprimitivedata", ["Volume", ["geo:voxels", "voxels:1", tiled]]],
    )

    for geometry in (result, again(result)):
        assert np.array_equal(voxels_of(geometry, 0)[:, :, :16], voxels[:, :, :16])
        assert voxels_of(geometry, 0)[:, :, 16:].tolist() == [[[5, 5]] * 3] * 2
        assert voxels_of(geometry, 1).tolist() == [[[3, 3]]]


def test_packed_geometry_lies_where_its_transform_puts_it_and_a_fragment_is_its_piece(again):
    name = [["type", "string", "name", "name"], ["size", 1, "storage", "int32", "strings", ["a", "b"],
            "indices", ["size", 1, "storage", "int32", "arrays", [[1, 0]]]]]  # fmt: skip
    inner = document(primitives=[poly(0, 1, 2), poly(3, 0)], indices=[0, 1, 2, 3], primitive=[name])
    place = ["pivot", [1, 0, 0], "transform", [0, 2, 0, -1, 0, 0, 0, 0, 1], "vertex", 0]
    packed = [["type", "PackedGeometry"], ["parameters", {"embedded": "embed:1"}, *place]]
    piece = {"embedded": "embed:1", "attribute": "name", "name": "a"}
    fragment = [["type", "PackedFragment"], ["parameters", piece, "vertex", 0]]
    disk = [["type", "PackedDisk"], ["parameters", {"filename": "sphere.bgeo"}, "vertex", 0]]
    result = read(
        primitives=[packed, fragment, disk],
        indices=[0],
        points=[[10, 20, 30]],
        more=["sharedprimitivedata", ["PackedGeometry", ["gu:embeddedgeo", "embed:1", inner]]],
    )

    for geometry in (result, again(result)):
        whole, part = packed_geometry(geometry, 0), packed_geometry(geometry, 1)
        assert whole.points.tolist() == [[10, 18, 30], [10, 20, 30], [9, 20, 30], [9, 18, 30]]
        assert (part.points.tolist(), list(part.primitives)) == ([[10, 20, 30], [10, 21, 30]], [[1, 0]])
        with pytest.raises(ValueError, match="primitive 2, a PackedDisk, holds no geometry: sphere.bgeo"):
            packed_geometry(geometry, 2)


def run(start, count, *lengths):
    return [["type", "Polygon_run"], ["startvertex", start, "nprimitives", count, *lengths]]


HOSTILE = {
    "a run of a trillion": run(0, 10**12, "nvertices_rle", [1, 10**12]),
    "polygons of nothing": run(0, 10**12, "nvertices_rle", [0, 10**12]),
    "a run from nowhere": run(-9, 1, "nvertices", [3]),
    "another vertex": poly(0, 99),
    "no number": poly(0, 0.5),
    "no head": [[], []],
    "no list": 7,
}


@pytest.mark.parametrize("entry", HOSTILE.values(), ids=HOSTILE)
def test_hostile_primitives_are_refused_in_a_sentence(entry):
    with pytest.raises(UserError, match=r"^a\.geo is not Houdini geometry as Geokiln knows it \("):
        read(primitives=[entry], indices=[0, 1, 2, 3])


def test_counts_that_no_data_stands_behind_are_refused_or_take_no_memory():
    pages = 100_000
    flags = ["pagesize", 1024, "constantpageflags", [[True] * pages], "rawpagedata", list(range(pages))]
    many = document(point=[numeric("a", 1, "fpreal64", *flags)])
    many[3] = 1024 * pages
    many[11][3].pop(0)
    Path("many.geo").write_text(json.dumps(many))
    many[11][3].pop()
    Path("bare.geo").write_text(json.dumps(many))

    with pytest.raises(UserError, match="point attribute 'a': 102400000 elements of which 100000 numbers are stored"):
        read_geo("many.geo")
    assert read_geo("bare.geo").points.strides == (0, 4)

"""Which elements a geometry has, and the part of it that is each one's own."""

import re
from pathlib import Path

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.geometry.contents import contents_digest
from geokiln.geometry.elements import Elements
from geokiln.geometry.extents import bounds_of, points_of
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import Geometry
from geokiln.geometry.packing import packed
from geokiln.geometry.primitives import Primitives

# Two triangles side by side, a third apart, and a loose point; x counts the points.
POINTS = np.array([[x, x * x, 0] for x in range(8)], np.float32)
TRIANGLES = [[0, 1, 2], [1, 2, 3], [4, 5, 6]]


@pytest.fixture
def geometry():
    return Geometry(
        POINTS.copy(),
        Primitives.of(TRIANGLES, closed=True),
        {"side": np.array(["l", "l", "l", "l", "r", "r", "r", "r"]), "weight": np.arange(8.0)},
        {"class": np.array([7, 7, 2]), "area": np.array([1.0, 1.0, 4.0]), "name": np.array(["a", "b", "c"])},
        {"scale": np.array([2.0])},
        {
            ("primitive", "low"): np.array([True, False, False]),
            ("primitive", "all"): np.array([True, True, True]),
            ("primitive", "none"): np.zeros(3, bool),
            ("point", "left"): POINTS[:, 0] < 4,
        },
        {"uv": np.arange(9.0)},
    )


def parts(elements):
    """Of each element: its identity, the x of its points, and its primitives."""
    return {
        str(elements.ids[place]): (part.points[:, 0].tolist(), list(part.primitives))
        for place, part in ((place, elements.part(place)) for place in range(len(elements)))
    }


BOTH = ([0, 1, 2, 3], [[0, 1, 2], [1, 2, 3]])


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({"element": "piece"}, {"7": BOTH, "2": ([4, 5, 6], [[0, 1, 2]])}),
        ({"element": "piece", "piece": "side"}, {"l": BOTH, "r": ([4, 5, 6, 7], [[0, 1, 2]])}),  # with the loose point
        ({"element": "group"}, {"low": ([0, 1, 2], [[0, 1, 2]]), "all": (list(range(7)), TRIANGLES)}),
        ({"element": "group", "group": "* ^all"}, {"low": ([0, 1, 2], [[0, 1, 2]])}),
        ({"group": "low"}, {"0": ([0, 1, 2], [[0, 1, 2]])}),
        ({"element": "detail"}, {"0": (list(range(8)), TRIANGLES)}),
    ],
    ids=str,
)
def test_an_element_has_its_own_part_of_the_geometry(choice, found, geometry):
    assert parts(Elements(geometry, **choice)) == found


def test_groups_of_points_are_elements_where_there_is_none_of_primitives(geometry):
    geometry.groups = {key: members for key, members in geometry.groups.items() if key[0] == "point"}

    assert parts(Elements(geometry, "group")) == {"left": BOTH}


def test_a_piece_has_the_attributes_that_are_the_same_all_over_it(geometry):
    elements = Elements(geometry, "piece")

    assert {name: array.tolist() for name, array in elements.attributes.items()} == {
        "class": [7, 2], "area": [1, 4], "primitivecount": [2, 1], "pointcount": [4, 3],
    }  # fmt: skip
    assert elements.varying == ["name"]


def test_a_vertex_has_the_position_of_its_point(geometry):
    elements = Elements(geometry, "vertex")

    assert elements.attributes["P"][:, 0].tolist() == [0, 1, 2, 1, 2, 3, 4, 5, 6]
    assert elements.attributes["uv"].tolist() == list(range(9))


@pytest.mark.parametrize(
    ("choice", "low", "high"),
    [
        ({}, [[0, 0], [1, 1], [4, 16]], [[2, 4], [3, 9], [6, 36]]),
        ({"element": "piece"}, [[0, 0], [4, 16]], [[3, 9], [6, 36]]),
        ({"element": "detail"}, [[0, 0]], [[7, 49]]),
    ],
    ids=str,
)
def test_bounds_are_those_of_an_elements_points(choice, low, high, geometry):
    bounds = bounds_of(Elements(geometry, **choice))

    assert (bounds["minbounds"][:, :2].tolist(), bounds["maxbounds"][:, :2].tolist()) == (low, high)


def test_points_are_those_of_each_primitive(geometry):
    points = points_of(Elements(geometry))["points"]

    assert points.shape == (3, 3, 3)
    assert points[:, :, 0].tolist() == TRIANGLES


SPHERE = Primitives(np.zeros(1, int), np.zeros(1, int), np.array([0, 1]), ["Sphere"], np.zeros(1, int))


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda g: Elements(g, group="tip"), "there is no primitive group 'tip'; there are: low, all, none"),
        (lambda g: Elements(g, "group", "tip*"), "'tip*' chooses no group; there are: low, all, none"),
        (
            lambda g: Elements(g, "piece", piece="part"),
            "no attribute 'part'; there are: class, area, name, side",
        ),
        (lambda g: Elements(g, "piece", piece="area"), "'area' must hold one integer or text for each primitive"),
        (lambda g: Elements(g, "detail", "low"), "work_items.group does not go with element: detail"),
        (lambda g: points_of(Elements(g, "piece")), "points: piece 7 has 4 points, piece 2 has 3; include geometry"),
        (lambda g: bounds_of(Elements(Geometry(POINTS[:1], SPHERE))), "primitive 0 holds a Sphere, which is more than"),
        (lambda g: bounds_of(Elements(Geometry(POINTS[:0], []), "detail")), "bounds: detail 0 has no points"),
    ],
)
def test_what_a_geometry_does_not_have_is_told(ask, sentence, geometry):
    with pytest.raises(UserError, match=re.escape(sentence)):
        ask(geometry)


@pytest.mark.parametrize("suffix", [".geo", ".bgeo", ".bgeo.sc"])
def test_a_part_is_known_by_its_contents_in_every_format(suffix, geometry):
    write_geo(f"a{suffix}", geometry)
    read = Elements(read_geo(f"a{suffix}"), "piece")
    digest = contents_digest(read.part(0))

    assert digest == contents_digest(Elements(geometry, "piece").part(0))
    geometry.points[5] += 1
    geometry.point_attributes["weight"][6] += 1
    geometry.primitive_attributes["area"][2] += 1
    assert digest == contents_digest(Elements(geometry, "piece").part(0))  # all three are another piece's


@pytest.mark.parametrize(
    "change",
    [
        lambda g: g.points.__setitem__((3, 0), 9),
        lambda g: g.point_attributes["weight"].__setitem__(0, 9),
        lambda g: g.primitive_attributes["name"].__setitem__(0, "z"),
        lambda g: g.vertex_attributes["uv"].__setitem__(0, 9),
        lambda g: g.detail_attributes["scale"].__setitem__(0, 9),
        lambda g: g.groups["primitive", "low"].__setitem__(1, True),
        lambda g: g.primitives.vertex_points.__setitem__(0, 3),
        lambda g: setattr(g, "primitives", Primitives.of(TRIANGLES)),  # open
    ],
)
def test_whatever_changes_of_a_part_changes_its_digest(change, geometry):
    before = contents_digest(Elements(geometry, "piece").part(0))

    change(geometry)

    assert contents_digest(Elements(geometry, "piece").part(0)) != before


def test_what_primitives_share_counts_for_those_alone_that_refer_to_it():
    def packs(names, *x):
        frames = [Geometry(np.full((1, 3), value, np.float32), [[0]]) for value in x]
        geometry = packed(frames, {"class": np.arange(len(x))})
        write_geo("packs.geo", geometry)
        text = Path("packs.geo").read_text()
        for number, name in enumerate(names, 1):
            text = text.replace(f'"embed:0x{number}"', f'"embed:{name}"')
        Path("packs.geo").write_text(text)
        elements = Elements(read_geo("packs.geo"), "piece")
        return [contents_digest(elements.part(place)) for place in range(2)]

    first, second = packs("ab", 1, 2)

    assert packs("ab", 1, 3)[0] == first and packs("ab", 1, 3)[1] != second
    assert packs(["0x7f25", "0x7f26"], 1, 2) == [first, second]  # Houdini names it anew whenever it saves


def test_a_damaged_soup_is_told_with_its_element():
    fields = {0: {"polyinfo": [[3], [1], [0, 1, 5]]}}
    soup = Primitives(np.arange(6), np.arange(3), np.array([0, 3]), ["PolySoup"], np.zeros(1, int), fields)

    with pytest.raises(UserError, match="scan.geo: primitive 0: a polygon soup whose polygons have vertices that are"):
        Elements(Geometry(POINTS[:6], soup), where="scan.geo").part(0)


def test_polygon_soups_keep_their_polygons_in_a_part():
    vertex_points = np.array([0, 1, 2, 3, 4, 5, 6, 7])
    soups = {0: [[3], [1], [0, 1, 2]], 1: [[4, 3], [1, 1], [3, 4, 5, 6, 6, 4, 3]]}
    fields = {number: {"polyinfo": info} for number, info in soups.items()}
    starts = np.array([0, 3, 7])
    primitives = Primitives(vertex_points, np.arange(7), starts, ["PolySoup"], np.zeros(2, int), fields)

    part = Geometry(POINTS, primitives).part([1])

    points, ends, _ = part.primitives.polygons()
    assert part.points[points, 0].tolist() == [3, 4, 5, 6, 6, 4, 3]
    assert ends.tolist() == [0, 4, 7]

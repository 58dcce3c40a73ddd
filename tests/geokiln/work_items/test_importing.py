import json
import re
from pathlib import Path

import numpy as np
import pytest

from geokiln.cooking.generator import Generator
from geokiln.errors import UserError
from geokiln.geometry.geo_file import write_geo
from geokiln.geometry.geometry import Geometry
from geokiln.storage.arrays import write_arrays
from geokiln.storage.patterns import matches
from geokiln.work_items.importing import add_attributes, import_items
from geokiln.work_items.item_table import read_items, write_items


def imported(*paths, **settings):
    """The items that an import makes: id -> attributes."""
    items = import_items(paths, 7, **settings)
    return {
        id_: {name: column[row].tolist() for name, column in items.attributes.items()}
        for row, id_ in enumerate(items.ids.tolist())
    }


def test_a_name_with_brackets_or_a_blank_is_chosen():
    assert not matches("* ^x[0]", "x[0]") and matches("body?mass", "body mass")


@pytest.mark.parametrize(
    ("pattern", "chosen"), [("P name", "P name"), ("* ^name", "P Cd"), ("^P", ""), ("C* ^Cd", ""), ("^* P", "P")]
)
def test_attributes_are_chosen_as_in_houdini(pattern, chosen):
    assert [name for name in ("P", "Cd", "name") if matches(pattern, name)] == chosen.split()


def test_points_groups_and_patterns_choose_what_becomes_an_item():
    attributes = {"rest": np.arange(3) * 1.0, "name": np.array(["a", "b", "c"])}
    write_geo("points.geo", Geometry(np.eye(3), [[0, 1, 2]], attributes, {"area": np.ones(1)}))
    text = Path("points.geo").read_text().rstrip().rstrip("]")
    group = [["name", "tip"], ["selection", ["unordered", ["boolRLE", [1, False, 2, True]]]]]
    Path("points.geo").write_text(f'{text}, "pointgroups", {json.dumps([group])}]')

    points = imported("points.geo", element="point")
    tips = imported("points.geo", element="point", group="tip", pattern="* ^P")
    detail = imported("points.geo", element="detail", pattern="point*")

    assert points["1"] == {"P": [0, 1, 0], "rest": 1, "name": "b"}
    assert tips == {"1": {"rest": 1, "name": "b"}, "2": {"rest": 2, "name": "c"}}
    assert detail == {"0": {"pointcount": 3}}


@pytest.mark.parametrize("keys", [[7, 3, 5], ["c", "a", "b"]])
def test_an_id_attribute_is_the_identity_wherever_an_element_stands(keys):
    x = np.array([0.0, 1.0, 2.0])
    write_arrays("keys.npz", {"key": np.array(keys), "x": x})
    write_arrays("turned.npz", {"key": np.array(keys[::-1]), "x": x[::-1]})

    items, turned = (imported(path, id_attribute="key") for path in ("keys.npz", "turned.npz"))

    assert list(items) == [str(key) for key in keys]
    assert items == turned


NAMES = "there are: key, x, pair, double, empty"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id_attribute": "kex"}, f"there is no attribute 'kex'; {NAMES}"),
        ({"id_attribute": "x"}, "'x' must hold one integer or string for each element"),
        ({"id_attribute": "pair"}, "'pair' must hold one integer or string for each element"),
        ({"id_attribute": "double"}, "elements 0 and 2 have the same 'double', 4; it must identify one"),
        ({"id_attribute": "empty"}, "element 1 has an empty or broken 'empty', ''; it must be one line of text"),
        ({"pattern": "none"}, f"'none' chooses no primitive attribute; {NAMES}"),
        ({"constants": {"x": 1}}, "'x' is an attribute of the geometry, too; choose another name"),
        ({"constants": {"rig": [1, "a"]}}, "work_items.constants: 'rig' mixes texts and numbers; it must hold either"),
        ({"constants": {"rig": 2**70}}, "or as numbers, astype(float)"),
    ],
    ids=str,
)
def test_what_cannot_be_imported_is_told(changes, sentence):
    columns = {"key": [1, 2, 3], "x": [0.0, 1.0, 2.0], "pair": [[1, 2], [3, 4], [5, 6]], "double": [4, 5, 4]}
    write_arrays("keys.npz", {**columns, "empty": ["a", "", "c"]})

    with pytest.raises(UserError, match=f"{re.escape(sentence)}$"):
        import_items(["keys.npz"], 7, **changes)


@pytest.mark.parametrize(
    ("id_", "kept"),
    [
        *((f"a{end}b", False) for end in "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029\0\ud800"),
        ("a\r", False),
        *(
            (id_, True)
            for id_ in ("²0", "٣", "01", " a ", "../a/b", 'a,"b"', "-1", "a" * 5000, "\t", "\xa0", "left foot")
        ),
    ],
    ids=ascii,
)
def test_an_identity_is_any_line_of_text(id_, kept):
    write_arrays("a.npz", {"name": np.array(["1", id_]), "x": np.arange(2.0)})

    if kept:
        items = import_items(["a.npz"], 7, id_attribute="name")
        assert items.ids.tolist() == ["1", id_]
        drawn = [tuple(items.item(row, {}).random.random(3)) for row in range(2)]
        assert drawn[0] == tuple(np.random.default_rng([7, 1]).random(3)) != drawn[1]
    else:
        with pytest.raises(UserError, match=r"^a.npz: element 1 has an empty or broken 'name', .*one line of text$"):
            import_items(["a.npz"], 7, id_attribute="name")


def test_files_whose_names_and_elements_give_one_identity_are_told():
    write_arrays("a.npz", {"name": np.array(["1-2", "x"]), "x": np.arange(2.0)})
    write_arrays("a-1.npz", {"name": np.array(["2"]), "x": np.arange(1.0)})

    with pytest.raises(UserError, match=r"^geometry.source: two elements are called a-1-2; rename a file$"):
        import_items(["a.npz", "a-1.npz"], 7, ["a", "a-1"], "name")


@pytest.mark.parametrize(
    ("settings", "ids", "names", "inputs"),
    [
        ({}, ["0", "1"], ["frame", "id", "name", "x"], ["frame", "x"]),
        ({"id_attribute": "frame"}, ["7", "8"], ["frame", "id", "name", "x"], ["x"]),
        ({"id_attribute": "frame", "pattern": "* ^frame"}, ["7", "8"], ["id", "name", "x"], ["x"]),
        ({"id_attribute": "frame", "numbered": True}, ["0", "1"], ["frame", "id", "name", "x"], ["x"]),
        ({"id_attribute": "name", "pattern": "x"}, ["a", "b"], ["x"], ["x"]),
        ({"id_attribute": "none", "numbered": True}, ["0", "1"], ["frame", "id", "name", "x"], ["frame", "x"]),
    ],
    ids=str,
)
def test_what_identifies_an_element_is_no_input_of_a_model(settings, ids, names, inputs):
    columns = {"frame": [7, 8], "id": [3, 4], "name": ["a", "b"], "x": [0.0, 1.0]}
    write_arrays("a.npz", columns)

    items = import_items(["a.npz"], 7, **settings)

    assert (items.ids.tolist(), list(items.attributes), items.input_names) == (ids, names, inputs)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("{'a': 'x' if item.id == '0' else 1}", "attributes: 'a' mixes texts and numbers; it must hold either"),
        ("{'a': [0] * (1 + int(item.id))}", "attributes: 'a' is not an array of numbers ("),
        ("{'a': np.ma.masked if item.id == '1' else 0}", "attributes: 'a' is not finite (NaN, Inf) in element 1"),
        ("{'a': None}", "attributes: 'a' is not an array of numbers: it holds Python objects"),
    ],
)
def test_what_attributes_gives_is_checked_as_what_a_geometry_gives(given, sentence, write):
    write_arrays("a.npz", {"x": np.arange(2.0)})
    write("generator.py", f"import numpy as np\ndef attributes(item): return {given}")

    with pytest.raises(UserError) as error:
        add_attributes(import_items(["a.npz"], 7), Generator("generator.py"), {})

    assert str(error.value).startswith(f"generator.py: {sentence}")


@pytest.mark.parametrize(
    ("x", "empty", "sentence"),
    [
        ([0.0, np.nan], "fail", "attribute 'x' is not finite (NaN, Inf) in element 1"),
        ([], "fail", "the table is empty; each data point needs a row"),
        ([], "ignore", "no element is left to make work items of"),
    ],
    ids=["NaN", "empty", "nothing left"],
)
def test_values_that_make_no_items_are_told(x, empty, sentence):
    write_arrays("x.npz", {"x": x})

    with pytest.raises(UserError, match=f"^x.npz: {re.escape(sentence)}$"):
        import_items(["x.npz"], 7, empty=empty)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, " has no primitive, and each data point needs one; it has 3 points (work_items.element)"),
        ({"element": "vertex"}, " has no vertex, and each data point needs one; it has 3 points (work_items.element)"),
        ({"element": "packed"}, " has no packed primitive, and each data point needs one; it has 3 points (work_items"),
        ({"element": "group", "group": "tip*"}, " has no group, and each data point needs one; it has 3 points (work_"),
        ({"element": "point", "group": "tip"}, ": no point is in the group 'tip', and each data point needs one (wor"),
    ],
    ids=str,
)
def test_a_geometry_without_what_is_asked_for_says_what_it_has(settings, sentence):
    groups = {("point", "tip"): np.zeros(3, bool)} if settings.get("element") == "point" else {}
    write_geo("cloud.geo", Geometry(np.eye(3), [], groups=groups))

    with pytest.raises(UserError, match=f"^cloud.geo{re.escape(sentence)}"):
        import_items(["cloud.geo"], 7, **settings)


def test_an_empty_geometry_may_be_left_out_with_a_warning(capsys):
    write_arrays("none.npz", {"x": np.zeros(0)})
    write_arrays("some.npz", {"x": np.zeros(2)})

    items = imported("none.npz", "some.npz", empty="warn")

    assert list(items) == ["0", "1"]
    assert capsys.readouterr().out == "warning: none.npz is empty and gives no work items\n"


def two_quads(path, shift=0.0):
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [5, 0, 0], [6, 0, 0], [6, 1 + shift, 0]], np.float32)
    write_geo(path, Geometry(points, [[0, 1, 2], [3, 4, 5]], {}, {"x": np.arange(2.0)}))


def test_what_is_included_comes_beside_the_attributes_that_are_chosen():
    two_quads("a.geo")

    items = imported("a.geo", pattern="", include=["bounds", "points"])

    assert items["1"]["minbounds"] == [5, 0, 0] and items["1"]["maxbounds"] == [6, 1, 0]
    assert items["0"]["points"] == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]


@pytest.mark.parametrize("names", [None, ["a", "b"]])
def test_the_geometry_of_an_item_counts_like_an_attribute_and_is_read_from_the_table_again(names):
    two_quads("a.geo")
    two_quads("b.bgeo")
    paths = ["a.geo", "b.bgeo"] if names else ["a.geo"]
    items = import_items(paths, 7, names, include=["geometry"])
    plain = import_items(paths, 7, names)
    write_items("items.npz", items)

    last = read_items("items.npz", 1, len(items), paths)

    assert last.item(len(last) - 1, {}).geometry.points[2].tolist() == [6, 1, 0]
    assert (items.digests() != plain.digests()).any(1).all()
    assert list(items.attributes) == list(plain.attributes)
    two_quads(paths[-1], shift=1)
    changed = (import_items(paths, 7, names, include=["geometry"]).digests() != items.digests()).any(1)
    assert changed.tolist() == [*[False] * (len(items) - 1), True]
    stale = read_items("items.npz", 0, len(items), paths).item(len(items) - 1, {})
    with pytest.raises(UserError, match=f"{paths[-1]} has changed since it was imported; run again"):
        stale.geometry.points  # noqa: B018


def test_an_item_that_brings_its_geometry_needs_no_attribute():
    write_geo("a.geo", Geometry(np.eye(3), [[0, 1], [2]]))

    items = import_items(["a.geo"], 7, include=["geometry"])

    assert len({digest.tobytes() for digest in items.digests()}) == 2 and items.attributes == {}


def test_an_item_that_brings_no_geometry_says_how_to_ask_for_it():
    two_quads("a.geo")

    with pytest.raises(UserError, match=re.escape("item 0 brings no geometry; ask for it, work_items.include: [geom")):
        import_items(["a.geo"], 7).item(0, {}).geometry  # noqa: B018


@pytest.mark.parametrize("values", [[-10, 3], ["left", "right"]])
def test_pieces_are_called_by_their_value(values):
    geometry = Geometry(np.eye(3), [[0], [1], [2]], {}, {"class": np.array([*values, values[0]])})
    write_geo("a.geo", geometry)

    items = imported("a.geo", element="piece")

    assert [(id_, one["primitivecount"]) for id_, one in items.items()] == [(str(values[0]), 2), (str(values[1]), 1)]


def test_values_that_are_not_finite_matter_only_where_they_are_chosen():
    write_geo("a.bgeo", Geometry(np.eye(3), [[0], [1]], {}, {"x": np.arange(2.0), "age": np.array([1, np.nan])}))

    items = imported("a.bgeo", pattern="* ^age")

    assert items == {"0": {"x": 0}, "1": {"x": 1}}
    with pytest.raises(UserError, match=re.escape("a.bgeo: attribute 'age' is not finite (NaN, Inf) in element 1")):
        imported("a.bgeo")

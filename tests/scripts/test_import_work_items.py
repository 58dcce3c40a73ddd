import json
import os
from pathlib import Path

import numpy as np
import pytest

from geokiln.geometry.geo_file import write_geo
from geokiln.geometry.geometry import Geometry
from geokiln.storage.arrays import write_arrays
from import_work_items import main

FILES = ["--seed", "7", "--items", "work_items/items.npz", "--sidecar", "work_items/items.json"]
DROPS = ["--geometry", "geometry/drops.geo", *FILES]


def imported(arguments=DROPS):
    """The items that an import makes: id -> attributes."""
    main(arguments)
    arrays = np.load("work_items/items.npz")
    names = [name for name in arrays if name.startswith("attribute/")]
    return {
        id_: {name[10:]: arrays[name][row].tolist() for name in names} for row, id_ in enumerate(arrays["id"].tolist())
    }


def test_each_primitive_becomes_a_work_item(geometry, capsys):
    items = imported()

    assert len(items) == 10
    assert items["2"] == {"time": 0.2, "strength": 1.0}
    assert np.load("work_items/items.npz")["seed"] == 7
    assert capsys.readouterr().out == "10 work items -> work_items/items.npz\n"


def test_growth_leaves_the_side_cars_of_full_batches_as_they_are(geometry):
    main([*DROPS, "--batches", "0-3", "4-7", "8-11"])
    before = {path.name: path.read_bytes() for path in Path("work_items").iterdir()}
    attributes = {"time": np.arange(14) / 10, "strength": np.ones(14)}
    write_geo(geometry, Geometry.from_attributes(attributes))

    main([*DROPS, "--batches", "0-3", "4-7", "8-11", "12-15"])
    after = {path.name: path.read_bytes() for path in Path("work_items").iterdir()}

    assert sorted(name for name in before if after[name] != before[name]) == ["8-11.json", "items.json", "items.npz"]
    assert json.loads(after["8-11.json"])["items"] == 4


def test_the_same_geometry_gives_the_same_bytes(geometry):
    contents = []

    for _ in range(2):
        main(DROPS)
        contents.append(Path("work_items/items.npz").read_bytes())

    assert contents[0] == contents[1]


def test_a_table_of_attributes_gives_the_same_items_as_geometry(geometry):
    from_geometry = imported()
    write_arrays("drops.npz", {"time": np.arange(10) / 10, "strength": np.ones(10)})

    assert imported(["--geometry", "drops.npz", *FILES]) == from_geometry


def test_points_groups_and_patterns_choose_what_becomes_an_item():
    attributes = {"rest": np.arange(3) * 1.0, "name": np.array(["a", "b", "c"])}
    write_geo("points.geo", Geometry(np.eye(3), [[0, 1, 2]], attributes, {"area": np.ones(1)}))
    text = Path("points.geo").read_text().rstrip().rstrip("]")
    group = [["name", "tip"], ["selection", ["unordered", ["boolRLE", [1, False, 2, True]]]]]
    Path("points.geo").write_text(f'{text}, "pointgroups", {json.dumps([group])}]')
    points = ["--geometry", "points.geo", *FILES, "--element", "point"]

    assert imported(points)["1"] == {"P": [0, 1, 0], "rest": 1, "name": "b"}
    assert imported([*points, "--group", "tip", "--attributes", "* ^P"]) == {
        "1": {"rest": 1, "name": "b"},
        "2": {"rest": 2, "name": "c"},
    }
    assert imported([*points[:-1], "detail", "--attributes", "point*"]) == {"0": {"pointcount": 3}}


def test_several_files_merge_and_items_are_named_after_them():
    write_arrays("walk.npz", {"time": np.arange(2.0)})
    write_arrays("run.npz", {"time": np.arange(3.0)})

    items = imported(["--geometry", "walk.npz", "run.npz", *FILES, "--constants", '{"rig": [1, 2]}'])

    assert list(items) == ["walk-0", "walk-1", "run-0", "run-1", "run-2"]
    assert items["run-2"] == {"time": 2.0, "rig": [1, 2]}


def test_the_generator_may_give_further_attributes(geometry, write):
    write("generator.py", "def attributes(item):\n    return {'double': 2 * item['time'] * item.parameters['k']}\n")

    items = imported([*DROPS, "--generator", "generator.py", "--parameters", '{"k": 10}'])

    assert items["3"] == {"time": 0.3, "strength": 1.0, "double": pytest.approx(6.0)}


@pytest.mark.parametrize("keys", [[7, 3, 5], ["c", "a", "b"]])
def test_an_id_attribute_is_the_identity_wherever_an_element_stands(keys):
    x = np.array([0.0, 1.0, 2.0])
    write_arrays("keys.npz", {"key": np.array(keys), "x": x})
    write_arrays("turned.npz", {"key": np.array(keys[::-1]), "x": x[::-1]})

    items, turned = (
        imported(["--geometry", path, *FILES, "--id-attribute", "key"]) for path in ("keys.npz", "turned.npz")
    )

    assert list(items) == [str(key) for key in keys]
    assert items == turned


KEYS = {
    "key": np.array([1, 2, 3]),
    "x": np.array([0.0, 1.0, 2.0]),
    "pair": np.array([[1, 2], [3, 4], [5, 6]]),
    "double": np.array([4, 5, 4]),
    "empty": np.array(["a", "", "c"]),
}


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--id-attribute", "kex"], "there is no attribute 'kex'; there are: key, x, pair, double, empty"),
        (["--id-attribute", "x"], "'x' must hold one integer or string for each element"),
        (["--id-attribute", "pair"], "'pair' must hold one integer or string for each element"),
        (["--id-attribute", "double"], "elements 0 and 2 have the same 'double', 4; it must identify one"),
        (["--id-attribute", "empty"], "element 1 has an empty or broken 'empty', ''"),
        (
            ["--attributes", "nothing"],
            "'nothing' chooses no primitive attribute; there are: key, x, pair, double, empty",
        ),
        (["--constants", '{"x": 1}'], "'x' is an attribute of the geometry, too; choose another name"),
        (["--group", "tip"], "an .npz has no groups; leave work_items.group out"),
    ],
    ids=str,
)
def test_what_cannot_be_imported_is_told(flags, sentence, failure):
    write_arrays("keys.npz", KEYS)

    message = failure(main, ["--geometry", "keys.npz", *FILES, *flags])

    assert message.startswith("import_work_items: ") and message.endswith(sentence)
    assert not os.path.exists("work_items/items.npz")


def test_a_value_that_is_not_finite_is_named(failure):
    write_arrays("nan.npz", {"x": np.array([0.0, np.nan])})

    message = failure(main, ["--geometry", "nan.npz", *FILES])

    assert message == "import_work_items: nan.npz: attribute 'x' is not finite (NaN, Inf) in element 1"


@pytest.mark.parametrize(("empty", "said"), [("warn", "warning: none.npz is empty"), ("ignore", "2 work items")])
def test_an_empty_geometry_may_be_left_out(empty, said, capsys):
    write_arrays("none.npz", {"x": np.zeros(0)})
    write_arrays("some.npz", {"x": np.zeros(2)})

    main(["--geometry", "none.npz", "some.npz", *FILES, "--empty", empty])

    assert capsys.readouterr().out.startswith(said)


def test_an_empty_geometry_fails_unless_it_may_not(failure):
    write_arrays("none.npz", {"x": np.zeros(0)})

    message = failure(main, ["--geometry", "none.npz", *FILES])
    ignored = failure(main, ["--geometry", "none.npz", *FILES, "--empty", "ignore"])

    assert message == "import_work_items: none.npz: the geometry is empty; each data point needs an element"
    assert ignored == "import_work_items: none.npz: no element is left to make work items of"


def test_a_missing_geometry_is_named(failure):
    message = failure(main, DROPS)

    assert message == "import_work_items: geometry/drops.geo does not exist"


def test_a_truncated_geometry_is_named(geometry, failure):
    content = Path(geometry).read_text()
    Path(geometry).write_text(content[:100])

    message = failure(main, DROPS)

    assert message.startswith("import_work_items: geometry/drops.geo is not complete ASCII geometry (")

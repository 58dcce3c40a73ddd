import json
import os
from pathlib import Path

import numpy as np
import pytest

from geokiln.geometry.geo_file import write_geo
from geokiln.geometry.geometry import Geometry
from geokiln.storage.arrays import write_arrays
from import_work_items import main

BATCHES = ["work_items/0-3.json", "work_items/4-7.json", "work_items/8-11.json", "work_items/12-15.json"]


def arguments(*geometry, **changes):
    """The flags; a list has several values."""
    options = {
        "geometry": list(geometry) or ["geometry/drops.geo"],
        "seed": "7",
        "items": "work_items/items.npz",
        "sidecar": "work_items/items.json",
        **changes,
    }
    words = [[f"--{key}", *(value if isinstance(value, list) else [value])] for key, value in options.items()]
    return sum(words, [])


def test_growth_leaves_the_sidecars_of_full_batches_as_they_are(geometry, capsys):
    main(arguments(batches=BATCHES[:3]))
    before = {path.name: path.read_bytes() for path in Path("work_items").iterdir()}
    write_geo(geometry, Geometry.from_attributes({"time": np.arange(14) / 10, "strength": np.ones(14)}))

    main(arguments(batches=BATCHES))
    after = {path.name: path.read_bytes() for path in Path("work_items").iterdir()}

    assert sorted(name for name in before if after[name] != before[name]) == ["8-11.json", "items.json", "items.npz"]
    assert json.loads(after["8-11.json"])["items"] == 4
    assert capsys.readouterr().out.endswith("14 work items -> work_items/items.npz\n")


def test_a_table_of_attributes_gives_the_bytes_that_the_same_geometry_does(geometry):
    write_arrays("drops.npz", {"time": np.arange(10) / 10, "strength": np.ones(10)})

    main(arguments(items="a.npz"))
    main(arguments("drops.npz", items="b.npz"))

    assert Path("a.npz").read_bytes() == Path("b.npz").read_bytes()


def test_all_that_shapes_an_item_can_be_asked_for(write):
    write("generator.py", "def attributes(item):\n    return {'double': 2 * item['x'] * item.parameters['k']}\n")
    write_arrays("none.npz", {"x": np.zeros(0)})
    write_geo("a.geo", Geometry(np.eye(2, 3), [], {"x": np.arange(2.0), "key": np.array([5, 3])}))
    words = {"element": "point", "attributes": "* ^P", "id-attribute": "key", "empty": "ignore"}
    further = {"constants": '{"rig": [1, 2]}', "generator": "generator.py", "parameters": '{"k": 10}'}

    main(arguments("none.npz", "a.geo", **words, **further))

    result = dict(np.load("work_items/items.npz"))
    result.pop("digest")
    assert {name: array.tolist() for name, array in result.items()} == {
        "id": ["a-5", "a-3"],
        "seed": 7,
        "attribute/x": [0, 1],
        "attribute/key": [5, 3],
        "attribute/rig": [[1, 2], [1, 2]],
        "attribute/double": [0, 20],
        "identity/key": [],
    }


def test_code_that_attributes_run_on_without_naming_it_is_an_error(write, failure):
    os.utime(write("helper.py", ""), (1e9, 1e9))
    write("generator.py", "def attributes(item):\n    return __import__('helper') and {'double': 2}\n")
    write_arrays("a.npz", {"x": np.zeros(1)})

    message = failure(main, arguments("a.npz", generator="generator.py"))

    assert message.startswith("import_work_items: helper.py is imported in a way that Geokiln does not see")
    assert not Path("work_items/items.npz").exists()


def test_a_mistake_ends_in_a_sentence_and_writes_nothing(failure):
    write_arrays("a.npz", {"x": np.zeros(1)})

    message = failure(main, arguments("a.npz", group="tip"))

    assert message == "import_work_items: a.npz: an .npz is a table, it has no groups; leave work_items.group out"
    assert not Path("work_items/items.npz").exists()


@pytest.mark.parametrize(("origin", "told"), [(0, False), (1.7e9, True)])
def test_attributes_that_float32_spoils_as_inputs_are_told_before_anything_is_cooked(origin, told, failure):
    write_arrays("a.npz", {"time": origin + np.linspace(0, 2, 9), "name": np.array(list("abcdefghi"))})

    main(arguments("a.npz", items="unchecked.npz"))  # inputs(item) may give what it will
    if told:
        message = failure(main, arguments("a.npz", **{"check-inputs": "yes"}))
        assert message.startswith("import_work_items: input 'time' differs from item to item by about 2 at 1.7e+09,")
    else:
        main(arguments("a.npz", **{"check-inputs": "yes"}))
    assert Path("unchecked.npz").exists() and Path("work_items/items.npz").exists() != told

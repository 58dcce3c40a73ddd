import json
from pathlib import Path

import numpy as np

from geokiln.geo import Geometry, write_geo
from import_work_items import main


def read(path):
    return json.loads(Path(path).read_text())


def numbers(path):
    return [int(item["id"]) for item in read(path)["items"]]


BATCHES = ["--geometry", "geometry/drops.geo", "--seed", "7", "--folder", "work_items", "--batches"]


def test_each_batch_gets_a_file_of_its_items(geometry, capsys):
    main([*BATCHES, "0-3", "4-7", "8-11"])

    files = {path.name: numbers(path) for path in Path("work_items").iterdir()}

    assert files == {"0-3.json": [0, 1, 2, 3], "4-7.json": [4, 5, 6, 7], "8-11.json": [8, 9]}
    assert capsys.readouterr().out == "10 work items in 3 files\n"


def test_an_item_holds_identity_seed_and_attributes(geometry):
    main([*BATCHES, "0-3"])

    document = read("work_items/0-3.json")

    assert document["geometry"] == "geometry/drops.geo"
    assert document["items"][2] == {"id": "2", "seed": 7, "attributes": {"time": 0.2, "strength": 1.0}}


def test_all_items_of_an_unseen_input_go_into_one_file(geometry):
    main(["--geometry", geometry, "--seed", "7", "--output", "work_items/unseen/walk.json"])

    assert numbers("work_items/unseen/walk.json") == list(range(10))


def test_growth_leaves_the_files_of_full_batches_as_they_are(geometry):
    main([*BATCHES, "0-3", "4-7", "8-11"])
    before = {path.name: path.read_bytes() for path in Path("work_items").iterdir()}
    attributes = {"time": np.arange(14) / 10, "strength": np.ones(14)}
    write_geo(geometry, Geometry.from_attributes(attributes))

    main([*BATCHES, "0-3", "4-7", "8-11", "12-15"])
    after = {path.name: path.read_bytes() for path in Path("work_items").iterdir()}

    assert [name for name in before if after[name] != before[name]] == ["8-11.json"]


def test_the_same_geometry_gives_the_same_bytes(geometry):
    contents = []

    for _ in range(2):
        main([*BATCHES, "0-15"])
        contents.append(Path("work_items/0-15.json").read_bytes())

    assert contents[0] == contents[1]


def test_a_missing_geometry_is_named(failure):
    message = failure(main, [*BATCHES, "0-3"])

    assert message == "import_work_items: geometry/drops.geo does not exist"


def test_a_truncated_geometry_is_named(geometry, failure):
    content = Path(geometry).read_text()
    Path(geometry).write_text(content[:100])

    message = failure(main, [*BATCHES, "0-3"])

    assert message.startswith("import_work_items: geometry/drops.geo is not complete ASCII geometry (")
    assert not Path("work_items").exists()

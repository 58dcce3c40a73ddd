import json
import os
from pathlib import Path

import numpy as np
import pytest

from geokiln.storage.arrays import write_arrays
from geokiln.storage.tables import Table
from merge_dataset import main

FILES = ["--raw", "dataset/examples.raw", "--ids", "dataset/examples.ids", "--sidecar", "dataset/examples.json"]


def report(name, items, dropped=(), failed=()):
    reasons = {id_: f"item {id_} raised" for id_ in (*dropped, *failed)}
    left_out = {"dropped": {i: reasons[i] for i in dropped}, "failed": {i: reasons[i] for i in failed}}
    Path(f"batches/{name}.json").write_text(json.dumps({"items": items, **left_out}))


@pytest.fixture
def batches():
    """batches/0-2.npz and batches/3-5.npz, of which the second is not full."""
    Path("batches").mkdir()
    for name, numbers in (("0-2", [0, 1, 2]), ("3-5", [3, 4])):
        arrays = {"id": np.array(numbers).astype(str), "input/time": np.float32(numbers)}
        write_arrays(f"batches/{name}.npz", {**arrays, "target/height": np.float32([numbers] * 3).T})
        report(name, len(numbers))
    return ["batches/0-2.npz", "batches/3-5.npz"]


def test_the_batches_become_one_table(batches, capsys):
    main([*batches, *FILES])

    table = Table("dataset/examples.raw", "dataset/examples.json")

    assert table.read().tolist() == [[n, n, n, n] for n in range(5)]
    assert Path("dataset/examples.ids").read_text() == "0\n1\n2\n3\n4\n"
    assert capsys.readouterr().out == "5 data points of 4 floats -> dataset/examples.raw\n"


def test_a_batch_of_another_shape_is_named_and_the_old_dataset_stays(batches, failure):
    main([*batches, *FILES])
    before = {path.name: path.read_bytes() for path in Path("dataset").iterdir()}
    arrays = {"id": np.array(["3"]), "input/time": np.zeros(1), "target/height": np.zeros((1, 4))}
    write_arrays(batches[1], arrays)

    message = failure(main, [*batches, *FILES])

    assert message.startswith("merge_dataset: batches/")
    assert "target/height has shape" in message
    assert {path.name: path.read_bytes() for path in Path("dataset").iterdir()} == before


def test_a_damaged_batch_is_put_aside_and_named(batches, failure):
    os.truncate(batches[0], 100)

    message = failure(main, [*batches, *FILES])

    assert message.startswith("merge_dataset: batches/0-2.npz is damaged")
    assert Path("batches/0-2.npz.damaged").exists()
    assert not list(Path("dataset").iterdir())


def test_a_missing_batch_is_named(batches, failure):
    message = failure(main, [*batches, "batches/6-8.npz", *FILES])

    assert message == "merge_dataset: batches/6-8.json does not exist"


def test_what_is_left_out_is_counted_in_the_side_car(batches):
    report("3-5", 2, dropped=["5"])

    main([*batches, *FILES])

    about = json.loads(Path("dataset/examples.json").read_text())
    assert (about["count"], about["dropped"], about["failed"]) == (5, 1, 0)


def test_too_many_failures_fail_and_are_cooked_again(batches, failure):
    report("3-5", 2, failed=["5"])

    main([*batches, *FILES, "--failure-share", "0.2"])
    allowed = json.loads(Path("dataset/examples.json").read_text())["failed"]
    message = failure(main, [*batches, *FILES, "--failure-share", "0.1"])

    assert allowed == 1
    assert message == (
        "merge_dataset: 1 of 6 items failed, more than work_items.failure_share allows: item 5 raised; "
        "the next run cooks only those that failed"
    )
    assert [Path(f"batches/{name}.json").exists() for name in ("0-2", "3-5")] == [True, False]


def test_a_batch_of_which_nothing_is_left_adds_no_row(batches):
    write_arrays("batches/3-5.npz", {"id": np.zeros(0, "U1")})
    report("3-5", 0, dropped=["3", "4", "5"])

    main([*batches, *FILES])

    assert Table("dataset/examples.raw", "dataset/examples.json").count == 3

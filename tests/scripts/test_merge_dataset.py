import json
from pathlib import Path

import numpy as np
import pytest

from geokiln.storage.arrays import write_arrays
from geokiln.storage.tables import Table
from merge_dataset import main

BATCHES = ["batches/0-2.npz", "batches/3-5.npz"]


def arguments(*more):
    outputs = {"raw": "dataset/examples.raw", "ids": "dataset/examples.ids", "sidecar": "dataset/examples.json"}
    return [*BATCHES, *(word for key, path in outputs.items() for word in (f"--{key}", path)), *more]


def report(name, items, dropped=(), failed=(), **more):
    reasons = {id_: f"item {id_} raised" for id_ in (*dropped, *failed)}
    left_out = {"dropped": {i: reasons[i] for i in dropped}, "failed": {i: reasons[i] for i in failed}}
    Path(f"batches/{name}.json").write_text(json.dumps({"items": items, **left_out, **more}))


@pytest.fixture(autouse=True)
def batches():
    """batches/0-2.npz and batches/3-5.npz, of which the second is not full."""
    Path("batches").mkdir()
    for name, numbers in (("0-2", [0, 1, 2]), ("3-5", [3, 4])):
        arrays = {"id": np.array(numbers).astype(str), "input/time": np.float32(numbers)}
        write_arrays(f"batches/{name}.npz", {**arrays, "target/height": np.float32([numbers] * 3).T})
        report(name, len(numbers))


def test_the_batches_become_one_table_that_counts_what_is_left_out(capsys):
    report("3-5", 2, dropped=["5"])

    main(arguments())

    table = Table("dataset/examples.raw", "dataset/examples.json")
    about = json.loads(Path("dataset/examples.json").read_text())
    assert table.read().tolist() == [[n, n, n, n] for n in range(5)]
    assert (about["count"], about["dropped"], about["failed"]) == (5, 1, 0)
    assert Path("dataset/examples.ids").read_text() == "0\n1\n2\n3\n4\n"
    assert capsys.readouterr().out == "5 data points of 4 floats -> dataset/examples.raw\n"


def test_too_many_failures_fail_and_are_cooked_again(failure):
    report("3-5", 2, failed=["5"])

    main(arguments("--failure-share", "0.2"))
    allowed = json.loads(Path("dataset/examples.json").read_text())["failed"]
    message = failure(main, arguments("--failure-share", "0.1"))

    assert allowed == 1
    assert message == (
        "merge_dataset: 1 of 6 items failed, more than work_items.failure_share allows: item 5 raised; "
        "the next run cooks only those that failed"
    )
    assert [Path(f"batches/{name}.json").exists() for name in ("0-2", "3-5")] == [True, False]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"rounding": {"input/time": [[-0.5, 0.5]]}}, "input 'time' differs from item to item by about 5 at 4, which"),
        ({"default_inputs": True}, "input 'copy' is the target 'height', in every example: a model would only copy it"),
    ],
)
def test_a_dataset_that_float32_spoils_or_that_holds_its_answers_is_not_written(more, sentence, failure):
    for name, numbers in (("0-2", [0, 1, 2]), ("3-5", [3, 4])):
        arrays = {**np.load(f"batches/{name}.npz")}
        write_arrays(f"batches/{name}.npz", {**arrays, "input/copy": arrays["target/height"]})
        report(name, len(numbers), **more)

    message = failure(main, arguments())

    assert message.startswith(f"merge_dataset: {sentence}")
    assert not list(Path("dataset").glob("*"))

import json
import time
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from geokiln.cooking.cook_batch import cook_batch
from geokiln.cooking.generator import Generator
from geokiln.cooking.kinds import cook_kind
from geokiln.errors import Stopped, UserError
from geokiln.storage.arrays import read_arrays
from geokiln.storage.fingerprints import fingerprint
from geokiln.storage.store import Store
from geokiln.work_items.batches import batch_key
from geokiln.work_items.items import WorkItems

GENERATOR = """
    import numpy as np
    from pathlib import Path

    def bad(item):
        return item.id in (Path("bad.txt").read_text().split() if Path("bad.txt").exists() else [])

    def cook(item):
        with open("cooked.txt", "a") as file:
            file.write(item.id + " ")
        if bad(item):
            raise ValueError(f"no convergence in {item.id}")
        time = item["time"] * item.parameters.get("speed", 1)
        return {"height": time * np.arange(3), "noise": item.random.random(2)}
"""


@pytest.fixture
def cook(write, monkeypatch):
    """A function that cooks the items of a batch and gives what was done and the batch's arrays."""
    write("generator.py", GENERATOR)
    monkeypatch.setattr("geokiln.cooking.cook_batch.KEEP_SECONDS", 0)  # each item by itself, however quick it is

    def cook(items, parts=("inputs", "targets"), parameters=None, store=None, **policy):
        parameters = parameters or {}
        store = store or Store(f"data_points/{fingerprint(parameters)}")
        digests = items.digests()
        kind = cook_kind(Generator("generator.py"), parameters, list(parts), {})
        done = cook_batch(items, digests, batch_key([digests.tobytes()], "fail"), kind, store, **policy)
        key = done.pop("key")
        assert store.is_whole(key)
        return done, read_arrays(store.folder / key / "rows.npz")

    return cook


def items(*numbers):
    attributes = {"time": np.array(numbers) / 10, "name": np.array(["drop"] * len(numbers))}
    return WorkItems(np.array(numbers).astype(str), 1, attributes)


def cooked():
    """The items that were cooked since the last call."""
    path = Path("cooked.txt")
    numbers = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return [int(number) for number in numbers]


def kept():
    return sorted(Path(".kept/data_points").glob("*/[0-9a-f]*"))


def test_a_batch_holds_a_row_for_each_item_in_its_order_and_is_kept_as_one_result(cook):
    start = time.perf_counter()
    done, arrays = cook(items(3, 1, 2))
    whole = time.perf_counter() - start

    assert done == {"cooked": 3, "reused": 0, "dropped": 0, "failed": 0}
    assert arrays["id"].tolist() == ["3", "1", "2"]
    assert arrays["input/time"].tolist() == pytest.approx([0.3, 0.1, 0.2])
    assert arrays["target/height"] == pytest.approx(np.outer([0.3, 0.1, 0.2], [0, 1, 2]))
    (folder,) = kept()
    index, report = read_arrays(folder / "items.npz"), json.loads((folder / "report.json").read_text())
    assert len(index["digest"]) == len(index["seconds"]) == report["items"] == 3
    assert min(index["seconds"]) >= 0 and sum(index["seconds"]) <= whole
    assert sorted(report["seconds"]["slowest"]) == ["1", "2", "3"]


def test_items_are_reused_across_batches_of_another_size(cook):
    batches = [cook(items(*numbers))[1] for numbers in ([0, 1], [2, 3], [4, 5])]
    cooked()

    done, merged = cook(items(0, 1, 2, 3, 4, 5, 6))

    assert done == {"cooked": 1, "reused": 6, "dropped": 0, "failed": 0}
    assert cooked() == [6]
    for name in batches[0]:
        assert np.array_equal(merged[name][:6], np.concatenate([batch[name] for batch in batches]))


def test_an_item_depends_on_the_parameters_and_not_on_its_batch(cook):
    _, alone = cook(items(3))
    _, together = cook(items(1, 2, 3, 4), parameters={"speed": 10})

    assert cooked() == [3, 1, 2, 3, 4]
    assert together["target/height"][2].tolist() == pytest.approx(10 * alone["target/height"][0])
    for name in ("target/noise", "input/time"):
        assert np.array_equal(alone[name][0], together[name][2])


def test_the_parts_that_are_asked_for_and_defined_are_cooked(cook, write):
    parts = ["inputs", "targets", "baseline"]
    names = {"id", "input/time", "target/height", "target/noise"}

    _, inputs = cook(items(0), ["inputs"])
    of_inputs = cooked()
    _, without_baseline = cook(items(1), parts)
    write("generator.py", GENERATOR + "\n    def baseline(item):\n        return cook(item)\n")
    _, everything = cook(items(2), parts)

    assert (set(inputs), of_inputs) == ({"id", "input/time"}, [])
    assert set(without_baseline) == names
    assert set(everything) == {*names, "baseline/height", "baseline/noise"}


@pytest.mark.parametrize(
    ("count", "more"),
    [
        (1, "; "),
        (11, "; 10 more failed: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10; "),
        (12, "; 11 more failed: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ...; "),
    ],
)
def test_of_items_that_raise_the_first_gives_the_reason_and_ten_more_are_named(count, more, cook, write, capsys):
    write("bad.txt", " ".join(map(str, range(count))))

    with pytest.raises(UserError) as error:
        cook(items(*range(20)))

    reason = "generator.py: item 0 raised ValueError: no convergence in 0"
    kept = f"{20 - count} of 20 items are kept, the next run cooks only the rest"
    assert str(error.value) == f"{reason}{more}{kept}"
    assert cooked() == list(range(20))
    assert "in cook\n" in capsys.readouterr().err  # the user's own traceback


@pytest.mark.parametrize(("error", "reused"), [("ValueError", 4), ("KeyboardInterrupt", 4), ("Stopped", 3)])
def test_quick_items_are_kept_together_and_only_what_is_not_there_is_cooked_next_time(
    error, reused, cook, write, monkeypatch
):
    monkeypatch.setattr("geokiln.cooking.cook_batch.KEEP_SECONDS", 60)
    write("generator.py", "from geokiln.errors import Stopped\n" + dedent(GENERATOR).replace("ValueError", error))
    write("bad.txt", "3")
    with pytest.raises((UserError, Stopped)):
        cook(items(0, 1, 2, 3, 4))
    pieces = kept()
    cooked()
    Path("bad.txt").unlink()

    done, arrays = cook(items(0, 1, 2, 3, 4))

    assert done == {"cooked": 5 - reused, "reused": reused, "dropped": 0, "failed": 0}
    assert cooked() == [3, 4][: 5 - reused]
    assert np.allclose(arrays["target/height"][:, 2], 2 * np.arange(5) / 10)
    assert len(pieces) == len(kept()) == 1  # the whole batch; its pieces are gone


def test_a_generator_without_cook_is_told_what_it_returns(cook, write):
    write("generator.py", "def bake(item): ...")

    with pytest.raises(UserError) as error:
        cook(items(0))

    expected = "generator.py defines no function cook(item); it returns an item's targets as a dict of arrays"
    assert str(error.value) == expected


@pytest.mark.parametrize("seconds", [0, 60], ids=["each kept by itself", "kept together"])
def test_an_item_of_another_shape_is_named_although_it_is_the_first(seconds, cook, write, monkeypatch):
    monkeypatch.setattr("geokiln.cooking.cook_batch.KEEP_SECONDS", seconds)
    write("generator.py", "import numpy as np\ndef cook(item):\n    return {'height': np.ones(3 + (item.id == '0'))}")

    with pytest.raises(UserError) as error:
        cook(items(0, 1, 2))

    assert str(error.value) == "item 0: target/height has shape (4,), the others have (3,); all must agree"


@pytest.mark.parametrize("name", ["rows.npz", "items.npz", "checksums.json"])
def test_items_of_a_damaged_result_are_cooked_again_unless_they_are_whole_elsewhere(name, cook):
    cook(items(0, 1))
    cook(items(1, 2))
    content = (kept()[0] / name).read_bytes()
    (kept()[0] / name).write_bytes(content[: len(content) // 2])
    cooked()

    done, arrays = cook(items(0, 1, 2))

    assert done == {"cooked": 1, "reused": 2, "dropped": 0, "failed": 0}
    assert cooked() in ([0], [2])
    assert arrays["target/height"][:, 1].tolist() == pytest.approx([0, 0.1, 0.2])

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest

from geokiln.cooking.cook_batch import cook_batch
from geokiln.cooking.generator import Generator
from geokiln.cooking.kept_items import find_items
from geokiln.cooking.kinds import cook_kind
from geokiln.errors import UserError
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


def test_a_batch_holds_a_row_for_each_item_in_its_order(cook):
    done, arrays = cook(items(3, 1, 2))

    assert done == {"cooked": 3, "reused": 0, "dropped": 0, "failed": 0}
    assert arrays["id"].tolist() == ["3", "1", "2"]
    assert arrays["input/time"].tolist() == pytest.approx([0.3, 0.1, 0.2])
    assert arrays["target/height"] == pytest.approx(np.outer([0.3, 0.1, 0.2], [0, 1, 2]))
    assert sorted(arrays) == ["id", "input/time", "target/height", "target/noise"]


def test_a_finished_batch_is_kept_as_one_result(cook):
    start = time.perf_counter()
    cook(items(0, 1, 2))
    whole = time.perf_counter() - start

    assert len(kept()) == 1
    index, report = read_arrays(kept()[0] / "items.npz"), json.loads((kept()[0] / "report.json").read_text())
    assert len(index["digest"]) == len(index["seconds"]) == report["items"] == 3
    assert min(index["seconds"]) >= 0 and sum(index["seconds"]) <= whole
    assert sorted(report["seconds"]["slowest"]) == ["0", "1", "2"]


def test_nothing_is_cooked_twice(cook):
    _, first = cook(items(0, 1, 2))
    cooked()

    done, second = cook(items(0, 1, 2))

    assert done == {"cooked": 0, "reused": 3, "dropped": 0, "failed": 0}
    assert cooked() == []
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_items_are_reused_across_batches_of_another_size(cook):
    batches = [cook(items(*numbers))[1] for numbers in ([0, 1], [2, 3], [4, 5])]
    cooked()

    done, merged = cook(items(0, 1, 2, 3, 4, 5, 6))

    assert done == {"cooked": 1, "reused": 6, "dropped": 0, "failed": 0}
    assert cooked() == [6]
    for name in batches[0]:
        assert np.array_equal(merged[name][:6], np.concatenate([batch[name] for batch in batches]))


def test_an_item_does_not_depend_on_its_batch(cook):
    _, alone = cook(items(3))
    _, together = cook(items(1, 2, 3, 4), parameters={"other": 0})

    assert cooked() == [3, 1, 2, 3, 4]
    for name in ("target/height", "target/noise", "input/time"):
        assert np.array_equal(alone[name][0], together[name][2])


def test_a_changed_item_alone_is_cooked_again(cook):
    cook(items(0, 1, 2))
    changed = items(0, 1, 2)
    changed.attributes["time"][1] = 99.0
    cooked()

    done, arrays = cook(changed)

    assert done == {"cooked": 1, "reused": 2, "dropped": 0, "failed": 0}
    assert cooked() == [1]
    assert arrays["target/height"][1].tolist() == [0, 99, 198]


def test_changed_parameters_cook_all_again(cook):
    cook(items(0, 1))

    done, arrays = cook(items(0, 1), parameters={"speed": 10})

    assert done == {"cooked": 2, "reused": 0, "dropped": 0, "failed": 0}
    assert arrays["target/height"][1].tolist() == pytest.approx([0, 1, 2])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["inputs"], {"id", "input/time"}),
        (["inputs", "targets"], {"id", "input/time", "target/height", "target/noise"}),
        (["inputs", "targets", "baseline"], {"id", "input/time", "target/height", "target/noise", "baseline/height"}),
    ],
    ids=["inputs", "targets", "baseline"],
)
def test_the_parts_that_are_asked_for_are_cooked(parts, expected, cook, write):
    write("generator.py", GENERATOR + "\n    def baseline(item):\n        return {'height': np.zeros(3)}\n")

    _, arrays = cook(items(0), parts)

    assert set(arrays) == expected
    assert (cooked() == []) == (parts == ["inputs"])


def test_a_baseline_that_the_generator_lacks_is_left_out(cook):
    _, arrays = cook(items(0), ["inputs", "targets", "baseline"])

    assert not any(name.startswith("baseline/") for name in arrays)


def test_an_item_that_raises_is_named_and_the_others_are_kept(cook, write, capsys):
    write("bad.txt", "1")

    with pytest.raises(UserError) as error:
        cook(items(0, 1, 2))

    expected = (
        "generator.py: item 1 raised ValueError: no convergence in 1; "
        "2 of 3 items are kept, the next run cooks only the rest"
    )
    assert str(error.value) == expected
    assert cooked() == [0, 1, 2]
    assert "in cook\n" in capsys.readouterr().err  # the user's own traceback


def test_only_the_item_that_raised_is_cooked_next_time(cook, write):
    write("bad.txt", "1")
    with pytest.raises(UserError):
        cook(items(0, 1, 2))
    cooked()
    Path("bad.txt").unlink()

    done, arrays = cook(items(0, 1, 2))

    assert done == {"cooked": 1, "reused": 2, "dropped": 0, "failed": 0}
    assert cooked() == [1]
    assert arrays["id"].tolist() == ["0", "1", "2"]
    assert arrays["target/height"][:, 1].tolist() == pytest.approx([0, 0.1, 0.2])
    assert len(kept()) == 1


@pytest.mark.parametrize("count", [2, 11, 12, 15])
def test_of_many_items_that_raise_the_first_gives_the_reason_and_ten_more_are_named(count, cook, write):
    write("bad.txt", " ".join(map(str, range(count))))

    with pytest.raises(UserError) as error:
        cook(items(*range(20)))

    names = ", ".join(map(str, range(1, min(count, 11)))) + (" ..." if count > 11 else "")
    assert "item 0 raised ValueError: no convergence in 0" in str(error.value)
    assert f"; {count - 1} more failed: {names}; {20 - count} of 20 items are kept" in str(error.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("None", r"cook\(item 1\) gave NoneType"),
        ("{}", r"cook\(item 1\) gave dict; it must give a dict of name -> array, not empty"),
        ("{'height': np.full(3, np.nan)}", r"cook\(item 1\): target 'height' has 3 of 3 values that are not finite"),
        ("{'height': 'high'}", r"cook\(item 1\): target 'height' is not an array of numbers"),
        ("{'height': np.array([object()])}", r"cook\(item 1\): target 'height' is not an array of numbers"),
        ("{'id': 1.0}", r"cook\(item 1\): 'id' names a column"),
        ("{'height': item['speed']}", r"item 1 has no attribute 'speed'; it has time, name"),
    ],
)
def test_a_broken_promise_of_one_item_is_named_while_the_others_are_kept(answer, words, cook, write):
    write(
        "generator.py",
        f"import numpy as np\ndef cook(item):\n    return {answer} if item.id == '1' else {{'height': np.ones(3)}}",
    )

    with pytest.raises(UserError) as error:
        cook(items(0, 1, 2))

    assert re.search(words, str(error.value))
    assert str(error.value).endswith("2 of 3 items are kept, the next run cooks only the rest")
    assert len(kept()) == 2


@pytest.mark.parametrize("text", ["x = 1", "cook = 5", "def bake(item): ...", "class A:\n    def cook(self): ..."])
def test_a_generator_without_cook_is_told_what_it_returns(text, cook, write):
    write("generator.py", text)

    with pytest.raises(UserError) as error:
        cook(items(0))

    expected = "generator.py defines no function cook(item); it returns an item's targets as a dict of arrays"
    assert str(error.value) == expected
    assert kept() == []


@pytest.mark.parametrize("position", [0, 1, 3])
@pytest.mark.parametrize(
    ("answer", "here"),
    [("{'height': np.ones(4)}", "height has shape (4,)"), ("{'other': 1}", "height has shape missing")],
)
def test_an_item_of_another_shape_is_named_although_it_is_the_first(answer, here, position, cook, write):
    write(
        "generator.py",
        f"import numpy as np\ndef cook(item):\n"
        f"    return {answer} if item.id == '{position}' else {{'height': np.ones(3)}}",
    )

    with pytest.raises(UserError) as error:
        cook(items(0, 1, 2, 3))

    assert str(error.value) == f"item {position}: target/{here}, the others have (3,); all must agree"


def test_an_interrupted_cook_keeps_what_is_done(cook, write):
    write("generator.py", GENERATOR.replace("raise ValueError(", "raise KeyboardInterrupt("))
    write("bad.txt", "2")
    with pytest.raises(KeyboardInterrupt):
        cook(items(0, 1, 2, 3))
    cooked()
    Path("bad.txt").unlink()

    done, _ = cook(items(0, 1, 2, 3))

    assert done == {"cooked": 2, "reused": 2, "dropped": 0, "failed": 0}
    assert cooked() == [2, 3]


@pytest.mark.parametrize("name", ["rows.npz", "items.npz", "checksums.json"])
@pytest.mark.parametrize("keep_share", [0, 0.5, 0.98])
def test_damaged_kept_rows_are_cooked_again(name, keep_share, cook):
    _, before = cook(items(0, 1))
    cook(items(2, 3))
    index = next(p for p in kept() if np.load(p / "rows.npz")["id"][0] == "0")
    content = (index / name).read_bytes()
    (index / name).write_bytes(content[: int(keep_share * len(content))])
    cooked()

    done, arrays = cook(items(0, 1, 2, 3))

    assert done == {"cooked": 2, "reused": 2, "dropped": 0, "failed": 0}
    assert cooked() == [0, 1]
    assert all(np.array_equal(arrays[column][:2], before[column]) for column in before)


def test_a_damaged_result_that_cannot_be_deleted_does_not_hold_up_the_cook(cook):
    cook(items(0, 1))
    (kept()[0] / "rows.npz").write_bytes(b"")
    looks = []

    class ReadOnly(Store):
        def discard(self, key):
            looks.append(key)
            assert len(looks) < 100

    done, _ = cook(items(0, 1, 2), store=ReadOnly(f"data_points/{fingerprint({})}"))

    assert done == {"cooked": 3, "reused": 0, "dropped": 0, "failed": 0}


def test_a_damaged_single_item_is_cooked_again(cook, write):
    write("bad.txt", "2")
    with pytest.raises(UserError):
        cook(items(0, 1, 2))
    (kept()[0] / "rows.npz").write_bytes(b"")
    Path("bad.txt").unlink()
    cooked()

    done, arrays = cook(items(0, 1, 2))

    assert done == {"cooked": 2, "reused": 1, "dropped": 0, "failed": 0}
    assert arrays["target/height"][:, 1].tolist() == pytest.approx([0, 0.1, 0.2])


def test_an_item_that_is_whole_elsewhere_is_not_cooked_again_for_a_damaged_copy(cook):
    cook(items(0, 1))
    cook(items(1, 2))
    (kept()[-1] / "rows.npz").write_bytes(b"")
    cooked()

    done, arrays = cook(items(0, 1, 2))

    assert done == {"cooked": 1, "reused": 2, "dropped": 0, "failed": 0}
    assert arrays["target/height"][:, 1].tolist() == pytest.approx([0, 0.1, 0.2])


def test_quick_items_are_kept_together_and_those_of_another_shape_apart(cook, write, monkeypatch):
    monkeypatch.setattr("geokiln.cooking.cook_batch.KEEP_SECONDS", 60)
    write("bad.txt", "3")

    with pytest.raises(UserError):
        cook(items(0, 1, 2, 3, 4))
    found = find_items(Store(f"data_points/{fingerprint({})}"), items(0, 1, 2, 4).digests())

    assert len(kept()) == 1 and not len(found.missing)
    Path("bad.txt").unlink()
    done, arrays = cook(items(0, 1, 2, 3, 4))
    assert done == {"cooked": 1, "reused": 4, "dropped": 0, "failed": 0}
    assert np.allclose(arrays["target/height"][:, 2], 2 * np.arange(5) / 10)
    assert len(kept()) == 1  # the whole batch; its parts are gone

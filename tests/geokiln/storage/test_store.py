import json
import os
import shutil
from pathlib import Path

import pytest

from geokiln.storage.store import Store

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def store():
    return Store("data_points")


def keep(store, key, prints=("aa", "bb"), content=b"rows" * 100):
    with store.keep(key) as folder:
        (folder / "rows.npz").write_bytes(content)
        (folder / "items.json").write_text(json.dumps({"fingerprints": list(prints), "seconds": [0.0] * len(prints)}))


def test_what_was_kept_is_published(store):
    keep(store, KEY, content=b"content")

    done = store.publish(KEY, {"rows.npz": "batches/0-1.npz"})

    assert done
    assert Path("batches/0-1.npz").read_bytes() == b"content"
    assert os.listdir("batches") == ["0-1.npz"]


def test_what_was_not_kept_is_not_published(store):
    done = store.publish(KEY, {"rows.npz": "batches/0-1.npz"})

    assert not done
    assert not Path("batches").exists()


def test_results_are_kept_in_a_folder_per_stage_and_fingerprint(store):
    keep(store, KEY)
    keep(Store("wedges"), KEY)

    kept = sorted(str(path) for path in Path(".kept").glob("*/*"))

    assert kept == [f".kept/data_points/{KEY}", f".kept/wedges/{KEY}"]


def test_deleting_what_was_published_costs_nothing(store):
    keep(store, KEY, content=b"content")
    store.publish(KEY, {"rows.npz": "a.npz"})
    Path("a.npz").unlink()

    done = store.publish(KEY, {"rows.npz": "a.npz"})

    assert done
    assert Path("a.npz").read_bytes() == b"content"


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "emptied": lambda path: path.write_bytes(b""),
    "changed": lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\x00"),
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["rows.npz", "items.json", "checksums.json"])
def test_a_damaged_result_is_thrown_away_and_not_published(name, damage, store):
    keep(store, KEY)
    DAMAGES[damage](store.folder / KEY / name)

    done = store.publish(KEY, {"rows.npz": "a.npz"})

    assert not done
    assert not Path("a.npz").exists()
    assert not (store.folder / KEY).exists()


def test_a_result_that_was_thrown_away_can_be_kept_anew(store):
    keep(store, KEY)
    DAMAGES["truncated"](store.folder / KEY / "rows.npz")
    assert not store.is_whole(KEY)

    keep(store, KEY, content=b"anew")

    assert store.is_whole(KEY)
    assert (store.folder / KEY / "rows.npz").read_bytes() == b"anew"


def test_a_published_file_that_was_edited_in_place_is_noticed(store):
    keep(store, KEY)
    store.publish(KEY, {"rows.npz": "a.npz"})
    with open("a.npz", "r+b") as file:
        file.write(b"edit")

    done = store.publish(KEY, {"rows.npz": "b.npz"})

    assert not done


def test_a_result_that_is_kept_twice_is_no_error_and_stays_as_it_was(store):
    keep(store, KEY, content=b"first")

    keep(store, KEY, content=b"second")

    assert (store.folder / KEY / "rows.npz").read_bytes() == b"first"
    assert os.listdir(store.folder) == [KEY]
    assert store.is_whole(KEY)


def test_a_result_that_cannot_be_kept_is_an_error(store):
    store.folder.mkdir(parents=True)
    (store.folder / KEY).write_text("in the way")

    with pytest.raises(OSError) as error:
        keep(store, KEY)

    assert KEY in str(error.value)
    assert os.listdir(store.folder) == [KEY]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_is_kept_when_the_block_raises(error, store):
    with pytest.raises(error), store.keep(KEY) as folder:
        (folder / "rows.npz").write_bytes(b"half")
        raise error

    assert os.listdir(store.folder) == []
    assert not store.is_whole(KEY)


def test_a_result_appears_at_once_and_complete(store):
    with store.keep(KEY) as folder:
        (folder / "rows.npz").write_bytes(b"rows")
        during = (store.folder / KEY).exists(), store.is_whole(KEY)

    assert during == (False, False)
    assert sorted(os.listdir(store.folder / KEY)) == ["checksums.json", "rows.npz"]


def test_what_a_killed_job_left_of_a_result_is_no_obstacle(store):
    left = store.folder / f".{os.getpid()}.{KEY}"
    left.mkdir(parents=True)
    (left / "old.npz").write_bytes(b"old")

    keep(store, KEY)

    assert sorted(os.listdir(store.folder / KEY)) == ["checksums.json", "items.json", "rows.npz"]


def test_a_result_that_another_job_folded_in_may_be_discarded_twice(store):
    keep(store, KEY)

    store.discard(KEY)
    store.discard(KEY)

    assert not (store.folder / KEY).exists()


def test_the_whole_store_may_be_deleted(store):
    keep(store, KEY)
    shutil.rmtree(".kept")

    keep(store, KEY, content=b"again")

    assert store.publish(KEY, {"rows.npz": "a.npz"})
    assert Path("a.npz").read_bytes() == b"again"


def test_a_result_may_be_kept_anew(store):
    keep(store, KEY)

    with store.keep(KEY, anew=True) as folder:
        (folder / "rows.npz").write_bytes(b"new")

    assert store.publish(KEY, {"rows.npz": "a.npz"})
    assert Path("a.npz").read_bytes() == b"new"

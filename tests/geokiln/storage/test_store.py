import json
import os
from pathlib import Path

import pytest

from geokiln.storage.store import Store

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def store():
    return Store("data_points")


def keep(store, content=b"rows" * 100, **how):
    with store.keep(KEY, **how) as folder:
        (folder / "rows.npz").write_bytes(content)
        (folder / "items.json").write_text(json.dumps({"fingerprints": ["aa", "bb"]}))


def published(store):
    """What is published of the result, or None where nothing is."""
    done = store.publish(KEY, {"rows.npz": "batches/0-1.npz"})
    assert done == Path("batches/0-1.npz").exists()
    return Path("batches/0-1.npz").read_bytes() if done else None


def test_what_was_kept_is_published_as_often_as_it_is_deleted(store):
    keep(store, b"content")

    first = published(store)
    alone = os.listdir("batches")
    Path("batches/0-1.npz").unlink()
    of_another_stage = published(Store("wedges"))
    second = published(store)

    assert first == second == b"content"
    assert of_another_stage is None
    assert alone == ["0-1.npz"]
    assert os.listdir(".kept/data_points") == [KEY]


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "changed": lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\x00"),
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["rows.npz", "items.json", "checksums.json"])
def test_a_damaged_result_is_thrown_away_and_not_published(name, damage, store):
    keep(store)
    DAMAGES[damage](store.folder / KEY / name)

    result = published(store)

    assert result is None
    assert not (store.folder / KEY).exists()


def test_a_result_that_is_kept_twice_stays_as_it_was_unless_it_is_kept_anew(store):
    for content, how in ((b"first", {}), (b"second", {}), (b"third", {"anew": True})):
        keep(store, content, **how)
        assert published(store) == (content if how else b"first")

    assert os.listdir(store.folder) == [KEY]


def test_a_result_that_cannot_be_kept_is_an_error(store):
    store.folder.mkdir(parents=True)
    (store.folder / KEY).write_text("in the way")

    with pytest.raises(OSError, match=KEY):
        keep(store)

    assert os.listdir(store.folder) == [KEY]


def test_nothing_is_kept_when_the_block_is_interrupted(store):
    with pytest.raises(KeyboardInterrupt), store.keep(KEY) as folder:
        (folder / "rows.npz").write_bytes(b"half")
        raise KeyboardInterrupt

    assert os.listdir(store.folder) == []


def test_a_result_appears_at_once_and_without_what_a_killed_job_left(store):
    left = store.folder / f".{os.getpid()}.{KEY}"
    left.mkdir(parents=True)
    (left / "old.npz").write_bytes(b"old")

    with store.keep(KEY) as folder:
        (folder / "rows.npz").write_bytes(b"rows")
        during = (store.folder / KEY).exists(), store.is_whole(KEY)

    assert during == (False, False)
    assert sorted(os.listdir(store.folder / KEY)) == ["checksums.json", "rows.npz"]

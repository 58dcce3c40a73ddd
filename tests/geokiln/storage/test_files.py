import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from geokiln.storage.files import (
    content_digest,
    crc32,
    link_or_copy,
    locked,
    put_aside,
    read_json,
    watch,
    write_json,
    written,
)

HOLDER = """
import os, sys, time
from pathlib import Path
from geokiln.storage.files import locked
with locked("batches/0-3.npz", Path("locks")):
    print("held", flush=True)
    if sys.argv[1] == "first" and not os.fork():  # a worker that lives on until the other has the lock
        os.closerange(0, 3)
        while not Path("order.txt").exists():
            time.sleep(0.02)
        os._exit(0)
    sys.stdin.readline()
    with open("order.txt", "a") as file:
        file.write(sys.argv[1] + "\\n")
"""


def is_free(path):
    """Whether nobody holds the lock at *path*."""
    with open(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def holder(name):
    """Start a process that holds a lock until it is told to go on."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "scripts")}
    environment |= {"GEOKILN_TERMINAL": "terminal.txt"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", HOLDER, name], env=environment, text=True, **pipes)


@pytest.mark.parametrize(
    ("end", "order"),
    [(lambda first: first.communicate("\n"), "first\nsecond\n"), (lambda first: first.kill(), "second\n")],
    ids=["ends", "is killed"],
)
def test_a_second_process_says_for_whom_it_waits_until_the_first_ends_though_its_child_lives_on(end, order):
    first = holder("first")
    assert first.stdout.readline() == "held\n"
    second = holder("second")
    waiting = second.stdout.readline()
    second.stdin.write("\n")
    second.stdin.flush()
    before = Path("order.txt").exists()

    end(first)
    second.communicate()
    first.wait()

    whom = f"process {first.pid} on {os.uname().nodename}, -c"
    assert waiting == f"waiting for another job that works on batches/0-3.npz: {whom}\n"
    assert Path("terminal.txt").read_text() == f"-c: {waiting}"
    assert not before
    assert Path("order.txt").read_text() == order


def test_a_process_that_holds_a_lock_goes_on_and_keeps_it_to_the_outer_end():
    path = ".kept/locks/a.lock"

    with pytest.raises(ValueError), locked("a"):
        with locked("a"):
            pass
        inside = is_free(path)
        raise ValueError
    after = is_free(path)
    with locked("a"):
        anew = is_free(path)

    assert (inside, after, anew) == (False, True, False)


def test_locks_of_other_names_and_folders_are_others(tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()

    with locked("a/b"), locked("a/c"):
        held = sorted(path.name for path in Path(".kept/locks").iterdir())
        monkeypatch.chdir(tmp_path / "other")
        with locked("a/b"):
            there = Path(".kept/locks/a__b.lock").exists()

    assert held == ["a__b.lock", "a__c.lock"]
    assert there


def test_written_makes_the_folder_and_moves_the_files_into_place_in_their_order_at_the_end():
    Path("a.json/in the way").mkdir(parents=True)

    with pytest.raises(IsADirectoryError), written("new/folder/a.raw", "a.ids", "a.json") as paths:
        for number, path in enumerate(paths):
            path.write_text(str(number))
        during = [*os.listdir("new/folder"), *os.listdir()]
        free = is_free(".kept/locks/new__folder__a.raw.lock")
    with written("one.txt") as path:
        path.write_text("one")

    assert not {"a.raw", "a.ids"} & set(during)
    assert not free
    assert [Path(path).read_text() for path in ("new/folder/a.raw", "a.ids", "one.txt")] == ["0", "1", "one"]
    assert (os.listdir("new/folder"), sorted(os.listdir())) == (
        ["a.raw"],
        [".kept", "a.ids", "a.json", "new", "one.txt"],
    )


def test_written_leaves_nothing_behind_when_it_is_interrupted_and_the_old_file_stays():
    Path("a.txt").write_text("old")

    with pytest.raises(KeyboardInterrupt), written("a.txt", "b.txt") as (a, b):
        a.write_text("half")
        b.write_text("half")
        raise KeyboardInterrupt

    assert Path("a.txt").read_text() == "old"
    assert sorted(os.listdir()) == [".kept", "a.txt"]


@pytest.mark.parametrize("links", [True, False], ids=["link", "copy"])
def test_a_published_file_has_the_sources_bytes_in_place_of_an_older_one(links, monkeypatch):
    def refuse(source, target):
        raise OSError("Invalid cross-device link")

    for name in ("older", "kept", "left"):
        Path(name).write_text(name)
    Path("batches").mkdir()
    os.link("left", "batches/.partial.0-3.npz")  # by a job that was killed
    os.utime("kept", (0, 0))
    monkeypatch.setattr("geokiln.storage.files.COPIED_BYTES", 0)
    if not links:
        monkeypatch.setattr(os, "link", refuse)

    for source in ("older", "kept", "kept"):
        link_or_copy(source, "batches/0-3.npz")

    assert Path("batches/0-3.npz").read_text() == "kept"
    assert [Path(name).read_text() for name in ("older", "kept", "left")] == ["older", "kept", "left"]
    assert os.path.samefile("kept", "batches/0-3.npz") == links
    assert os.listdir("batches") == ["0-3.npz"]
    assert os.path.getmtime("batches/0-3.npz") > 1e9  # as new as its publishing


@pytest.mark.parametrize("digest", [crc32, content_digest])
def test_a_digest_depends_on_all_bytes_and_on_nothing_else(digest):
    contents = {"a": b"x" * 3_000_000, "end": b"x" * 2_999_999 + b"y", "start": b"y" + b"x" * 2_999_999}
    for name, content in {**contents, "other name": contents["a"]}.items():
        Path(name).write_bytes(content)

    digests = [digest(name) for name in ("other name", *contents)]

    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_crc32_is_that_of_the_standard():
    Path("the standard's own example").write_bytes(b"123456789")

    assert crc32("the standard's own example") == 0xCBF43926


def test_a_damaged_file_is_put_aside_over_an_older_one_if_it_is_still_there():
    Path("a.npz").write_text("damaged")
    Path("a.npz.damaged").write_text("older")

    errors = [put_aside("a.npz", "too short") for _ in range(2)]

    sentence = "a.npz is damaged (too short); it was put aside as a.npz.damaged: run again to make it anew"
    assert [str(error) for error in errors] == [sentence, sentence]
    assert Path("a.npz.damaged").read_text() == "damaged"
    assert not Path("a.npz").exists()


@pytest.mark.parametrize("content", [b'{"items": [{"id": ', b"\xff\xfe\x00"], ids=["truncated", "bytes"])
def test_json_that_cannot_be_read_is_put_aside_and_named(content, told):
    Path("a.json").write_bytes(content)

    assert told(read_json, "a.json").startswith("a.json is damaged (not JSON: ")
    assert told(read_json, "a.json") == "a.json does not exist"
    assert Path("a.json.damaged").read_bytes() == content


def test_a_document_comes_back_in_its_order_with_a_line_for_each_key():
    document = {"z": [1, 2.5, None], "a": {"text": 'ü "quoted"\n'}, "m": True}

    write_json("a.json", document)
    write_json("empty.json", {})

    assert list(read_json("a.json").items()) == list(document.items())
    assert Path("a.json").read_text().count("\n") == len(document) + 2
    assert read_json("empty.json") == {}


CHANGES = {
    "edited": lambda path: path.write_text("22"),
    "replaced": lambda path: os.replace("c.txt", path),
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_watched_file_that_changes_is_named(change, told):
    for path in ("a.txt", "b.txt", "c.txt"):
        Path(path).write_text("1")
    check = watch(["a.txt", "b.txt"])
    check()

    CHANGES[change](Path("b.txt"))

    assert told(check) == "b.txt changed while it was in use; nothing was made of it, run again"
    assert told(watch, ["nowhere.geo"]) == "nowhere.geo does not exist"

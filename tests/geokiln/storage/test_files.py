import fcntl
import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from geokiln.errors import UserError
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

SCRIPTS = Path(__file__).parents[3] / "scripts"
HOLDER = """
import sys
from pathlib import Path
from geokiln.storage.files import locked
with locked("batches/0-3.npz", Path("locks")):
    print("held", flush=True)
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
    """Start a process that takes the lock, says so, and lets it go when it is told."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, name],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_second_process_waits_until_the_first_lets_the_lock_go_and_says_so():
    first = holder("first")
    assert first.stdout.readline() == "held\n"
    second = holder("second")
    waiting = second.stdout.readline()
    before = Path("order.txt").exists()

    second.stdin.write("\n")
    second.stdin.flush()
    first.communicate("\n")
    second.communicate()

    assert waiting == "waiting for another job that works on batches/0-3.npz\n"
    assert not before
    assert Path("order.txt").read_text() == "first\nsecond\n"


def test_a_killed_process_frees_its_lock():
    first = holder("first")
    assert first.stdout.readline() == "held\n"
    first.kill()
    first.communicate()

    with locked("batches/0-3.npz", Path("locks")):
        held = True

    assert held


def test_a_free_lock_is_taken_without_a_word(capsys):
    with locked("a"):
        pass
    with locked("a"):
        pass

    assert capsys.readouterr().out == ""


def test_a_process_that_holds_a_lock_goes_on_and_keeps_it_to_the_outer_end():
    with locked("a"):
        with locked("a"):
            pass
        inside = is_free(".kept/locks/a.lock")

    assert not inside
    assert is_free(".kept/locks/a.lock")


def test_a_lock_is_the_folders_own(tmp_path, monkeypatch):
    with locked("a"):
        (tmp_path / "other").mkdir()
        monkeypatch.chdir(tmp_path / "other")
        with locked("a"):
            held = Path(".kept/locks/a.lock").exists()

    assert held


def test_different_names_do_not_wait_for_each_other():
    with locked("a/b"), locked("a/c"):
        held = sorted(path.name for path in Path(".kept/locks").iterdir())

    assert held == ["a__b.lock", "a__c.lock"]


def test_written_makes_the_folder_and_moves_the_file_into_place_at_the_end():
    with written("new/folder/a.txt") as path:
        path.write_text("content")
        during = os.listdir("new/folder")

    assert "a.txt" not in during
    assert Path("new/folder/a.txt").read_text() == "content"
    assert os.listdir("new/folder") == ["a.txt"]


def test_written_gives_a_path_for_each_of_several_targets():
    with written("a.raw", "b/a.json") as (raw, sidecar):
        raw.write_text("raw")
        sidecar.write_text("sidecar")

    assert (Path("a.raw").read_text(), Path("b/a.json").read_text()) == ("raw", "sidecar")


def test_the_last_target_is_moved_last(monkeypatch):
    moved = []
    move = os.replace
    monkeypatch.setattr(os, "replace", lambda source, target: (moved.append(Path(target).name), move(source, target)))

    with written("a.raw", "a.ids", "a.json") as paths:
        for path in paths:
            path.write_text("x")

    assert moved == ["a.raw", "a.ids", "a.json"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_written_leaves_nothing_behind_when_the_block_raises_and_the_old_file_stays(error):
    Path("a.txt").write_text("old")

    with pytest.raises(error), written("a.txt", "b.txt") as (a, b):
        a.write_text("half")
        b.write_text("half")
        raise error

    assert Path("a.txt").read_text() == "old"
    assert sorted(os.listdir()) == [".kept", "a.txt"]


def test_the_lock_is_free_again_after_a_block_that_raised(capsys):
    with pytest.raises(ValueError), written("a.txt"):
        raise ValueError

    with written("a.txt") as path:
        path.write_text("new")

    assert Path("a.txt").read_text() == "new"
    assert capsys.readouterr().out == ""


def test_written_holds_the_lock_of_its_first_target_while_the_block_runs():
    with written("batches/0-3.npz", "batches/0-3.json") as paths:
        for path in paths:
            path.write_text("x")
        inside = is_free(".kept/locks/batches__0-3.npz.lock")

    assert not inside
    assert is_free(".kept/locks/batches__0-3.npz.lock")
    assert sorted(os.listdir("batches")) == ["0-3.json", "0-3.npz"]


def test_a_link_shares_the_files_bytes():
    Path("kept").write_bytes(b"rows")

    link_or_copy("kept", "batches/0-3.npz")

    assert os.path.samefile("kept", "batches/0-3.npz")
    assert Path("kept").read_bytes() == b"rows"


def test_where_links_are_impossible_the_file_is_copied(monkeypatch):
    def refuse(source, target):
        raise OSError("Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    Path("kept").write_bytes(b"rows")

    link_or_copy("kept", "batches/0-3.npz")

    assert Path("batches/0-3.npz").read_bytes() == b"rows"
    assert not os.path.samefile("kept", "batches/0-3.npz")
    assert os.listdir("batches") == ["0-3.npz"]


@pytest.mark.parametrize("links", [True, False], ids=["link", "copy"])
def test_an_old_target_is_replaced_and_the_source_keeps_its_bytes(links, monkeypatch):
    if not links:
        monkeypatch.setattr(os, "link", lambda source, target: (_ for _ in ()).throw(OSError()))
    Path("kept").write_bytes(b"new")
    Path("target").write_bytes(b"old")

    link_or_copy("kept", "target")

    assert Path("target").read_bytes() == b"new"
    assert Path("kept").read_bytes() == b"new"


def test_a_published_file_is_as_new_as_its_publishing():
    Path("kept").write_bytes(b"rows")
    os.utime("kept", (0, 0))

    link_or_copy("kept", "target")

    assert os.path.getmtime("target") > 1e9


def test_deleting_or_replacing_a_published_file_leaves_the_source():
    Path("kept").write_bytes(b"rows")
    link_or_copy("kept", "target")

    with written("target") as path:
        path.write_bytes(b"other")

    assert Path("kept").read_bytes() == b"rows"


def test_publishing_twice_leaves_no_temporary_file():
    Path("kept").write_bytes(b"rows")

    link_or_copy("kept", "batches/0-3.npz")
    link_or_copy("kept", "batches/0-3.npz")

    assert os.listdir("batches") == ["0-3.npz"]


def test_a_link_that_a_killed_job_left_is_replaced_and_what_it_leads_to_stays():
    Path("kept").write_bytes(b"rows")
    Path("kept before").write_bytes(b"older rows")
    os.link("kept before", ".partial.target")

    link_or_copy("kept", "target")

    assert os.path.samefile("kept", "target")
    assert Path("kept before").read_bytes() == b"older rows"
    assert sorted(os.listdir()) == ["kept", "kept before", "target"]


@pytest.mark.parametrize("content", [b"", b"a", b"123456789", bytes(range(256)) * 9000])
def test_crc32_is_that_of_the_whole_file(content):
    Path("a").write_bytes(content)

    result = crc32("a")

    assert result == zlib.crc32(content)


def test_crc32_of_the_standards_own_example():
    Path("a").write_bytes(b"123456789")

    result = crc32("a")

    assert result == 0xCBF43926


def test_a_digest_depends_on_the_bytes_alone():
    Path("a").write_bytes(b"x" * 3_000_000)
    Path("other name").write_bytes(b"x" * 3_000_000)
    Path("c").write_bytes(b"x" * 2_999_999 + b"y")

    digests = [content_digest(path) for path in ("a", "other name", "c")]

    assert digests[0] == digests[1] != digests[2]
    assert all(len(digest) == 32 and int(digest, 16) >= 0 for digest in digests)


def test_a_damaged_file_is_put_aside_and_the_error_says_what_to_do():
    Path("a.npz").write_text("damaged")

    error = put_aside("a.npz", "too short")

    assert isinstance(error, UserError)
    assert str(error) == ("a.npz is damaged (too short); it was put aside as a.npz.damaged: run again to make it anew")
    assert Path("a.npz.damaged").read_text() == "damaged"
    assert not Path("a.npz").exists()


def test_an_older_damaged_file_makes_way():
    Path("a.npz").write_text("new")
    Path("a.npz.damaged").write_text("old")

    put_aside("a.npz", "reason")

    assert Path("a.npz.damaged").read_text() == "new"


def test_a_file_that_is_gone_already_can_be_put_aside():
    error = put_aside("a.npz", "reason")

    assert "a.npz is damaged (reason)" in str(error)


def test_a_missing_json_file_is_named():
    with pytest.raises(UserError) as error:
        read_json("work_items/0-3.json")

    assert str(error.value) == "work_items/0-3.json does not exist"


@pytest.mark.parametrize("content", [b'{"items": [{"id": ', b"", b'{"a": 1} {', b"\xff\xfe\x00", b"\x00" * 20])
def test_json_that_cannot_be_read_is_put_aside_and_named(content):
    Path("a.json").write_bytes(content)

    with pytest.raises(UserError) as error:
        read_json("a.json")

    assert str(error.value).startswith("a.json is damaged (not JSON: ")
    assert not Path("a.json").exists()
    assert Path("a.json.damaged").read_bytes() == content


def test_a_document_comes_back_in_its_order_with_a_line_for_each_key():
    document = {"z": [1, 2.5, None], "a": {"text": 'ü "quoted"\n'}, "m": True}

    write_json("a.json", document)

    assert list(read_json("a.json").items()) == list(document.items())
    assert Path("a.json").read_text().count("\n") == len(document) + 2


def test_an_empty_document_is_json():
    write_json("a.json", {})

    assert json.loads(Path("a.json").read_text()) == {}


def test_files_imports_nothing_but_the_standard_library():
    shutil.copytree(SCRIPTS / "geokiln", "geokiln", ignore=shutil.ignore_patterns("__pycache__"))
    program = "import sys, geokiln.storage.files, geokiln.storage.store, geokiln.storage.fingerprints; print('numpy' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


@pytest.mark.parametrize("change", ["edit", "replace", "delete"])
def test_a_watched_file_that_changes_is_named(change):
    Path("a.txt").write_text("1")
    Path("b.txt").write_text("1")
    check = watch(["a.txt", "b.txt"])
    check()

    if change == "edit":
        Path("b.txt").write_text("22")
    elif change == "replace":
        Path("c.txt").write_text("1")
        os.replace("c.txt", "b.txt")
    else:
        os.unlink("b.txt")

    with pytest.raises(UserError) as error:
        check()
    assert str(error.value) == "b.txt changed while it was in use; nothing was made of it, run again"


def test_a_file_to_watch_that_is_not_there_is_named():
    with pytest.raises(UserError) as error:
        watch(["nowhere.geo"])

    assert str(error.value) == "nowhere.geo does not exist"

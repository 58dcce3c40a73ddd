import json
import os
from pathlib import Path

import pytest

from geokiln.planning.lost_files import loss_record

TARGET, FILES = "predictions/all.npz", ["geometry/poses.geo", "batches/0-3.npz", "model.onnx", "a", "b"]
RECORD = Path(".snakemake/geokiln/lost_before_predictions_all.npz.json")


@pytest.fixture
def look(write):
    """Build all files; return a function that looks for losses: the text of the record, and what it names."""
    for path in [TARGET, *FILES]:
        write(path, "x")

    def look(**options):
        path, named = loss_record(TARGET, FILES, **options)
        return Path(path).read_text(), named

    look()
    return look


def test_a_record_is_a_file_below_snakemakes_folder_named_after_the_target():
    path, named = loss_record(TARGET, FILES)

    assert (path, named) == (str(RECORD), [])
    assert json.loads(Path(path).read_text()) == {"noticed": None, "lost": []}


def test_each_target_has_a_record_of_its_own():
    paths = {loss_record(target, FILES)[0] for target in (TARGET, "model.onnx")}

    assert len(paths) == 2


def test_nothing_is_lost_before_the_first_run(capsys):
    before = loss_record(TARGET, FILES), RECORD.read_text()

    after = loss_record(TARGET, FILES), RECORD.read_text()

    assert before == after
    assert capsys.readouterr().err == ""


def test_nothing_is_lost_while_the_target_is_missing_too(look):
    before = look()
    os.unlink(TARGET)
    os.unlink(FILES[0])

    after = look()

    assert after == before
    assert after[1] == []


def test_a_record_is_not_touched_while_nothing_is_missing(look):
    os.utime(RECORD, (1, 1))

    look()

    assert os.path.getmtime(RECORD) == 1


@pytest.mark.parametrize("lost", FILES)
def test_a_lost_file_changes_the_record_and_is_named(lost, look, capsys):
    before, _ = look()
    os.unlink(lost)

    after, named = look()

    assert after != before
    assert named == json.loads(after)["lost"] == [lost]
    assert capsys.readouterr().err == f"Missing for {TARGET}: {lost}\n"


@pytest.mark.parametrize(("count", "more"), [(3, ""), (4, " and 1 more"), (5, " and 2 more")])
def test_of_many_lost_files_three_are_named(count, more, look, capsys):
    for path in FILES[:count]:
        os.unlink(path)

    _, named = look()

    assert named == FILES[:count]
    assert f"Missing for {TARGET}: geometry/poses.geo, batches/0-3.npz, model.onnx{more}\n" == capsys.readouterr().err


def test_a_job_that_does_not_notice_reads_the_record_and_changes_nothing(look, capsys):
    os.unlink(FILES[1])
    noticed = look()
    os.unlink(FILES[2])
    capsys.readouterr()

    seen = look(notice=False)

    assert seen == noticed
    assert seen[1] == [FILES[1]]
    assert capsys.readouterr().err == ""


def test_the_record_stays_after_mending(look, write):
    os.unlink(FILES[1])
    noticed = look()
    write(FILES[1], "made again")

    after = look()

    assert after == noticed


def test_the_same_loss_a_second_time_is_a_new_loss(look, write):
    os.unlink(FILES[1])
    first, _ = look()
    write(FILES[1], "made again")
    os.unlink(FILES[1])

    second, _ = look()

    assert second != first


def test_a_lost_file_that_leads_nowhere_any_more_is_not_wanted(look):
    os.unlink(FILES[1])
    look()

    _, named = loss_record(TARGET, [FILES[0]])

    assert named == []


def test_a_lost_record_is_made_again_as_if_nothing_had_been_lost(look, write):
    os.unlink(FILES[1])
    look()
    write(FILES[1], "made again")
    RECORD.unlink()

    _, named = look()

    assert named == []
    assert os.listdir(RECORD.parent) == [RECORD.name]


@pytest.mark.parametrize("content", ["", '{"noticed": 17'])
def test_a_truncated_record_is_made_again(content, look):
    RECORD.write_text(content)

    text, named = look()

    assert named == []
    assert json.loads(text)["lost"] == []

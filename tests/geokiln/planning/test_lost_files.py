import json
import os
from pathlib import Path

import pytest

from geokiln.planning.lost_files import RECORD, LostFiles, missing

TARGET, FILES = "predictions/all.npz", ["geometry/poses.geo", "batches/0-3.npz", "model.onnx", "a", "b"]


@pytest.fixture
def look(write):
    """Build all files; return a function that reads the rules, and runs: how often something was lost, and what."""
    for path in [TARGET, *FILES]:
        write(path, "x")

    def look(runs=True, notices=True):
        lost = LostFiles(notices)
        lost.notice(TARGET, missing(FILES))
        if runs:
            lost.write_down()
        return lost.times(TARGET), lost.before(TARGET)

    return look


def test_nothing_is_lost_while_nothing_is_missing_or_the_target_is_to_be_made_anyway(look, capsys):
    before = look()
    os.unlink(TARGET)
    os.unlink(FILES[0])

    assert before == look() == (0, [])
    assert capsys.readouterr().err == "" and not RECORD.exists()


def test_a_lost_file_counts_once_and_stays_noted_after_mending(look, write, capsys):
    os.unlink(FILES[1])

    noticed = look()
    write(FILES[1], "made again")

    assert noticed == look() == (1, [FILES[1]])
    assert capsys.readouterr().err == f"Missing for {TARGET}: {FILES[1]}\n"


def test_the_same_loss_a_second_time_is_a_new_loss(look, write):
    os.unlink(FILES[1])
    look()
    write(FILES[1], "made again")
    os.unlink(FILES[1])

    assert look() == (2, [FILES[1]])


def test_of_many_lost_files_three_are_named(look, capsys):
    for path in FILES[:4]:
        os.unlink(path)

    look()

    assert capsys.readouterr().err == f"Missing for {TARGET}: {', '.join(FILES[:3])} and 1 more\n"


def test_looking_alone_writes_nothing(look):
    os.unlink(FILES[1])

    assert look(runs=False) == look(runs=False) == (1, [FILES[1]])
    assert not RECORD.exists()


def test_a_job_of_a_farm_goes_by_what_its_run_noted(look, capsys):
    os.unlink(FILES[1])
    noticed = look()
    os.unlink(FILES[2])
    capsys.readouterr()

    assert look(notices=False) == noticed
    assert capsys.readouterr().err == ""


def test_targets_are_noted_apart(look):
    os.unlink(FILES[2])
    look()
    lost = LostFiles()
    lost.notice("a", ["x"])
    lost.write_down()

    assert (LostFiles().times("a"), LostFiles().times(TARGET), LostFiles().times("b")) == (1, 1, 0)
    assert os.listdir(RECORD.parent) == [RECORD.name]


@pytest.mark.parametrize("content", ["", '{"noticed": 17', "[1]"])
def test_a_damaged_record_is_as_if_nothing_had_been_lost(content, look):
    RECORD.parent.mkdir(parents=True)
    RECORD.write_text(content)

    assert look() == (0, [])
    os.unlink(FILES[0])
    assert look() == (1, [FILES[0]])
    assert json.loads(Path(RECORD).read_text())[TARGET]["lost"] == [FILES[0]]

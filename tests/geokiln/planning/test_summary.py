import os
import sys

import pytest

from geokiln.planning.summary import MOST_WARNINGS, note_times, print_summary, print_warnings

ERRORS = """\
unseen,target,answer,rms,worst,model_share,worst_share
stir,displacement,model,0.0123,0.03,1.0,1.0
stir,displacement,baseline,0.246,0.5,0.05,0.2
sway,P[red],nearest example,0.006,0.02,2.05,3.5
"""
WEDGES = """\
rank,wedge,hidden_layers,validation_rmse_height,relative_validation_rmse,ranked_by,status,epochs,best_epoch,seconds,parameters
1,hidden_layers-2,2,0.0123,0.1,validation,trained,400,390,3.21,12704
2,hidden_layers-1,1,0.4567,0.7,validation,trained,400,400,3.0,3392
3,hidden_layers-9,9,,,validation,diverged,7,,1.0,0
"""


@pytest.fixture
def summary(capsys, monkeypatch, write):
    """A function that gives what is printed about tables, and those of earlier runs, with a screen of 160 columns."""
    monkeypatch.setenv("COLUMNS", "160")

    def summary(packs=(), old=(), **tables):
        for name, text in tables.items():
            write(f"{name}.csv", text)
        note_times(old)
        print_summary("wedges.csv", "errors.csv", packs)
        return capsys.readouterr().out

    return summary


def test_the_errors_are_printed_as_a_table_with_shares_in_percent(summary):
    output = summary(errors=ERRORS)

    model, baseline, nearest = (line.split() for line in output.splitlines() if line.startswith((" stir", " sway")))
    assert model == ["stir", "displacement", "model", "0.0123", "0.03"]  # no share of itself
    assert baseline == ["stir", "displacement", "baseline", "0.246", "0.5", "5.0%", "20.0%"]
    assert nearest == ["sway", "P[red]", "nearest", "example", "0.006", "0.02", "205.0%", "350.0%"]


def test_a_simpler_answer_that_wins_is_pointed_out(summary):
    output = summary(errors=ERRORS)

    warnings = [line for line in output.splitlines() if "Warning" in line]
    assert warnings == ["Warning: the model loses to the nearest example in sway, P[red]."]


def test_nothing_is_printed_without_files_of_this_run_or_ground_truth(summary):
    assert summary() == ""
    assert summary(errors=ERRORS.splitlines()[0]) == ""
    assert summary(errors=ERRORS, wedges=WEDGES, old=["errors.csv", "wedges.csv"]) == ""


def test_without_rich_the_files_are_named(summary, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)

    output = summary(errors=ERRORS, wedges=WEDGES)

    assert output.splitlines()[1:] == ["Wedges: wedges.csv", "Errors on unseen inputs: errors.csv"]


def test_the_wedges_are_ranked_in_a_table(summary, write):
    write("packs/b.json", '{"trained": ["hidden_layers-9"]}')
    write("rungs/5/b.json", '{"trained": ["hidden_layers-9", "hidden_layers-1"]}')
    write("packs/old.json", '{"trained": ["other"]}')
    packs = ["rungs/5/b.json", "packs/b.json", "packs/old.json", "packs/none.json"]

    output = summary(packs, ["packs/old.json"], wedges=WEDGES)

    first, second, third = (line for line in output.splitlines()[1:] if line.strip()[:2] in ("1 ", "2 ", "3 "))
    assert output.startswith("2 of 3 wedges trained in this run: hidden_layers-9, hidden_layers-1\n")
    assert first.split() == ["1", "2", "0.0123", "400", "3.2", "12704"]
    assert second.split() == ["2", "1", "0.457", "400", "3.0", "3392"]
    assert third.split() == ["3", "9", "diverged", "7"]


def test_a_single_wedge_needs_no_table_and_many_are_cut_short(summary):
    header, row = WEDGES.splitlines()[:2]
    many = [header, *(row.replace("1,", f"{rank},", 1) for rank in range(1, 31))]

    assert summary(wedges=f"{header}\n{row}") == ""
    output = summary(wedges="\n".join(many))

    assert output.count("12704") == 20
    assert "... and 10 more in wedges.csv" in output and "0 of 30 wedges trained in this run\n" in output


def test_what_jobs_of_this_run_warned_of_is_printed_once_and_cut_short(write, capsys):
    sentence = "Geokiln warns: cook read rest.obj"
    for name in ("0-3", "4-7"):
        write(f"logs/cook_batch/{name}.log", f"{'x' * 100_000}\n{sentence}\n4 cooked, says: {sentence}\n")
    os.utime(write("logs/import.log", "Geokiln warns: of an earlier run"), (1e9, 1e9))

    print_warnings("logs")
    said = capsys.readouterr().out
    write("logs/merge.log", "".join(f"Geokiln warns: {number}\n" for number in range(MOST_WARNINGS)))
    print_warnings("logs")

    assert said == f"{sentence}\n"
    assert capsys.readouterr().out.endswith(f"Geokiln warns: {MOST_WARNINGS - 2}\n... and 1 more in logs/\n")

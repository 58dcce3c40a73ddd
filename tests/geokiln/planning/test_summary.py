import builtins
import os

import pytest

from geokiln.planning.summary import print_summary

HEADER = "unseen,target,answer,rms,worst,model_share,worst_share"
ROWS = [
    "stir,displacement,model,0.0123,0.03,1.0,1.0",
    "stir,displacement,baseline,0.246,0.5,0.05,0.2",
    "sway,displacement,nearest example,0.006,0.02,2.05,3.5",
]


@pytest.fixture
def summary(capsys, monkeypatch, write):
    """A function that writes rows of errors.csv and gives what is printed about them."""
    monkeypatch.setenv("COLUMNS", "160")

    def summary(*rows, age=0):
        path = write("predictions/errors.csv", "\n".join([HEADER, *rows]) + "\n")
        if age:
            os.utime(path, (os.path.getmtime(path) - age,) * 2)
        print_summary("wedges.csv", path, [])
        return capsys.readouterr().out

    return summary


def test_the_errors_are_printed_as_a_table_with_shares_in_percent(summary):
    output = summary(*ROWS[:2])

    line = next(line for line in output.splitlines() if "baseline" in line)
    assert all(cell in line for cell in ("stir", "displacement", "0.246", "0.5", "5.0%", "20.0%"))
    assert "predictions/errors.csv" in output
    assert all(word in output for word in ("unseen", "target", "answer", "RMS", "worst", "model's", "share"))
    assert "Warning" not in output


def test_the_model_has_no_share_of_itself(summary):
    output = summary(ROWS[0])

    line = next(line for line in output.splitlines() if "model" in line and "0.0123" in line)
    assert "%" not in line


def test_a_simpler_answer_that_wins_is_pointed_out(summary):
    output = summary(*ROWS)

    warnings = [line for line in output.splitlines() if "Warning" in line]
    assert warnings == ["Warning: the model loses to the nearest example in sway, displacement."]


def test_nothing_is_printed_without_a_file(capsys):
    print_summary("wedges.csv", "predictions/errors.csv", [])

    assert capsys.readouterr().out == ""


def test_nothing_is_printed_without_ground_truth(summary):
    assert summary() == ""


def test_the_table_of_an_earlier_run_is_not_printed(summary):
    assert summary(*ROWS, age=10**6) == ""


def test_without_rich_the_file_is_named(summary, monkeypatch, tmp_path):
    real = builtins.__import__

    def without_rich(name, *arguments):
        if name.startswith("rich"):
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_rich)

    assert summary(*ROWS) == f"Errors on unseen inputs: {tmp_path}/predictions/errors.csv\n"


def test_names_with_brackets_are_printed_as_they_are(summary):
    output = summary("stir,P[red],model,1,1,1,1", "stir,P[red],baseline,0.5,1,2,2")

    assert output.count("P[red]") == 3


WEDGES = """\
rank,wedge,hidden_layers,validation_rmse_height,relative_validation_rmse,ranked_by,status,epochs,best_epoch,seconds,parameters
1,hidden_layers-2,2,0.0123,0.1,validation,trained,400,390,3.21,12704
2,hidden_layers-1,1,0.4567,0.7,validation,trained,400,400,3.0,3392
3,hidden_layers-9,9,,,validation,diverged,7,,1.0,0
"""


def test_the_wedges_are_ranked_in_a_table(write, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")

    write("packs/b.json", '{"trained": ["hidden_layers-9"]}')
    write("rungs/5/b.json", '{"trained": ["hidden_layers-9", "hidden_layers-1"]}')
    write("packs/old.json", '{"trained": ["other"]}')
    os.utime("packs/old.json", (1e9, 1e9))
    packs = ["rungs/5/b.json", "packs/b.json", "packs/old.json", "packs/none.json"]

    print_summary(write("wedges.csv", WEDGES), "errors.csv", packs)

    output = capsys.readouterr().out
    first, second, third = (line for line in output.splitlines()[1:] if line.strip()[:2] in ("1 ", "2 ", "3 "))
    assert output.startswith("2 of 3 wedges trained in this run: hidden_layers-9, hidden_layers-1\n")
    assert first.split() == ["1", "2", "0.0123", "400", "3.2", "12704"]
    assert second.split() == ["2", "1", "0.457", "400", "3.0", "3392"]
    assert third.split() == ["3", "9", "diverged", "7"]


def test_a_single_wedge_needs_no_table_and_many_are_cut_short(write, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    lines = WEDGES.splitlines()

    print_summary(write("wedges.csv", "\n".join(lines[:2])), "errors.csv", [])
    assert capsys.readouterr().out == ""

    many = [lines[0], *(lines[1].replace("1,", f"{rank},", 1) for rank in range(1, 31))]
    print_summary(write("wedges.csv", "\n".join(many)), "errors.csv", [])
    output = capsys.readouterr().out
    assert "... and 10 more in wedges.csv" in output and "0 of 30 wedges trained in this run\n" in output

import csv
import json

import pytest

from select_wedge import main


@pytest.fixture
def select(write, settings):
    """A function that writes the results of wedges (name -> relative error and dataset), and ranks them."""

    def select(**wedges):
        for name, (error, dataset) in wedges.items():
            result = {
                "status": "trained", "recipe": {"target_components": 3}, "settings": settings(hidden_layers=len(name)),
                "best_epoch": 15, "validation_rmse": {"height": 3 * error}, "relative_validation_rmse": error,
                "parameters": 100, "dataset": dataset,
            }  # fmt: skip
            write(f"wedges/{name}/training.json", json.dumps(result))
            write(f"packs/{name}.json", json.dumps({"wedges": {name: {}}}))
        packs = [f"packs/{name}.json" for name in wedges]
        files = ["--result", "wedges/{wedge}/training.json", "--output", "wedges.csv", "--sidecar", "wedges.json"]
        main(["--packs", *packs, "--axes", "hidden_layers", *files])

    return select


def test_the_wedges_of_all_packs_are_ranked_in_a_table(select, capsys):
    select(a=(0.3, "d"), bb=(0.1, "d"))

    with open("wedges.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["rank"], row["wedge"], row["hidden_layers"]) for row in rows] == [("1", "bb", "2"), ("2", "a", "1")]
    assert float(rows[0]["validation_rmse_height"]) == pytest.approx(0.3)
    assert capsys.readouterr().out.splitlines()[0] == "  1. bb: validation RMSE height 0.3 (15 epochs)"


def test_what_cannot_be_ranked_ends_in_a_sentence_and_no_table(select, tmp_path):
    with pytest.raises(SystemExit, match="^select_wedge: the wedges were trained on different datasets"):
        select(a=(0.1, "d"), b=(0.2, "e"))

    assert not (tmp_path / "wedges.csv").exists()

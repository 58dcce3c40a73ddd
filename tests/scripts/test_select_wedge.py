import csv
import json
from pathlib import Path

import pytest

from select_wedge import main


@pytest.fixture
def results(write, settings):
    """A function that writes the results and packs of wedges (name -> relative error), and gives the packs' paths."""

    def results(**errors):
        for name, error in errors.items():
            result = {
                "status": "trained",
                "recipe": {"name": "base", "target_components": 3},
                "settings": settings(hidden_layers=len(name)),
                "epochs": 20,
                "best_epoch": 15,
                "training_loss": 0.1,
                "validation_loss": 0.2,
                "validation_rmse": {"height": 3 * error},
                "relative_validation_rmse": error,
                "parameters": 100,
                "dataset": "d",
                "seconds": 1.5,
            }
            write(f"wedges/{name}/training.json", json.dumps(result))
            write(f"packs/{name}.json", json.dumps({"wedges": {name: {}}}))
        return [f"packs/{name}.json" for name in errors]

    return results


def table():
    with open("wedges.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_the_wedges_are_ranked_in_a_table(results, capsys):
    main(["--packs", *results(a=0.3, bb=0.1, ccc=0.2), "--axes", "hidden_layers", "--output", "wedges.csv"])

    rows = table()

    assert [(row["rank"], row["wedge"], row["hidden_layers"]) for row in rows] == [
        ("1", "bb", "2"),
        ("2", "ccc", "3"),
        ("3", "a", "1"),
    ]
    assert float(rows[0]["relative_validation_rmse"]) == 0.1
    assert float(rows[0]["validation_rmse_height"]) == pytest.approx(0.3)
    assert capsys.readouterr().out.splitlines()[0] == "  1. bb: validation RMSE height 0.3 (15 epochs)"


def test_the_order_of_the_arguments_does_not_change_the_table(results):
    paths, contents = results(a=0.1, b=0.1, c=0.1), []

    for order in (paths, paths[::-1]):
        main(["--packs", *order, "--axes", "--output", "wedges.csv"])
        contents.append(Path("wedges.csv").read_bytes())

    assert contents[0] == contents[1]


def test_one_wedge_without_axes_is_the_best(results):
    main(["--packs", *results(single=0.1), "--axes", "--output", "wedges.csv"])

    assert [row["wedge"] for row in table()] == ["single"]


def test_wedges_of_different_datasets_end_in_a_sentence(results, failure):
    packs, other = results(a=0.1, b=0.2), Path("wedges/b/training.json")
    other.write_text(other.read_text().replace('"dataset": "d"', '"dataset": "e"'))

    message = failure(main, ["--packs", *packs, "--output", "wedges.csv"])

    assert message.startswith("select_wedge: the wedges were trained on different datasets")
    assert not Path("wedges.csv").exists()


def test_a_damaged_result_is_put_aside_and_named(results, failure):
    packs = results(a=0.1, b=0.2)
    Path("wedges/a/training.json").write_text("{")

    message = failure(main, ["--packs", *packs, "--output", "wedges.csv"])

    assert message.startswith("select_wedge: wedges/a/training.json is damaged (not JSON: ")
    assert Path("wedges/a/training.json.damaged").exists()


def test_a_missing_result_is_named(results, failure):
    packs = results(a=0.1, b=0.1)
    Path("wedges/b/training.json").unlink()

    message = failure(main, ["--packs", *packs, "--output", "wedges.csv"])

    assert message == "select_wedge: wedges/b/training.json does not exist"

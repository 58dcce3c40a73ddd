import csv
import json
from pathlib import Path

import numpy as np
import pytest

import judge_wedges
import select_wedge
from geokiln.storage.arrays import read_arrays


@pytest.fixture
def arguments(wedges, unseen):
    """The command line, for two trained wedges and two unseen inputs."""
    unseen("stir")
    unseen("sway", count=7)
    options = {
        "packs": ["packs/short.json", "packs/long.json"],
        "unseen": ["unseen/stir.npz", "unseen/sway.npz"],
        "preprocessed": ["preprocessed"],
        "examples": ["dataset/examples.raw"],
        "sidecar": ["dataset/examples.json"],
        "output": ["wedges_on_unseen.json"],
    }
    return [word for name, values in options.items() for word in (f"--{name}", *values)]


def judged():
    return json.loads(Path("wedges_on_unseen.json").read_text())


def test_each_wedge_has_its_errors_over_all_unseen_inputs(arguments):
    judge_wedges.main(arguments)

    assert judged().keys() == {"short", "long"}
    assert judged()["long"]["relative_unseen_rmse"] < judged()["short"]["relative_unseen_rmse"]
    assert judged()["long"]["unseen_rmse"].keys() == {"height", "force"}


def test_the_ranking_goes_by_them_and_says_so(arguments):
    judge_wedges.main(arguments)
    made = judged()
    made["long"]["relative_unseen_rmse"], made["short"]["relative_unseen_rmse"] = 0.9, 0.1
    Path("wedges_on_unseen.json").write_text(json.dumps(made))

    select_wedge.main(["--packs", "packs/short.json", "packs/long.json", "--axes", "epochs",
                       "--on-unseen", "wedges_on_unseen.json", "--output", "wedges.csv"])  # fmt: skip

    with open("wedges.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["wedge"], row["ranked_by"]) for row in rows] == [("short", "unseen"), ("long", "unseen")]
    assert float(rows[0]["unseen_rmse_height"]) == pytest.approx(made["short"]["unseen_rmse"]["height"])


def test_a_wedge_that_diverged_is_passed_over(arguments):
    path = Path("wedges/short/training.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "status": "diverged"}))

    judge_wedges.main(arguments)

    assert judged().keys() == {"long"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"target/force": None}, "unseen/stir.npz: target/force has shape missing; the dataset's is"),
        ({"input/x": np.zeros((4, 5))}, "unseen/stir.npz: input/x has shape (5,); the dataset's is"),
    ],
    ids=str,
)
def test_an_unseen_input_of_another_layout_is_named(change, sentence, arguments, unseen, failure):
    arrays = {**read_arrays("unseen/stir.npz"), **change}
    np.savez("unseen/stir.npz", **{name: array for name, array in arrays.items() if array is not None})

    message = failure(judge_wedges.main, arguments)

    assert message.startswith(f"judge_wedges: {sentence}") and not Path("wedges_on_unseen.json").exists()

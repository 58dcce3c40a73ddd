import csv
import json
from pathlib import Path

import pytest

import judge_wedges
import select_wedge
from geokiln.storage.results import read_result

PACKS = ["--packs", "packs/short.json", "packs/long.json"]


@pytest.fixture
def arguments(wedges, unseen):
    """The command line, for two trained wedges and two unseen inputs."""
    unseen("stir")
    unseen("sway", count=7)
    return [*PACKS, *wedges, "--unseen", "unseen/stir.npz", "unseen/sway.npz", "--output", "wedges_on_unseen.json"]


def test_trained_wedges_are_judged_over_all_unseen_inputs_and_ranked_by_that(arguments):
    judge_wedges.main(arguments)
    made = read_result("wedges_on_unseen.json")
    turned = {"long": {**made["long"], "relative_unseen_rmse": 9.0}, "short": made["short"]}
    Path("wedges_on_unseen.json").write_text(json.dumps(turned))
    ranked = ["--result", "wedges/{wedge}/training.json", "--on-unseen", "wedges_on_unseen.json"]
    select_wedge.main([*PACKS, *ranked, "--axes", "epochs", "--output", "wedges.csv", "--sidecar", "wedges.json"])

    assert made["long"]["relative_unseen_rmse"] < made["short"]["relative_unseen_rmse"] < 9.0
    assert made["long"]["unseen_rmse"].keys() == {"height", "force"}
    with open("wedges.csv", newline="") as file:
        assert [(row["wedge"], row["ranked_by"]) for row in csv.DictReader(file)] == [
            ("short", "unseen"), ("long", "unseen")
        ]  # fmt: skip
    path = Path("wedges/short/training.json")
    path.write_text(json.dumps({**read_result(path), "status": "diverged"}))
    judge_wedges.main(arguments)
    assert read_result("wedges_on_unseen.json") == {"long": made["long"]}

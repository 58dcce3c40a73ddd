import csv
import json
from pathlib import Path

import numpy as np
import pytest

from geokiln.storage.arrays import read_arrays, write_arrays
from merge_predictions import main


def arguments(*predictions):
    judged = [path.replace(".npz", ".json") for path in predictions]
    outputs = [
        "--output",
        "predictions/all.npz",
        "--errors",
        "predictions/errors.csv",
        "--sidecar",
        "predictions/all.json",
    ]
    return ["--predictions", *predictions, "--judged", *judged, *outputs]


@pytest.fixture
def predictions():
    """A function that writes predictions/{name}.npz and .json of *count* items; gives the path."""

    def predictions(name, count, judged=True):
        Path("predictions").mkdir(exist_ok=True)
        ids = [str(number) for number in range(count)]
        values = np.arange(count, dtype=np.float32)
        arrays = {"id": np.array(ids), "height": np.outer(values, [1, 2, 3]), "force": values}
        write_arrays(f"predictions/{name}.npz", arrays)
        errors = {"height": {"model": [0.5] * count, "mean target": [1.0] * count}} if judged else {}
        document = {"ids": ids, "seconds_per_item": {"model": 1e-5, "cook": 0.1}, "errors": errors}
        Path(f"predictions/{name}.json").write_text(json.dumps(document))
        return f"predictions/{name}.npz"

    return predictions


def test_predictions_are_merged_in_order_and_errors_are_a_table_with_a_row_for_each_answer(predictions, capsys):
    main(arguments(predictions("walk", 3), predictions("a_run", 2), predictions("unknown", 1, judged=False)))

    result, output = read_arrays("predictions/all.npz"), capsys.readouterr().out
    with open("predictions/errors.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(result) == ["source", "id", "height", "force"]
    assert result["source"].tolist() == ["walk"] * 3 + ["a_run"] * 2 + ["unknown"]
    assert result["id"].tolist() == ["0", "1", "2", "0", "1", "0"]
    assert result["height"].tolist() == [[n, 2 * n, 3 * n] for n in (0, 1, 2, 0, 1, 0)]
    assert [(row["unseen"], row["target"], row["answer"]) for row in rows] == [
        (unseen, "height", answer) for unseen in ("walk", "a_run") for answer in ("model", "mean target")
    ]
    assert [float(rows[1][name]) for name in ("rms", "worst", "model_share", "worst_share")] == [1, 1, 0.5, 0.5]
    assert "walk, 3 items" in output and "a_run, 2 items" in output


def test_without_any_ground_truth_the_table_is_its_header(predictions):
    main(arguments(predictions("walk", 3, judged=False)))

    header = "unseen,target,answer,rms,worst,model_share,worst_share"
    assert Path("predictions/errors.csv").read_text().strip() == header

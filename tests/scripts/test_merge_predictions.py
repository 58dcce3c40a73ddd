import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from geokiln.storage.arrays import read_arrays, write_arrays
from merge_predictions import main

OUTPUTS = ["--output", "predictions/all.npz", "--errors", "predictions/errors.csv"]


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


def table():
    with open("predictions/errors.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_the_predictions_of_all_unseen_inputs_are_merged_in_order(predictions):
    main([predictions("walk", 3), predictions("a_run", 2), *OUTPUTS])

    result = read_arrays("predictions/all.npz")

    assert list(result) == ["source", "id", "height", "force"]
    assert result["source"].tolist() == ["walk"] * 3 + ["a_run"] * 2
    assert result["id"].tolist() == ["0", "1", "2", "0", "1"]
    assert result["height"].tolist() == [[n, 2 * n, 3 * n] for n in (0, 1, 2, 0, 1)]


def test_the_errors_are_a_table_with_a_row_for_each_answer(predictions, capsys):
    main([predictions("walk", 3), predictions("run", 2), *OUTPUTS])

    rows = table()

    assert [(row["unseen"], row["target"], row["answer"]) for row in rows] == [
        (unseen, "height", answer) for unseen in ("walk", "run") for answer in ("model", "mean target")
    ]
    assert [float(rows[1][name]) for name in ("rms", "worst", "model_share", "worst_share")] == [1, 1, 0.5, 0.5]
    output = capsys.readouterr().out
    assert "walk, 3 items" in output and "run, 2 items" in output


def test_an_input_without_ground_truth_has_predictions_and_no_row(predictions):
    main([predictions("walk", 3), predictions("run", 2, judged=False), *OUTPUTS])

    assert {row["unseen"] for row in table()} == {"walk"}
    assert len(read_arrays("predictions/all.npz")["id"]) == 5


def test_without_any_ground_truth_the_table_is_its_header(predictions):
    main([predictions("walk", 3, judged=False), *OUTPUTS])

    assert table() == []
    header = "unseen,target,answer,rms,worst,model_share,worst_share"
    assert Path("predictions/errors.csv").read_text().strip() == header


@pytest.mark.parametrize("suffix", ["npz", "json"])
def test_a_damaged_prediction_is_put_aside_and_named(suffix, predictions, failure):
    paths = [predictions("walk", 3), predictions("run", 2)]
    os.truncate(f"predictions/run.{suffix}", 10)

    message = failure(main, [*paths, *OUTPUTS])

    assert message.startswith(f"merge_predictions: predictions/run.{suffix} is damaged (")
    assert Path(f"predictions/run.{suffix}.damaged").exists()
    assert not Path("predictions/all.npz").exists()


def test_a_missing_prediction_is_named(predictions, failure):
    message = failure(main, [predictions("walk", 3), "predictions/run.npz", *OUTPUTS])

    assert message == "merge_predictions: predictions/run.npz does not exist"

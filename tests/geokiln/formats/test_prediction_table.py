import csv

import numpy as np
import pyarrow.parquet
import pytest

from geokiln.errors import UserError
from geokiln.formats import prediction_table
from geokiln.formats.prediction_table import write_predictions
from geokiln.storage import arrays

HEIGHT = np.float32([[1, 2], [3, 4], [5, 6.5]])


def cooked(truth):
    found = {"id": np.array(["a", "b,c", "d"]), "input/x": np.float32([0.1, 0.2, 0.3])}
    return {**found, "target/height": HEIGHT + 1, "target/force": np.float32([1, 2, 3])} if truth else found


PREDICTED = {"id": np.array(["a", "b,c", "d"]), "height": HEIGHT, "force": np.float32([1, 2, 5])}


@pytest.mark.parametrize("block", [1, 1 << 20], ids=["a row at a time", "at once"])
def test_a_csv_has_a_row_for_each_item_and_a_column_for_each_number(block, monkeypatch):
    monkeypatch.setattr(arrays, "BLOCK_BYTES", block)

    write_predictions("walk.csv", cooked(True), PREDICTED)

    with open("walk.csv", newline="") as file:
        names, *rows = csv.reader(file)
    truth = ["truth/height_0", "truth/height_1", "truth/force"]
    assert names == ["id", "input/x", "height_0", "height_1", "force", *truth, "error/height", "error/force"]
    assert [row[0] for row in rows] == ["a", "b,c", "d"]
    assert np.float32([row[1:] for row in rows]).tolist() == np.float32(
        [[0.1, 1, 2, 1, 2, 3, 1, 1, 0], [0.2, 3, 4, 2, 4, 5, 2, 1, 0], [0.3, 5, 6.5, 5, 6, 7.5, 3, 1, 2]]
    ).tolist()  # fmt: skip


def test_a_parquet_has_lists_and_without_ground_truth_no_error():
    write_predictions("walk.parquet", cooked(False), {**PREDICTED, "grid": np.float32(np.arange(12).reshape(3, 2, 2))})

    table = pyarrow.parquet.read_table("walk.parquet")
    assert table.column_names == ["id", "input/x", "height", "force", "grid"]
    assert table["height"].to_pylist() == HEIGHT.tolist()
    assert table["grid"].to_pylist()[1] == [[4, 5], [6, 7]]


def test_two_columns_of_one_name_are_told():
    predicted = {"id": np.array(["0"]), "h": np.zeros((1, 2)), "h_0": np.zeros(1)}

    with pytest.raises(UserError, match="two columns would be called 'h_0'; rename a target, or ask for"):
        write_predictions("film.csv", {"id": predicted["id"]}, predicted)


def test_a_csv_that_no_program_opens_is_refused_with_what_holds_as_many(monkeypatch):
    monkeypatch.setattr(prediction_table, "MOST_COLUMNS", 4)

    with pytest.raises(UserError) as error:
        write_predictions("walk.csv", cooked(False), PREDICTED)

    assert str(error.value).startswith(
        "a .csv of these predictions would have 5 columns, more than 4; ask for the .par"
    )
    write_predictions("walk.parquet", cooked(False), PREDICTED)

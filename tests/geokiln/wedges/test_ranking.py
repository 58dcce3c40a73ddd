import csv
from pathlib import Path

import pytest

from geokiln.errors import UserError
from geokiln.wedges.ranking import chosen_wedge, rank_wedges, table_text


def result(relative, parameters=100, dataset="d", rmse=None, **settings):
    return {
        "status": "trained",
        "dataset": dataset,
        "relative_validation_rmse": relative,
        "parameters": parameters,
        "validation_rmse": rmse or {"height": relative * 2},
        "settings": {"hidden_layers": 1, "weight_decay": 0.0, **settings},
        "recipe": {"name": "base"},
        "epochs": 50,
        "best_epoch": 40,
        "seconds": 1.5,
        "training_loss": 0.1,
        "validation_loss": 0.2,
    }


def names(rows):
    return [row["wedge"] for row in rows]


def test_the_wedge_with_the_smallest_relative_error_comes_first():
    results = {"a": result(0.3), "b": result(0.1), "c": result(0.2)}

    rows = rank_wedges(results, [])

    assert names(rows) == ["b", "c", "a"]
    assert [row["rank"] for row in rows] == [1, 2, 3]


def test_a_tie_goes_to_the_smaller_network_then_by_name():
    results = {"d": result(0.1, 50), "c": result(0.1, 50), "a": result(0.1, 60)}

    rows = rank_wedges(results, [])

    assert names(rows) == ["c", "d", "a"]


def test_the_order_of_the_results_does_not_matter():
    results = {name: result(0.1) for name in "abcd"}

    backwards = rank_wedges(dict(reversed(results.items())), [])

    assert backwards == rank_wedges(results, [])


def test_a_row_holds_the_varied_values_and_the_errors_in_physical_units():
    one = result(0.1, rmse={"height": 0.02, "force": 30.0}, hidden_layers=2)

    row = rank_wedges({"a": one}, ["hidden_layers"])[0]

    assert row["hidden_layers"] == 2
    assert (row["validation_rmse_height"], row["validation_rmse_force"]) == (0.02, 30.0)
    assert "weight_decay" not in row
    assert {row[name] for name in ("epochs", "best_epoch", "seconds", "parameters")} == {50, 40, 1.5, 100}


def test_wedges_with_other_keys_show_the_values_that_they_were_trained_with():
    results = {"a": result(0.1, weight_decay=0.5), "b": result(0.2, hidden_layers=4)}

    rows = rank_wedges(results, ["hidden_layers", "weight_decay"])

    assert [(row["hidden_layers"], row["weight_decay"]) for row in rows] == [(1, 0.5), (4, 0.0)]


def test_epochs_that_were_asked_for_stand_beside_those_that_it_took():
    row = rank_wedges({"a": result(0.1, epochs=200)}, ["epochs"])[0]

    assert (row["training.epochs"], row["epochs"]) == (200, 50)


def test_wedges_of_different_datasets_are_not_compared():
    results = {"a": result(0.1, dataset="d"), "b": result(0.2, dataset="e")}

    with pytest.raises(UserError) as error:
        rank_wedges(results, [])

    assert "different datasets" in str(error.value)


def test_the_chosen_wedge_is_that_of_the_first_row():
    rows = rank_wedges({"a": result(0.2), "b": result(0.1)}, ["hidden_layers"])
    with open("wedges.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    assert chosen_wedge("wedges.csv") == ("b", "validation")


def test_errors_on_unseen_inputs_rank_where_they_are_known_and_the_rows_say_so():
    on_unseen = {"a": 0.1, "b": 0.9}
    results = {
        name: {**result(error), "relative_unseen_rmse": on_unseen[name], "unseen_rmse": {"height": 2 * on_unseen[name]}}
        for name, error in (("a", 0.5), ("b", 0.2))
    }
    results["c"] = {"status": "diverged", "dataset": "d", "settings": {}, "recipe": {}, "parameters": 0}

    rows = rank_wedges(results, [])

    assert names(rows) == ["a", "b", "c"] and {row["ranked_by"] for row in rows} == {"unseen"}
    assert (rows[0]["unseen_rmse_height"], rows[0]["relative_unseen_rmse"]) == (0.2, 0.1)
    assert rows[0].keys() == rows[2].keys()


def test_wedges_that_were_dropped_stand_behind_the_others_the_earlier_the_further():
    dropped = {"early": {"after_epochs": 10}, "late": {"after_epochs": 30}}
    results = {name: {**result(0.1), "dropped": record} for name, record in dropped.items()}

    rows = rank_wedges({**results, "last": result(0.9)}, [])

    assert [(row["wedge"], row["dropped_after"]) for row in rows] == [("last", None), ("late", 30), ("early", 10)]
    assert "dropped_after" not in rank_wedges({"last": result(0.9)}, [])[0]


@pytest.mark.parametrize("content", ["", "rank,wedge\n"], ids=["empty", "no rows"])
def test_a_ranking_without_a_row_is_named(content):
    Path("wedges.csv").write_text(content)

    with pytest.raises(UserError) as error:
        chosen_wedge("wedges.csv")

    assert "wedges.csv" in str(error.value)


def test_the_ranking_as_text_has_a_line_for_each_wedge():
    rows = rank_wedges({"a": result(0.2), "b": result(0.1)}, [])

    lines = table_text(rows).splitlines()

    assert lines == [
        "  1. b: validation RMSE height 0.2 (40 epochs)",
        "  2. a: validation RMSE height 0.4 (40 epochs)",
    ]


def test_a_wedge_that_diverged_stands_at_the_end_and_says_so():
    bad = {"recipe": {}, "status": "diverged", "dataset": "d", "parameters": 1, "epochs": 3, "seconds": 1.0,
           "settings": {"hidden_layers": 9}}  # fmt: skip
    rows = rank_wedges({"a": bad, "b": result(0.5)}, ["hidden_layers"])

    assert names(rows) == ["b", "a"]
    assert rows[1]["validation_rmse_height"] is None and rows[1]["hidden_layers"] == 9
    assert rows[0].keys() == rows[1].keys()
    assert table_text(rows).splitlines()[1] == "  2. a: diverged in epoch 3"


def test_if_all_diverged_there_is_nothing_to_choose():
    bad = {"recipe": {}, "status": "diverged", "dataset": "d", "parameters": 1}

    with pytest.raises(UserError, match=r"every wedge diverged \(a, b\); lower training.learning_rate"):
        rank_wedges({"a": bad, "b": bad}, [])


def test_test_errors_have_columns_of_their_own():
    results = {"a": {**result(0.3), "test_rmse": {"height": 0.7}}}

    assert rank_wedges(results, [])[0]["test_rmse_height"] == 0.7

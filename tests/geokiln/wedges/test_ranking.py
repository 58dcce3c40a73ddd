import pytest

from geokiln.errors import UserError
from geokiln.storage.results import write_result
from geokiln.wedges.ranking import chosen_wedge, rank_wedges, table_text

DIVERGED = {"status": "diverged", "dataset": "d", "parameters": 1, "settings": {"hidden_layers": 9}, "recipe": {}}


def result(relative, parameters=100, dataset="d", **settings):
    return {
        "status": "trained",
        "dataset": dataset,
        "relative_validation_rmse": relative,
        "parameters": parameters,
        "validation_rmse": {"height": relative * 2},
        "settings": {"hidden_layers": 1, "weight_decay": 0.0, **settings},
        "recipe": {"split_seed": 8},
        "epochs": 50,
        "best_epoch": 40,
        "seconds": 1.5,
    }


def test_the_smallest_relative_error_comes_first_then_the_smaller_network_then_the_earlier_name():
    results = {"d": result(0.1, 50), "c": result(0.1, 50), "a": result(0.1, 60), "e": result(0.05, 99)}

    rows = rank_wedges(results, [])

    assert [(row["rank"], row["wedge"]) for row in rows] == [(1, "e"), (2, "c"), (3, "d"), (4, "a")]


def test_a_row_holds_the_values_that_vary_as_they_were_trained_with():
    results = {"a": result(0.1, hidden_layers=2), "b": result(0.2, epochs=200)}
    results["a"]["settings"]["epochs"] = 100

    rows = rank_wedges(results, ["hidden_layers", "split_seed", "epochs"])

    columns = ["hidden_layers", "split_seed", "training.epochs", "epochs"]  # asked for, and taken
    assert [[row[column] for column in columns] for row in rows] == [[2, 8, 100, 50], [1, 8, 200, 50]]
    assert "weight_decay" not in rows[0]


def test_a_row_holds_the_errors_in_physical_units_and_what_the_training_took():
    errors = {"validation_rmse": {"height": 0.02, "force": 30.0}, "test_rmse": {"height": 0.7}}

    (row,) = rank_wedges({"a": {**result(0.1), **errors}}, [])

    assert (row["validation_rmse_height"], row["validation_rmse_force"], row["test_rmse_height"]) == (0.02, 30.0, 0.7)
    assert [row[name] for name in ("epochs", "best_epoch", "seconds", "parameters")] == [50, 40, 1.5, 100]


def test_errors_on_unseen_inputs_rank_where_they_are_known_and_the_rows_say_so():
    results = {
        name: {**result(error), "relative_unseen_rmse": unseen, "unseen_rmse": {"height": 2 * unseen}}
        for name, error, unseen in (("a", 0.5, 0.1), ("b", 0.2, 0.9))
    }

    rows = rank_wedges({**results, "c": DIVERGED}, [])

    assert [(row["wedge"], row["ranked_by"]) for row in rows] == [("a", "unseen"), ("b", "unseen"), ("c", "unseen")]
    assert (rows[0]["unseen_rmse_height"], rows[0]["relative_unseen_rmse"]) == (0.2, 0.1)
    assert rows[0].keys() == rows[2].keys()


def test_wedges_that_were_dropped_stand_behind_the_others_the_earlier_the_further():
    dropped = {"early": {"after_epochs": 10}, "late": {"after_epochs": 30}}
    results = {name: {**result(0.1), "dropped": record} for name, record in dropped.items()}

    rows = rank_wedges({**results, "last": result(0.9)}, [])

    assert [(row["wedge"], row["dropped_after"]) for row in rows] == [("last", None), ("late", 30), ("early", 10)]
    assert "dropped_after" not in rank_wedges({"last": result(0.9)}, [])[0]


def test_a_wedge_that_diverged_stands_at_the_end_and_the_ranking_as_text_says_so():
    results = {"a": {**DIVERGED, "epochs": 3}, "b": result(0.5), "c": result(0.2)}

    rows = rank_wedges(results, ["hidden_layers"])

    assert rows[2]["validation_rmse_height"] is None and rows[2]["hidden_layers"] == 9
    assert rows[0].keys() == rows[2].keys()
    assert table_text(rows).splitlines() == [
        "  1. c: validation RMSE height 0.4 (40 epochs)",
        "  2. b: validation RMSE height 1 (40 epochs)",
        "  3. a: diverged in epoch 3",
    ]


def test_if_all_diverged_there_is_nothing_to_choose():
    with pytest.raises(UserError, match=r"^every wedge diverged \(a, b\); lower training.learning_rate, or set "):
        rank_wedges({"a": DIVERGED, "b": DIVERGED}, [])


def test_wedges_of_different_datasets_are_not_compared():
    with pytest.raises(UserError, match="different datasets and cannot be compared; run again"):
        rank_wedges({"a": result(0.1, dataset="d"), "b": result(0.2, dataset="e")}, [])


@pytest.fixture
def ranking(write):
    """A function that writes wedges.csv and its side-car, which chooses a wedge."""

    def ranking(wedge):
        write("wedges.csv", "rank,wedge\n1,b\n2,a\n")
        write_result("wedges.json", {"wedge": wedge, "ranked_by": "unseen"}, {}, ["wedges.csv"])
        return "wedges.csv", "wedges.json"

    return ranking


def test_the_chosen_wedge_is_that_of_the_sidecar(ranking):
    assert chosen_wedge(*ranking("b")) == ("b", "unseen")


def test_a_ranking_that_was_edited_by_hand_counts_no_more(ranking, write):
    files = ranking("b")
    write("wedges.csv", "rank,wedge\n1,a\n2,b\n")

    with pytest.raises(UserError, match=r"^wedges.csv is damaged \(it does not agree with the digest in wedges.json\)"):
        chosen_wedge(*files)


def test_a_wedge_that_is_no_name_is_refused(ranking):
    with pytest.raises(UserError, match="^wedges.json: '../a' is no wedge's name"):
        chosen_wedge(*ranking("../a"))

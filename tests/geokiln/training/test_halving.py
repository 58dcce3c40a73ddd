import pytest

from geokiln.training.halving import dropped_wedges, rungs_mistake, settings_of_rung
from geokiln.training.settings import of_the_way, that_count
from geokiln.wedges.ranking import choose_survivors


def result(error, status="trained", parameters=10):
    return {"status": status, "parameters": parameters, **({"relative_validation_rmse": error} if error else {})}


@pytest.mark.parametrize(("count", "eta", "kept"), [(9, 3, 3), (10, 3, 4), (2, 3, 1), (1, 3, 1), (5, 2.5, 2)])
def test_one_of_eta_goes_on_rounded_up(count, eta, kept):
    results = {f"w{number}": result(number + 1) for number in range(count)}

    survivors, dropped = choose_survivors(results, eta)

    assert survivors == [f"w{number}" for number in range(kept)]
    assert dropped == {f"w{number}": number + 1 for number in range(kept, count)}


def test_the_order_of_the_results_changes_nothing_and_the_diverged_go_first():
    results = {"a": result(None, "diverged"), "b": result(0.5), "c": result(0.5, parameters=5), "d": result(0.9)}

    assert (
        choose_survivors(results, 2)
        == choose_survivors(dict(reversed(results.items())), 2)
        == (["b", "c"], {"d": 3, "a": 4})
    )


@pytest.mark.parametrize("schedule", ["constant", "cosine", "exponential", "step"])
def test_a_rung_is_on_the_way_of_the_full_training_and_a_result_of_its_own(schedule, wedge):
    full = wedge(epochs=90, schedule=schedule, end_learning_rate=1e-5)

    rung = settings_of_rung(full, 10)

    assert rung["epochs"] == 10 and of_the_way(rung) == of_the_way(full)
    assert that_count(rung) != that_count(full)


@pytest.mark.parametrize(("when", "saved"), [("never", "auto"), ("improvement", "auto"), ("end", "end"), (5, 5)])
def test_a_rung_always_leaves_a_state(when, saved, wedge):
    assert settings_of_rung(wedge(save_state=when), 3)["save_state"] == saved


def test_a_wedge_with_fewer_epochs_than_the_rung_is_trained_to_its_end(wedge):
    assert settings_of_rung(wedge(epochs=4), 10)["epochs"] == 4


def test_wedges_that_were_dropped_stay_as_they_were():
    earlier = {"a": {"key": "1"}, "b": {"key": "2", "dropped": {"rank": 9}}, "c": {"key": "3"}}

    assert dropped_wedges(earlier, {"dropped": {"c": {"rank": 2}, "of another pack": {"rank": 3}}}) == {
        "b": {"key": "2", "dropped": {"rank": 9}},
        "c": {"key": "3", "dropped": {"rank": 2}},
    }


@pytest.mark.parametrize(
    ("rungs", "changes", "sentence"),
    [
        ([], {}, None),
        ([10, 20], {}, None),
        ([20, 10], {}, "[20, 10] must be epochs that grow"),
        ([10, 10], {}, "[10, 10] must be epochs that grow"),
        ([10, 40], {}, "a wedge has only 40 epochs; rungs must be fewer"),
        ([15], {}, "15 is no multiple of training.epochs_per_evaluation (10)"),
        ([40], {"model": "linear"}, None),
    ],
    ids=str,
)
def test_rungs_that_cannot_be_are_told(rungs, changes, sentence, wedge):
    mistake = rungs_mistake(rungs, [wedge(**{"epochs": 40, "epochs_per_evaluation": 10, **changes})])

    assert mistake is sentence is None or mistake.startswith(sentence)

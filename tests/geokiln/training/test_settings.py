import pytest

from geokiln.training.settings import COUNTS_WITH, of_the_way, streamed_within, that_count


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"huber_delta": 2.0}, False),
        ({"loss": "huber"}, True),
        ({"momentum": 0.1}, False),
        ({"betas": [0.5, 0.5]}, True),
        ({"kernel_width": 3.0}, False),
        ({"kernel": "sigmoid"}, False),
        ({"step_epochs": 3}, False),
        ({"end_learning_rate": 0.1}, False),
        ({"save_state": "never"}, False),
        ({"seed": 1}, True),
        ({"patience": 1}, True),
        ({"error_threshold": 0.5}, False),
    ],
    ids=str,
)
def test_only_settings_that_shape_the_result_count(change, counts, wedge):
    assert (that_count(wedge()) != that_count(wedge(**change))) == counts


def test_a_setting_counts_with_the_one_that_asks_for_it(wedge):
    assert "huber_delta" in that_count(wedge(loss="huber"))
    assert "step_epochs" in that_count(wedge(schedule="step"))
    assert "kernel_degree" not in that_count(wedge(model="kernel"))
    assert "kernel_degree" in that_count(wedge(model="kernel", kernel="polynomial"))
    assert "hidden_layers" not in that_count(wedge(model="kernel"))


def test_with_a_script_of_ones_own_all_count(wedge):
    assert that_count(wedge(script="a.py")).keys() == wedge().keys() - {
        "script",
        "save_state",
        "pack_size",
        "initial_weights",
        "memory",
    }


def test_all_rules_name_settings_that_there_are(wedge):
    assert COUNTS_WITH.keys() <= wedge().keys()
    assert {other for other, _ in COUNTS_WITH.values()} <= wedge().keys()


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"epochs": 99}, True),
        ({"patience": 3, "iterations": 7}, True),
        ({"seed": 1}, False),
        ({"schedule": "cosine"}, False),
    ],
    ids=str,
)
def test_trainings_that_differ_in_their_end_go_the_same_way(changes, same, wedge):
    assert (of_the_way(wedge()) == of_the_way(wedge(**changes))) == same


def test_the_end_is_a_part_of_the_way_where_the_schedule_hangs_on_it(wedge):
    assert of_the_way(wedge(schedule="cosine", epochs=5)) != of_the_way(wedge(schedule="cosine", epochs=6))
    fixed = [wedge(schedule="cosine", schedule_epochs=5, epochs=epochs) for epochs in (5, 6)]
    assert of_the_way(fixed[0]) == of_the_way(fixed[1])


@pytest.mark.parametrize(
    ("count", "limit", "streamed"), [(100_000, None, None), (3_000_000, None, 1024), (3_000_000, 100_000, None)]
)
def test_memory_counts_only_for_what_is_streamed(count, limit, streamed, wedge):
    assert streamed_within(wedge(max_examples=limit), {"count": count, "width": 100}) == streamed

import pytest

from geokiln.training.settings import of_the_way, streamed_within, that_count

KERNEL = {"model": "kernel"}


@pytest.mark.parametrize(
    ("base", "change", "counts"),
    [
        ({}, {"seed": 1}, True),
        ({}, {"save_state": "never"}, False),
        ({}, {"huber_delta": 2.0}, False),
        ({"loss": "huber"}, {"huber_delta": 2.0}, True),
        ({"kernel": "polynomial"}, {"kernel_degree": 5}, False),
        (KERNEL, {"hidden_layers": 3}, False),
        (KERNEL, {"kernel_degree": 5}, False),
        ({**KERNEL, "kernel": "polynomial"}, {"kernel_degree": 5}, True),
        ({"script": "a.py"}, {"huber_delta": 2.0}, True),
        ({"script": "a.py"}, {"pack_size": 3, "initial_weights": "b.safetensors", "memory": 7}, False),
    ],
    ids=str,
)
def test_only_settings_that_shape_the_result_count_and_for_a_script_of_ones_own_all_do(base, change, counts, wedge):
    assert (that_count(wedge(**base)) != that_count(wedge(**base, **change))) == counts


@pytest.mark.parametrize(
    ("base", "change", "same"),
    [
        ({}, {"epochs": 99, "patience": 3, "iterations": 7}, True),
        ({}, {"seed": 1}, False),
        ({"schedule": "cosine"}, {"epochs": 99}, False),
        ({"schedule": "exponential"}, {"epochs": 99}, True),
        ({"schedule": "exponential", "end_learning_rate": 0.01}, {"epochs": 99}, False),
        ({"schedule": "cosine", "schedule_epochs": 5}, {"epochs": 99}, True),
    ],
    ids=str,
)
def test_trainings_that_differ_in_their_end_alone_go_the_same_way(base, change, same, wedge):
    assert (of_the_way(wedge(**base)) == of_the_way(wedge(**base, **change))) == same


@pytest.mark.parametrize(
    ("count", "limit", "streamed"), [(100_000, None, None), (3_000_000, None, 1024), (3_000_000, 100_000, None)]
)
def test_memory_counts_only_for_what_is_streamed(count, limit, streamed, wedge):
    assert streamed_within(wedge(max_examples=limit), {"count": count, "width": 100}) == streamed

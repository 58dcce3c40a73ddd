from geokiln.planning.reservations import memory, minutes


def test_a_job_reserves_memory_and_minutes_by_what_it_holds_and_by_the_attempt(project):
    config = project(resources={"cook": {"memory_per_item": 10, "minutes": 5, "minutes_per_item": 0.5}}).config

    assert [memory(config, "cook", 4, attempt) for attempt in (1, 2, 3)] == [1040, 2080, 3120]
    assert [minutes(config, "cook", count, 1) for count in (1, 4, 5)] == [6, 7, 8]
    assert minutes(config, "other", 1, 2) == 60


def test_a_training_reserves_the_examples_that_it_holds_and_others_do_not(project):
    config = project(training={"memory": 4000}).config

    assert memory(config, "train", 8, 1) == 1000 + 4000 + 8 * 50
    assert memory(config, "other", 1, 1) == 2000

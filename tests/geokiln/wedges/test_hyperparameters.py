from pathlib import Path

import yaml

from geokiln.wedges.hyperparameters import HYPERPARAMETERS

SCHEMA = yaml.safe_load((Path(__file__).parents[3] / "schemas/config.schema.yaml").read_text())["properties"][
    "training"
]


def test_the_table_has_a_row_for_each_key_of_training():
    assert HYPERPARAMETERS.keys() == SCHEMA["properties"].keys()


def test_a_key_counts_with_values_that_another_key_may_have():
    for key, about in HYPERPARAMETERS.items():
        if about.only:
            other, values = about.only
            assert set(values) <= set(SCHEMA["properties"][other]["enum"]), key


def test_what_does_not_count_is_files_and_how_a_job_works():
    uncounted = {key for key, about in HYPERPARAMETERS.items() if not about.counts}

    assert uncounted == {"script", "initial_weights", "save_state", "memory", "pack_size"}

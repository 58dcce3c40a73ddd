import pytest

from geokiln.dataset import context
from geokiln.dataset.context import preprocess_key


@pytest.fixture
def key(write, recipe):
    """A function that gives the key of a preprocessing, with what the test changes."""
    files = write("examples.json", "{}"), write("examples.ids", "0 1")
    return lambda environment="train-1", **changes: preprocess_key(recipe(**changes), environment, *files)


def test_every_setting_the_environment_the_dataset_and_the_version_change_the_key(key, write, monkeypatch):
    changes = {
        "validation_share": 0.5,
        "test_share": 0.2,
        "split_seed": 1,
        "standardise_inputs": False,
        "target_components": 0,
        "target_weights": {"force": 9},
        "environment": "train-2",
    }

    keys = [key(), *(key(**{name: value}) for name, value in changes.items())]
    for path, text in (("examples.json", "{1}"), ("examples.ids", "1 0")):
        write(path, text)
        keys.append(key())
    monkeypatch.setattr(context, "PREPROCESS_VERSION", context.PREPROCESS_VERSION + 1)
    keys.append(key())

    assert len(set(keys)) == len(changes) + 4
    assert key(test_share=0) == keys[-1]  # 0 is as good as 0.0

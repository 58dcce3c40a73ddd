from pathlib import Path

import pytest

from geokiln.storage.fingerprints import fingerprint
from geokiln.training import context
from geokiln.training.context import train_context


@pytest.fixture
def prints(pack_data, write):
    """A function that gives the fingerprint of what a training depends on, with files of these contents."""

    def prints(environment="train-1", **contents):
        names = ("base/training.json", "base/validation.json", "base/basis.npz", "examples.json", "start.safetensors")
        files = {**dict.fromkeys(names, "before"), "own.py": "LOSS = 1\n", **contents}
        for name, text in files.items():
            write(name, text)
        data = pack_data([Path("examples.raw"), Path("examples.json")])
        return fingerprint(train_context(data, environment, "own.py", "start.safetensors"))

    return prints


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"environment": "train-2"}, True),
        ({"base/training.json": "after"}, True),
        ({"base/validation.json": "after"}, True),
        ({"base/basis.npz": "after"}, True),
        ({"examples.json": "after"}, True),
        ({"start.safetensors": "after"}, True),
        ({"own.py": "LOSS = 2\n"}, True),
        ({"own.py": "# a comment\nLOSS = 1\n"}, False),
    ],
    ids=str,
)
def test_each_file_and_the_environment_count_and_comments_do_not(change, counts, prints):
    assert (prints() != prints(**change)) == counts


def test_a_raised_version_of_geokilns_own_counts(prints, monkeypatch):
    before = prints()

    monkeypatch.setattr(context, "TRAIN_VERSION", context.TRAIN_VERSION + 1)

    assert prints() != before


@pytest.mark.parametrize(
    ("text", "weights", "counts"),
    [
        ("def train(): pass\n", "start.safetensors", True),
        ("def train(): pass\n", None, False),
        ("def model(): pass\n", "start.safetensors", False),
    ],
)
def test_only_what_a_training_of_ones_own_made_before_it_took_up_initial_weights_counts_no_more(
    text, weights, counts, prints, pack_data
):
    prints(**{"own.py": text})
    made = train_context(pack_data([Path("examples.raw"), Path("examples.json")]), "train-1", "own.py", weights)

    earlier = {"version", "environment", "preprocessed", "dataset", "script", "initial_weights"}

    assert (set(made) != earlier) == counts

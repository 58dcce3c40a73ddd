"""An upgrade cooks and trains nothing again: keys of the store are those that earlier versions gave the same contents.

Each number here is what the first version gave. Who changes one throws away what users cooked or trained: that is what
the version constants are for.
"""

from pathlib import Path

import pytest
import yaml

from geokiln.cooking import context
from geokiln.cooking.context import cook_context
from geokiln.dataset.context import preprocess_key
from geokiln.storage.fingerprints import fingerprint
from geokiln.training.context import STATE_VERSION, PackData, train_context
from geokiln.training.settings import of_the_way, streamed_within, that_count
from geokiln.work_items.batches import batch_key

SHIPPED = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())


@pytest.fixture
def data(write):
    """What a pack is trained on: files that hold their own names."""
    for name in ("training.json", "validation.json", "basis.npz"):
        write(f"base/{name}", name)
    write("d.json", "{}")
    return PackData(("", "base/training.json"), ("", "base/validation.json"), "base/basis.npz", ("", "d.json"))


def test_cooked_items_are_found(write, monkeypatch):
    write("rest.obj", "v 0 0 0\n")
    monkeypatch.setattr(
        context, "code_digest", lambda path, counted: "code"
    )  # syntax trees differ from Python to Python
    command = SHIPPED["generator"]["command"]
    made_by = [command["words"], command["outputs"]]

    cooked = cook_context("generator.py", ["rest.obj"], {"a": [1, None, 0.5]}, "cook-1", ["targets", "inputs"], made_by)

    assert fingerprint(cooked) == "a1e29c2a14b5ce1e180bee172c1a4cc8"
    assert batch_key([b"0" * 16, b"1" * 16], "fail") == "30850e59d84d42dd11f071d73e451a80"


def test_preprocessings_are_found(write):
    write("d.json", "{}")
    write("d.ids", "0\n")

    assert preprocess_key(SHIPPED["preprocess"], "train-1", "d.json", "d.ids") == "7baa2bfac2c722a2632cac5a48cfff9e"


def test_trained_wedges_and_their_states_are_found(data):
    settings, table = SHIPPED["training"], {"count": 100, "width": 40}
    about = {**train_context(data, "train-1"), "memory": streamed_within(settings, table)}

    assert fingerprint({**about, "settings": that_count(settings)}) == "05da9fe4bf2b79e63749217b24715a5e"
    assert (
        fingerprint({**about, "way": of_the_way(settings), "state": STATE_VERSION})
        == "4bfe9afa3f0047147cfe47f008eb6f32"
    )

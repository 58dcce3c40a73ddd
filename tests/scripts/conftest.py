"""Every test has a folder of its own as working directory; fixtures build the tiny files that a script reads."""

import fcntl
import json
import textwrap
from pathlib import Path

import numpy as np
import pytest

from geokiln.geometry.geo_file import write_geo
from geokiln.geometry.geometry import Geometry
from geokiln.storage.arrays import write_arrays
from geokiln.storage.results import read_result
from geokiln.storage.tables import TableWriter
from geokiln.work_items.item_table import write_items
from geokiln.work_items.items import WorkItems

GENERATOR = """
    import numpy as np

    def geometry(count, seed, parameters):
        return {"time": np.random.default_rng(seed).random(count), "strength": np.ones(count)}

    def unseen(name, count, parameters):
        return {"time": np.linspace(0, 1, count), "strength": np.full(count, len(name))}

    def cook(item):
        with open("cooked.txt", "a") as file:
            file.write(item.id + " ")
        if item["time"] < 0:
            raise ValueError("time runs backwards")
        return {"height": item["strength"] * np.sin(item["time"] + np.arange(3))}

    def baseline(item):
        return {"height": np.zeros(3)}
"""


def flags(options):
    """The command line of a script: flag -> a text, or several."""
    listed = {key: [value] if isinstance(value, str) else value for key, value in options.items()}
    return [word for key, values in listed.items() for word in [f"--{key}", *values]]


@pytest.fixture(autouse=True)
def alone(own_folder, monkeypatch):
    """Every test has its own folder, and nobody else runs there: a test must fail rather than hang."""
    flock = fcntl.flock

    def never_wait(file, operation):
        assert operation & fcntl.LOCK_NB, "the script waits for a lock that it holds itself"
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", never_wait)


@pytest.fixture
def failure():
    """A function that runs a script's main and gives the sentence with which it ends."""

    def failure(main, arguments):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert isinstance(end.value.code, str) and "Traceback" not in end.value.code
        return end.value.code

    return failure


@pytest.fixture
def generator(write):
    """generator.py; returns its text."""
    write("generator.py", GENERATOR)
    return textwrap.dedent(GENERATOR)


@pytest.fixture
def geometry():
    """geometry/drops.geo: ten primitives with ``time`` and ``strength``."""
    Path("geometry").mkdir()
    attributes = {"time": np.arange(10) / 10, "strength": np.ones(10)}
    write_geo("geometry/drops.geo", Geometry.from_attributes(attributes))
    return "geometry/drops.geo"


@pytest.fixture
def work_items():
    """A function that writes a file of work items with the given numbers."""

    def work_items(path, numbers):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        columns = {"time": np.array(numbers) / 10, "strength": np.full(len(numbers), 2.0)}
        write_items(path, WorkItems(np.array(numbers).astype(str), 1, columns))
        return path

    return work_items


@pytest.fixture
def dataset():
    """dataset/examples.*: 30 examples of one input ``x`` (2) and targets ``height`` (3) and ``force`` ()."""
    Path("dataset").mkdir()
    random = np.random.default_rng(0)
    inputs = random.normal(size=(30, 2)) * [1, 100]
    height = np.tanh(inputs @ [[1, 0.5, -1], [0.01, 0.02, 0]])
    force = 1000 * inputs[:, :1] + 50
    with TableWriter(
        "dataset/examples.raw", "dataset/examples.json", {"x": (2,)}, {"height": (3,), "force": ()}
    ) as writer:
        writer.write(np.hstack([inputs, height, force]))
    Path("dataset/examples.ids").write_text("".join(f"{number}\n" for number in range(30)))
    return np.float32(inputs), np.float32(height), np.float32(force[:, 0])


@pytest.fixture
def preprocessed(dataset):
    """preprocessed/base/*, made of the dataset."""
    from geokiln.dataset.preprocessing import preprocess_table

    Path("preprocessed/base").mkdir(parents=True)
    files = [f"dataset/examples.{suffix}" for suffix in ("raw", "json", "ids")]
    preprocess_table(*files, "preprocessed/base", 0.2, 0, True, 3)


@pytest.fixture
def settings(wedge):
    """A function that gives the training settings of a wedge, with what the test changes."""
    return lambda **changes: wedge(**{"batch_size": 8, "epochs": 20, "epochs_per_evaluation": 5, **changes})


@pytest.fixture
def pack_arguments(settings):
    """A function that gives the command line of train_pack for wedges (name -> own values) and changed settings."""

    def pack_arguments(wedges=None, changes=None, output="packs/pack.json", **options):
        options = {
            "training": ["preprocessed/base/training.raw", "preprocessed/base/training.json"],
            "validation": ["preprocessed/base/validation.raw", "preprocessed/base/validation.json"],
            "basis": "preprocessed/base/basis.npz",
            "examples": ["dataset/examples.raw", "dataset/examples.json"],
            "settings": json.dumps(settings(**changes or {})),
            "wedges": json.dumps(wedges or {"one": {}}),
            "recipe": ["base", json.dumps({"target_components": 3})],
            "environment": "train-1",
            "output": output,
            **options,
        }
        return flags(options)

    return pack_arguments


@pytest.fixture
def publishing():
    """A function that gives the command line of publish_wedge."""

    def publishing(wedge, pack="packs/pack.json"):
        files = {"weights": "weights.safetensors", "losses": "losses.csv", "snapshots": "snapshots.safetensors"}
        paths = {name: f"wedges/{wedge}/{file}" for name, file in {**files, "result": "training.json"}.items()}
        return flags({"pack": pack, "wedge": wedge, **paths})

    return publishing


@pytest.fixture
def published(publishing):
    """A function that publishes a wedge, and gives its training.json."""
    import publish_wedge

    def published(wedge="one", pack="packs/pack.json"):
        publish_wedge.main(publishing(wedge, pack))
        return read_result(f"wedges/{wedge}/training.json")

    return published


@pytest.fixture
def wedges(preprocessed, pack_arguments, published):
    """wedges/{short,long}/*: two trained wedges, of which the second is the better one; gives the flags of them all."""
    import train_pack

    for name, epochs in (("short", 1), ("long", 60)):
        changes = {"epochs": epochs, "save_state": "never"}
        train_pack.main(pack_arguments({name: {}}, changes, f"packs/{name}.json"))
        published(name, f"packs/{name}.json")
    files = {"result": "wedges/{wedge}/training.json", "weights": "wedges/{wedge}/weights.safetensors"}
    examples = ["dataset/examples.raw", "dataset/examples.json"]
    return flags({**files, "basis": "preprocessed/{recipe}/basis.npz", "examples": examples})


@pytest.fixture
def unseen(dataset):
    """A function that writes unseen/{name}.npz, .json: examples of the dataset, their truth, a baseline."""

    def unseen(name, count=4):
        inputs, height, force = (array[:count] for array in dataset)
        arrays = {"id": np.arange(count).astype(str), "input/x": inputs, "target/height": height, "target/force": force}
        arrays |= {"baseline/height": 0 * height, "baseline/force": 0 * force}
        Path("unseen").mkdir(exist_ok=True)
        write_arrays(f"unseen/{name}.npz", arrays)
        report = {"digest": "d", "items": count, "dropped": {}, "failed": {}, "seconds": {"total": 0.5 * count}}
        Path(f"unseen/{name}.json").write_text(json.dumps(report))

    return unseen

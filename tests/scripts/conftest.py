"""Every test has a folder of its own as working directory; fixtures build the tiny files that a script reads."""

import fcntl
import json
import os
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import yaml

from geokiln.geometry.geo_file import write_geo
from geokiln.geometry.geometry import Geometry
from geokiln.storage.arrays import write_arrays
from geokiln.storage.tables import TableWriter
from geokiln.work_items.item_table import write_items
from geokiln.work_items.items import WorkItems

SHIPPED = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())["training"]
SETTINGS = {
    **SHIPPED,
    "hidden_layers": 1,
    "hidden_width": 8,
    "learning_rate": 0.01,
    "batch_size": 8,
    "epochs": 20,
    "epochs_per_evaluation": 5,
}
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


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """The working directory of the test; what a Generator changes in the interpreter is undone afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    flock = fcntl.flock

    def never_wait(file, operation):
        assert operation & fcntl.LOCK_NB, "the script waits for a lock that it holds itself"
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", never_wait)  # nobody else runs here: a test must fail rather than hang
    modules = set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        if os.path.abspath(getattr(sys.modules[name], "__file__", None) or "/").startswith(str(tmp_path)):
            del sys.modules[name]


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
def settings():
    """A function that gives the training settings of a wedge, with what the test changes."""
    return lambda **changes: {**SETTINGS, **changes}


@pytest.fixture
def pack_arguments(settings):
    """A function that gives the command line of train_pack for wedges (name -> own values) and changed settings."""

    def pack_arguments(wedges=None, changes=None, output="packs/pack.json", **options):
        options = {
            "preprocessed": "preprocessed/base",
            "examples": "dataset/examples.raw",
            "sidecar": "dataset/examples.json",
            "settings": json.dumps(settings(**changes or {})),
            "wedges": json.dumps(wedges or {"one": {}}),
            "recipe": json.dumps({"name": "base", "target_components": 3}),
            "environment": "train-1",
            "output": output,
            **options,
        }
        return [word for key, value in options.items() for word in (f"--{key}", value)]

    return pack_arguments


@pytest.fixture
def wedges(preprocessed, pack_arguments):
    """wedges/{short,long}/*: two trained wedges, of which the second is the better one."""
    import publish_wedge
    import train_pack

    for name, epochs in (("short", 1), ("long", 60)):
        changes = {"epochs": epochs, "save_state": "never"}
        train_pack.main(pack_arguments({name: {}}, changes, f"packs/{name}.json"))
        publish_wedge.main(["--pack", f"packs/{name}.json", "--wedge", name, "--folder", f"wedges/{name}"])


@pytest.fixture
def unseen(dataset):
    """A function that writes unseen/{name}.npz, .json: the first examples of the dataset, with or without the truth."""

    def unseen(name, count=4, truth=True, **changes):
        Path("unseen").mkdir(exist_ok=True)
        inputs, height, force = (array[:count] for array in dataset)
        arrays = {"id": np.arange(count).astype(str), "input/x": inputs}
        if truth:
            arrays |= {"target/height": height, "target/force": force}
            arrays |= {"baseline/height": 0 * height, "baseline/force": 0 * force}
        write_arrays(f"unseen/{name}.npz", {**arrays, **changes})
        report = {"digest": "d", "items": count, "dropped": {}, "failed": {}, "seconds": {"total": 0.5 * count}}
        Path(f"unseen/{name}.json").write_text(json.dumps(report))

    return unseen

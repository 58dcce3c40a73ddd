"""Real runs after an edit, a failure, a kill or a deletion that follow an earlier success."""

import os
import shutil
import signal
from collections import Counter

import numpy as np
import pytest

from conftest import copy_project, wait_until
from geokiln.geometry.geo_file import write_geo
from geokiln.geometry.geometry import Geometry

SLOW = """
import os, time
import numpy as np

def geometry(count, seed, parameters):
    return {"x": np.random.default_rng(seed).uniform(-1, 1, count)}

def unseen(name, count, parameters):
    return {"x": np.linspace(-1, 1, count)}

def cook(item):
    if os.path.exists("broken") and item.id == "21":
        raise ValueError("the solver blew up")
    if os.path.exists("slow"):
        time.sleep(0.2)
    with open("cooked.txt", "a") as cooked:
        cooked.write(item.id + "\\n")
    return {"y": np.array([item["x"] ** 2])}
"""


@pytest.fixture
def counted(fresh_ripple):
    """A project that writes down each cook, fails at item 21 while ``broken`` is there, and dawdles with ``slow``."""
    (fresh_ripple / "generator.py").write_text(SLOW)
    fresh_ripple.configure(
        geometry={"name": "samples", "count": 16},
        work_items={"batch_size": 8},
        unseen={"line": {"source": "generator", "count": 2, "ground_truth": False}},
        training={"epochs": 20},
        wedges={"hidden_layers": [1]},
    )
    return fresh_ripple


def cooked(project):
    path = project / "cooked.txt"
    return Counter(path.read_text().split()) if path.exists() else Counter()


def test_growth_cooks_the_new_items_only_and_shrinking_and_going_back_cooks_nothing(counted):
    for count, total in ((16, 16), (20, 20), (12, 20), (20, 20)):
        counted.configure(geometry={"count": count})
        counted.build("dataset/examples.json")

        assert sum(cooked(counted).values()) == total
        assert len((counted / "dataset/examples.ids").read_text().split()) == count


def test_points_batches_and_the_whole_set_give_the_same_dataset_and_cook_each_item_once(counted):
    datasets = []
    for granularity, rule in (("batch", "cook_batch"), ("whole", "cook_whole"), ("point", "cook_point")):
        counted.configure(work_items={"granularity": granularity})
        built = counted.build("dataset/examples.json")

        assert {name for name in built["rules"] if name.startswith("cook")} == {rule}
        assert counted.plan("dataset/examples.json") == {}
        datasets.append((counted / "dataset/examples.raw").read_bytes())
    assert datasets[0] == datasets[1] == datasets[2]
    assert cooked(counted) == Counter(str(item) for item in range(16))


def test_primitives_with_an_id_attribute_may_be_reordered_and_deleted_and_nothing_is_cooked(counted):
    counted.configure(geometry={"source": "samples.geo"}, work_items={"id_attribute": "key"})
    x = np.random.default_rng(1).uniform(-1, 1, 16).astype(np.float32)
    for order in (list(range(16)), [*range(8, 16), *range(8)], [15, 3, 9]):
        keys = np.array(order) + 100
        write_geo(counted / "samples.geo", Geometry.from_attributes({"key": keys, "x": x[order]}))
        counted.build("dataset/examples.json")

        assert (counted / "dataset/examples.ids").read_text().split() == [str(key) for key in keys]
        assert cooked(counted) == Counter(str(item + 100) for item in range(16))


@pytest.mark.parametrize("edited", ["generator.py", "scale.txt"])
def test_nothing_is_kept_of_a_cook_whose_sources_were_edited_meanwhile(counted, edited):
    (counted / "scale.txt").write_text("1")
    counted.edit("generator.py", 'item["x"] ** 2', 'float(open("scale.txt").read()) * item["x"] ** 2')
    counted.configure(generator={"inputs": ["scale.txt"]}, work_items={"batch_size": 16})
    (counted / "slow").touch()
    process = counted.start("dataset/examples.json")
    wait_until(lambda: sum(cooked(counted).values()) >= 3)
    original = (counted / edited).read_text()
    (counted / edited).write_text(original.replace("1", "100"))
    output, _ = process.communicate()
    (counted / edited).write_text(original)
    (counted / "slow").unlink()

    counted.build("dataset/examples.json")

    assert process.returncode != 0 and f"{edited} changed while it was in use" in output
    assert np.abs(np.load(counted / "batches/0-15.npz")["target/y"]).max() <= 1


def test_braces_in_parameters_are_handed_on_as_they_are(counted):
    counted.edit(
        "generator.py", "def cook(item):", "def cook(item):\n    assert item.parameters['p'] == 'f_{batch}.txt'"
    )
    counted.configure(generator={"parameters": {"p": "f_{batch}.txt"}})

    assert counted.build("dataset/examples.json")["cooked"] == 16


def test_leftovers_of_more_points_or_of_another_granularity_are_not_merged(counted):
    counted.configure(work_items={"granularity": "point"})
    counted.build("dataset/examples.json")
    counted.configure(geometry={"count": 12})
    counted.build("dataset/examples.json")

    assert (counted / "data_points/15.npz").exists()
    assert (counted / "dataset/examples.ids").read_text().split() == [str(item) for item in range(12)]


@pytest.mark.parametrize("launcher", [False, True], ids=["plain", "launcher"])
def test_after_a_success_a_failing_item_is_named_and_the_rest_is_kept_and_results_become_new(counted, launcher):
    counted.build(launcher=launcher)
    before = (counted / "predictions/all.npz").read_bytes()

    counted.configure(geometry={"count": 32, "seed": 5})
    (counted / "broken").touch()
    failed = counted.build(launcher=launcher, fails=True)
    again = counted.build(launcher=launcher, fails=True)
    (counted / "broken").unlink()
    mended = counted.build(launcher=launcher)

    for output in (failed["output"], again["output"]):
        assert "item 21 raised ValueError: the solver blew up" in output
        assert "7 of 8 items are kept, the next run cooks only the rest" in output
    assert mended["cooked"] == 1
    assert (counted / "predictions/all.npz").read_bytes() != before
    assert len((counted / "dataset/examples.ids").read_text().split()) == 32
    assert counted.plan() == {}


@pytest.mark.parametrize(
    "lost",
    [
        "batches/32-63.json",
        "dataset/examples.raw",
        "preprocessed/base/basis.npz",
        "wedges/hidden_layers-2/training.json",
    ]
    + [
        pytest.param(path, marks=pytest.mark.slow)
        for path in ("geometry/drops.geo", "work_items/0-31.json", "dataset/examples.ids", "unseen/film.npz")
        + ("preprocessed/base/training.raw", "wedges.csv", "model.onnx", "predictions/film.npz")
    ],
)
def test_a_deleted_file_is_made_again_and_nothing_is_cooked_or_trained(ripple, lost):
    before, files = np.load(ripple / "predictions/all.npz")["height"], ripple.results()
    os.unlink(ripple / lost)

    built = ripple.build(launcher=lost == "dataset/examples.raw")

    assert (built["cooked"], built["trained"]) == (0, 0)
    assert ripple.results() == files
    assert np.array_equal(np.load(ripple / "predictions/all.npz")["height"], before)
    assert ripple.plan() == {}


def test_a_deleted_store_costs_time_only(ripple):
    shutil.rmtree(ripple / ".kept")

    assert ripple.plan() == {}
    os.unlink(ripple / "batches/0-31.npz")
    os.unlink(ripple / "wedges/hidden_layers-1/losses.csv")
    built = ripple.build()
    assert (built["cooked"], built["trained"]) == (32, 2)
    assert ripple.plan() == {}


@pytest.mark.parametrize(
    ("path", "keep"),
    [("batches/32-63.npz", 500), ("dataset/examples.raw", 1000), ("preprocessed/base/training.raw", 64)],
)
def test_a_truncated_file_is_named_put_aside_and_made_again(ripple, path, keep):
    content = (ripple / path).read_bytes()
    (ripple / path).write_bytes(content[:keep])
    ripple.configure(preprocess={"split_seed": 3}, training={"epochs": 390})
    if path.startswith("batches"):
        os.unlink(ripple / "dataset/examples.json")

    failed = ripple.snakemake("predictions/all.npz", fails=path != "preprocessed/base/training.raw")
    ripple.snakemake("predictions/all.npz")

    if path != "preprocessed/base/training.raw":  # that one is written anew before it is read
        assert f"{path} is damaged" in failed
        assert (ripple / f"{path}.damaged").exists()
    assert (ripple / path).stat().st_size >= min(len(content), keep + 1)
    assert ripple.plan() == {}


@pytest.mark.parametrize("everything", [False, True], ids=["snakemake alone", "its jobs, too"])
def test_after_a_kill_the_same_request_finishes_and_nothing_is_cooked_twice(counted, everything):
    counted.build()
    counted.configure(geometry={"count": 32})
    undisturbed = copy_project(counted.folder, f"{counted.folder}_undisturbed")
    undisturbed.build()
    (counted / "slow").touch()
    process = counted.start("predictions/all.npz", launcher=not everything, start_new_session=True)
    wait_until(lambda: sum(cooked(counted).values()) >= 20)

    if everything:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    killed = cooked(counted)
    output = counted.snakemake("predictions/all.npz", launcher=not everything)

    assert "100%" in output
    assert max((cooked(counted) - Counter()).values()) <= (2 if everything else 1)
    assert sum(cooked(counted).values()) <= 32 + (2 if everything else 0)  # at most the items that were in hand
    assert sum(killed.values()) < 32
    made = [path for path in undisturbed.results() if path.endswith((".npz", ".raw", ".ids", ".safetensors", ".onnx"))]
    assert len(made) > 10
    assert [path for path in made if (counted / path).read_bytes() != (undisturbed / path).read_bytes()] == []
    assert counted.plan() == {}

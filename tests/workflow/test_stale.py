"""Real runs after a failure, a kill or a deletion that follow an earlier success; edits are in test_staleness.py."""

import os
import shutil
import signal
from collections import Counter

import numpy as np
import pytest

from conftest import ALL, copy_project, wait_until

SLOW = """
import os, time
import numpy as np

def geometry(count, seed, parameters):
    return {"x": np.random.default_rng(seed).uniform(-1, 1, count)}

def unseen(name, count, parameters):
    return {"x": np.linspace(-1, 1, count)}

def cook(item):
    assert item.parameters["path"] == "f_{batch}.txt"  # no rule fills in what stands in braces
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
        generator={"parameters": {"path": "f_{batch}.txt"}},
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


def test_points_batches_and_the_whole_set_give_the_same_dataset_and_cook_each_item_once(counted):
    datasets = set()
    for granularity, rule in (("batch", "cook_batch"), ("whole", "cook_whole"), ("point", "cook_point")):
        counted.configure(work_items={"granularity": granularity})
        built = counted.build("dataset/examples.json")

        assert {name for name in built["rules"] if name.startswith("cook")} == {rule}
        datasets.add((counted / "dataset/examples.raw").read_bytes())
    assert len(datasets) == 1
    assert cooked(counted) == Counter(str(item) for item in range(16))


def test_nothing_is_kept_of_a_cook_whose_sources_were_edited_meanwhile(counted):
    (counted / "slow").touch()
    process = counted.start("dataset/examples.json")
    wait_until(lambda: sum(cooked(counted).values()) >= 3)
    counted.edit("generator.py", "** 2", "** 2 * 100")
    output, _ = process.communicate()
    counted.edit("generator.py", "** 2 * 100", "** 2")
    (counted / "slow").unlink()

    counted.build("dataset/examples.json")

    assert process.returncode != 0 and "generator.py changed while it was in use" in output
    assert np.abs(np.load(counted / "batches/0-7.npz")["target/y"]).max() <= 1


def test_after_a_success_a_failing_item_is_named_and_the_rest_is_kept_and_results_become_new(counted):
    counted.build()
    before = (counted / ALL).read_bytes()

    counted.configure(geometry={"count": 32, "seed": 5})
    (counted / "broken").touch()
    failed = counted.build(fails=True)
    (counted / "broken").unlink()
    mended = counted.build()

    assert "item 21 raised ValueError: the solver blew up" in failed["output"]
    assert "7 of 8 items are kept, the next run cooks only the rest" in failed["output"]
    assert mended["cooked"] == 1
    assert (counted / ALL).read_bytes() != before
    assert len((counted / "dataset/examples.ids").read_text().split()) == 32
    assert counted.plan() == {}


@pytest.mark.parametrize(
    "lost",
    ["batches/32-63.json", "wedges/hidden_layers-2/training.json"]
    + [
        pytest.param(path, marks=pytest.mark.slow)
        for path in ("geometry/drops.geo", "work_items/0-31.json", "dataset/examples.ids", "dataset/examples.raw")
        + ("unseen/film.npz", "preprocessed/base/basis.npz", "preprocessed/base/training.raw", "wedges.csv")
        + ("model.onnx", "predictions/film.npz", "predictions/errors.csv")
    ],
)
def test_a_deleted_file_is_named_and_made_again_and_nothing_is_cooked_or_trained(ripple, lost):
    before, files = np.load(ripple / ALL)["height"], ripple.results()
    os.unlink(ripple / lost)

    looked = ripple.snakemake("-n", ALL)
    built = ripple.build()

    assert f"Missing, though what was made from it is there: {lost}" in looked and "Nothing to be done" not in looked
    assert (built["cooked"], built["trained"]) == (0, 0)
    assert ripple.results() == files
    assert np.array_equal(np.load(ripple / ALL)["height"], before)
    assert ripple.plan() == {}


def test_a_deleted_store_costs_time_only(ripple):
    shutil.rmtree(ripple / ".kept")

    assert ripple.plan() == {}
    os.unlink(ripple / "batches/0-31.npz")
    os.unlink(ripple / "wedges/hidden_layers-1/losses.csv")
    built = ripple.build()
    assert (built["cooked"], built["trained"]) == (32, 2)
    assert ripple.plan() == {}


def test_after_kills_the_same_request_finishes_and_what_was_done_is_not_cooked_twice(counted):
    """Once Snakemake is killed with its jobs, and then Snakemake alone, whose jobs go on."""
    undisturbed = copy_project(counted.folder, f"{counted.folder}_undisturbed")
    for project in (undisturbed, counted):
        project.configure(geometry={"count": 32})
    undisturbed.build()

    (counted / "slow").touch()
    for kill, done in ((os.killpg, 4), (os.kill, 14)):
        process = counted.start(ALL, start_new_session=True)
        wait_until(lambda done=done: sum(cooked(counted).values()) >= done)
        kill(process.pid, signal.SIGKILL)
        process.wait()
    killed = sum(cooked(counted).values())
    output = counted.snakemake(ALL)

    assert "100%" in output and killed < 32
    assert max(cooked(counted).values()) <= 2 and sum(cooked(counted).values()) <= 32 + 2  # those that were in hand
    kinds = (".geo", ".npz", ".raw", ".ids", ".safetensors", ".onnx")
    made = [path for path in undisturbed.results() if path.endswith(kinds)]
    assert len(made) > 10
    assert [path for path in made if (counted / path).read_bytes() != (undisturbed / path).read_bytes()] == []
    assert counted.plan() == {}

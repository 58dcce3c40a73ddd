"""What becomes a work item, and how it is cooked: whole runs of small projects."""

import json
import sys

import numpy as np
import pytest

SETS = "dataset/examples.json"
SCATTER = """
import numpy as np

POINTS = 40

def geometry(count, seed, parameters):
    return {"time": np.linspace(0, 1, count or POINTS)}

def unseen(name, count, parameters):
    return {"time": np.linspace(0.1, 0.9, count)}

def cook(item):
    return {"height": item["time"] * np.arange(3)}
"""


@pytest.fixture
def scatter(fresh_ripple):
    """A project whose generator decides how many data points there are."""
    (fresh_ripple / "generator.py").write_text(SCATTER)
    fresh_ripple.configure(geometry={"count": None}, work_items={"batch_size": 16})
    return fresh_ripple


def count(project):
    return json.loads((project / SETS).read_text())["count"]


def test_a_count_that_only_the_generator_knows_is_planned_behind_one_checkpoint(scatter):
    plan = scatter.plan(SETS)
    plan.pop("build_environment", None)

    built = scatter.build(SETS)

    assert plan == {"sample_geometry": 1, "import_work_items": 1, "list_batches": 1, "merge_dataset": 1}
    assert (built["cooked"], count(scatter)) == (40, 40)
    assert scatter.plan(SETS) == {}


def test_a_geometry_that_shrinks_leaves_nothing_behind_in_the_dataset(scatter):
    scatter.build(SETS)
    scatter.edit("generator.py", "POINTS = 40", "POINTS = 20")

    scatter.build(SETS)

    assert count(scatter) == 20
    assert (scatter / "batches/32-47.npz").exists()  # a leftover, which the manifest does not name
    assert json.loads((scatter / "work_items/manifest.json").read_text())["parts"] == ["batches/0-15", "batches/16-31"]
    assert "none of those asked for" in scatter.build("data_points/30.npz", fails=True)["output"]


def test_until_never_ends_in_silent_success(scatter):
    refused = scatter.snakemake("--until", "cook_batch", "--", SETS, fails=True)
    scatter.snakemake("--until", "import_work_items", "--", SETS)
    by_name = scatter.build("batches/16-31.npz")

    assert "--until cook_batch: that is planned only when the number of work items is known" in refused
    assert by_name["cooked"] == 16


def test_a_lost_batch_is_made_again_although_the_plan_is_dynamic(scatter):
    scatter.build("model.onnx")
    (scatter / "batches/16-31.npz").unlink()

    built = scatter.build("model.onnx")

    assert (built["cooked"], built["trained"]) == (0, 0)
    assert (scatter / "batches/16-31.npz").exists()
    assert scatter.plan("model.onnx") == {}


def test_a_table_of_attributes_is_geometry_too(fresh_ripple):
    np.savez(fresh_ripple / "drops.npz", strength=np.ones(50, "f4"), time=np.linspace(0, 1, 50, dtype="f4"))
    fresh_ripple.configure(geometry={"source": "drops.npz"}, work_items={"batch_size": 20})

    first = fresh_ripple.build(SETS)
    again = fresh_ripple.plan(SETS)
    times = np.linspace(0, 1, 50, dtype="f4")
    times[7] = 0.5
    np.savez(fresh_ripple / "drops.npz", strength=np.ones(50, "f4"), time=times)
    edited = fresh_ripple.build(SETS)

    assert (first["cooked"], again, edited["cooked"]) == (50, {}, 1)
    assert "cook_batch" in edited["rules"]


def test_several_geometries_merge(fresh_ripple):
    for name, rows in (("calm", 12), ("storm", 20)):
        np.savez(fresh_ripple / f"{name}.npz", strength=np.full(rows, len(name)), time=np.linspace(0, 1, rows))
    fresh_ripple.configure(geometry={"source": ["calm.npz", "storm.npz"]})

    fresh_ripple.build(SETS)

    ids = (fresh_ripple / "dataset/examples.ids").read_text().split()
    assert ids == [*(f"calm-{number}" for number in range(12)), *(f"storm-{number}" for number in range(20))]


def test_an_edit_that_is_accepted_cooks_and_trains_nothing(ripple):
    ripple.edit("generator.py", "RADIUS = ", "UNUSED = 1\nRADIUS = ")

    said = ripple.snakemake("accept")
    built = ripple.build()

    assert "accepted, what was cooked before is kept: the generator's code changed" in said
    assert (built["cooked"], built["trained"]) == (0, 0)
    assert ripple.plan() == {}


def test_failed_items_are_tolerated_up_to_a_share_and_cooked_again_beyond_it(fresh_ripple):
    fresh_ripple.edit("generator.py", "    ring =", "    assert item.id not in ('3', '70')\n    ring =")
    fresh_ripple.configure(work_items={"failure_share": 0.01})

    refused = fresh_ripple.build(SETS, fails=True)
    fresh_ripple.configure(work_items={"failure_share": 0.1})
    allowed = fresh_ripple.build(SETS)

    assert "2 of 96 items failed, more than work_items.failure_share allows" in refused["output"]
    assert (refused["cooked"], allowed["cooked"]) == (96, 2)  # the two that failed are tried again
    about = json.loads((fresh_ripple / SETS).read_text())
    assert (about["count"], about["failed"], about["dropped"]) == (94, 2, 0)


def test_a_command_cooks_and_its_file_counts_like_the_generator(fresh_ripple):
    (fresh_ripple / "cook.py").write_text(
        "import json, sys\nimport numpy as np\nitem = json.load(open(sys.argv[1]))['attributes']\n"
        "np.save(sys.argv[2] + '/height.npy', item['strength'] * np.arange(3.0))\n"
    )
    command = [sys.executable, "cook.py", "{item}", "{folder}"]
    fresh_ripple.configure(geometry={"count": 6}, generator={"command": command, "outputs": ["height.npy"]})

    first = fresh_ripple.build(SETS)
    fresh_ripple.edit("cook.py", "np.arange(3.0)", "np.ones(3)")
    edited = fresh_ripple.build(SETS)

    assert (first["cooked"], edited["cooked"]) == (6, 6)
    assert fresh_ripple.plan(SETS) == {}

"""What becomes a work item, and how it is cooked: whole runs of small projects."""

import json

import numpy as np
import pytest

from geokiln.api import Geometry, read_geo, write_geo

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
    refused = scatter.snakemake("--until", "cook_batch", "--", SETS, fails=True)

    built = scatter.build(SETS)

    assert plan == {"sample_geometry": 1, "import_work_items": 1, "list_batches": 1, "merge_dataset": 1}
    assert "--until cook_batch: that is planned only when the number of work items is known" in refused
    assert (built["cooked"], count(scatter)) == (40, 40)
    assert scatter.plan(SETS) == {}


@pytest.mark.slow
def test_a_dataset_of_unknown_size_follows_its_geometry_and_mends_a_lost_batch(scatter):
    scatter.build(SETS)
    (scatter / "batches/16-31.npz").unlink()
    mended = scatter.build(SETS)
    scatter.edit("generator.py", "POINTS = 40", "POINTS = 20")

    scatter.build(SETS)

    assert mended["cooked"] == 0 and (scatter / "batches/16-31.npz").exists()
    assert count(scatter) == 20
    assert (scatter / "batches/32-47.npz").exists()  # a leftover, which the manifest does not name
    assert "altered since" not in scatter.snakemake("-n", SETS)
    assert "none of those asked for" in scatter.build("data_points/30.npz", fails=True)["output"]


@pytest.mark.slow
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


@pytest.mark.slow
def test_everything_is_cooked_anew_once_when_asked_and_what_lacks_is_named_before(ripple):
    cooked = ripple.snakemake("check_cooked")
    ripple.snakemake("recook")
    lacking = ripple.snakemake("check_cooked", fails=True)
    files = ripple.results()

    built = ripple.build()

    assert "all 96 items are cooked" in cooked
    assert "96 of 96 items were never cooked, or were left out: 0, 1, 2" in lacking
    assert (built["cooked"], built["trained"]) == (96 + 24, 0) and ripple.results() == files
    assert ripple.plan() == {}


@pytest.mark.slow
def test_a_number_that_identifies_is_no_input_of_the_model_and_need_not_be_an_attribute(fresh_ripple):
    for name, count in (("train", 24), ("film", 4)):
        columns = {"frame": 1001 + np.arange(count), "strength": np.ones(count), "time": np.linspace(0, 2, count)}
        np.savez(fresh_ripple / f"{name}.npz", **columns)
    with open(fresh_ripple / "generator.py", "a") as generator:
        generator.write('\n\nif __name__ == "__main__":\n    print(cook)\n')  # and it has no attributes(item)
    film = {"film": {"source": "film.npz", "ground_truth": False}}
    geometry = {"name": "drops", "source": "train.npz"}
    fresh_ripple.configure(geometry=geometry, work_items={"id_attribute": "frame"}, unseen=film)

    fresh_ripple.build()
    components = [part["name"] for part in json.loads((fresh_ripple / SETS).read_text())["components"]]
    fresh_ripple.configure(work_items={"attributes": "* ^frame"})
    fresh_ripple.build(SETS)

    assert components == ["input/strength", "input/time", "target/height"]
    assert (fresh_ripple / "dataset/examples.ids").read_text().split() == [str(1001 + n) for n in range(24)]


@pytest.mark.slow
def test_a_point_cloud_is_counted_by_its_points_wherever_it_comes_from(fresh_ripple):
    (fresh_ripple / "generator.py").write_text(
        "import numpy as np\n"
        "def geometry(count, seed, parameters): return {'P': np.random.default_rng(seed).normal(size=(count, 3))}\n"
        "def unseen(name, count, parameters): return geometry(count, 5, parameters)\n"
        "def cook(item): return {'height': np.sin(item['P'])}\n"
    )
    fresh_ripple.configure(geometry={"count": 20}, work_items={"element": "point"})
    fresh_ripple.build()
    film = {"film": {"source": "geometry/drops.geo", "ground_truth": True}}
    fresh_ripple.configure(unseen=film)

    assert count(fresh_ripple) == 20
    assert fresh_ripple.plan("unseen/film.npz")["cook_unseen"] == 1


PIECES = """
import numpy as np

def inputs(item):
    return {"corner": item["minbounds"], "size": np.ptp(item.geometry.points, 0)}

def cook(item):
    assert item["pointcount"] == 4
    return {"volume": np.prod(np.ptp(item.geometry.points[:, :2], 0))}

def shape(item, targets):
    piece = item.geometry
    piece.points = piece.points + [0, 0, targets["volume"]]
    return piece
"""


def boxes(path, count, moved=()):
    """Write squares, each a piece by its text attribute ``part``; some of them are larger."""
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    scale = 1 + np.arange(count) / 10 + np.isin(np.arange(count), moved)
    points = (corners[None] * scale[:, None, None] + np.arange(count)[:, None, None] * 5).reshape(-1, 3)
    parts = np.char.add("box", np.arange(count).astype(str))
    write_geo(path, Geometry(points, np.arange(4 * count).reshape(-1, 4).tolist(), {}, {"part": parts}))


def test_a_piece_brings_its_geometry_and_an_edit_of_one_cooks_it_alone(fresh_ripple):
    (fresh_ripple / "generator.py").write_text(PIECES)
    boxes(fresh_ripple / "boxes.bgeo", 20)
    boxes(fresh_ripple / "others.geo", 3)
    fresh_ripple.configure(
        geometry={"name": "boxes", "source": "boxes.bgeo", "count": None},
        work_items={"element": "piece", "piece_attribute": "part", "include": ["bounds"], "batch_size": 8},
        unseen={"others": {"source": "others.geo", "ground_truth": True}},
        preprocess={"target_components": 0},
        wedges={},
        training={"epochs": 20},
    )
    first = fresh_ripple.build()
    boxes(fresh_ripple / "boxes.bgeo", 20, moved=[3])

    again = fresh_ripple.build()

    assert (first["cooked"], again["cooked"]) == (20 + 3, 1)
    assert (fresh_ripple / "dataset/examples.ids").read_text().split() == [f"box{n}" for n in range(20)]
    volumes = np.load(fresh_ripple / "batches/0-7.npz")["target/volume"]
    np.testing.assert_allclose(volumes, (1 + np.arange(8) / 10 + (np.arange(8) == 3)) ** 2, rtol=1e-4)
    assert fresh_ripple.plan() == {}

    fresh_ripple.build("shapes/others/geo.json")

    raised = read_geo(fresh_ripple / "shapes/others/truth.0002.geo")
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    np.testing.assert_allclose(raised.points, 1.1 * square + [5, 5, 5 + 1.1**2], rtol=1e-5)
    assert raised.primitive_attributes["part"].tolist() == ["box1"]


def test_what_does_not_go_with_an_element_is_told_at_once(fresh_ripple):
    np.savez(fresh_ripple / "table.npz", time=np.arange(4.0), strength=np.ones(4))
    fresh_ripple.configure(
        generator={"command": {"words": ["cat", "{geometry}"], "outputs": ["a.npy"]}},
        geometry={"source": "table.npz"},
        work_items={"element": "primitive", "group": "tip", "include": ["points"]},
        unseen={"film": {"source": "table.npz", "ground_truth": False}},
    )

    told = fresh_ripple.snakemake("--dry-run", fails=True)
    fresh_ripple.configure(geometry={"source": "generator"}, work_items={"element": "piece"})
    told += fresh_ripple.snakemake("--dry-run", fails=True)

    for sentence in (
        "generator.command.words: {geometry} needs items that bring it: add geometry to work_items.include",
        "work_items.element: piece, but table.npz is a table: its rows are the elements",
        "work_items.group does not go with element: piece",
        "work_items.group: table.npz is a table, it has no groups",
        "work_items.include: table.npz is a table, it has no points",
    ):
        assert sentence in told

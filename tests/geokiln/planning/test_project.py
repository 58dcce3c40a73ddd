import json
import os
from pathlib import Path

import pytest

from geokiln.errors import UserError
from geokiln.planning.geometry_source import GeometrySource

CHECKOUT = Path(__file__).parents[3]


def test_a_project_knows_its_batches_and_its_generator(project):
    one = {"source": "generator", "count": 3}

    result = project(
        {"geometry": {"count": 10}},
        geometry={"count": 99},
        generator={"parameters": {"b": 1, "a": [1, None, "ü"]}},
        unseen={"line": {**one, "ground_truth": True}, "bare": {**one, "ground_truth": False}},
    )

    assert (result.count, result.batches) == (10, ["0-3", "4-7", "8-11"])  # the command line wins
    assert result.generator == ["generator.py", "helper.py"]
    assert result.parameters == '{"a": [1, null, "\\u00fc"], "b": 1}'
    assert result.cooked_parts("line") == ["inputs", "targets", "baseline"]
    assert result.cooked_parts("bare") == ["inputs"]
    assert result.geometries == {"drops.geo": GeometrySource("geometry/drops.geo", count=10)}
    assert result.unseen["line"] == GeometrySource("geometry/unseen/line.geo", count=3)
    jobs = [{"batch": "4-7"}, {"point": "3"}, {"unseen": "line"}, {}]
    assert [result.items_of(**job) for job in jobs] == [4, 1, 3, 10]


@pytest.mark.parametrize(
    ("geometry", "targets"),
    [
        ({"name": "drops.npz"}, ["geometry/drops.npz"]),
        ({"name": "drops.geo", "source": "poses.geo"}, ["geometry/drops.geo"]),
        ({"source": ["poses.geo", "other/run.geo"]}, ["geometry/poses.geo", "geometry/run.geo"]),
    ],
    ids=str,
)
def test_a_geometry_is_named_by_its_source(geometry, targets, project, poses):
    os.mkdir("other")
    os.link("poses.geo", "other/run.geo")

    result = project(geometry=geometry)

    assert [source.target for source in result.geometries.values()] == targets


def test_a_file_tells_the_number_of_items_and_its_digest_follows_its_contents(project, poses):
    result = project(geometry={"source": "poses.geo"})
    (source,) = result.geometries.values()
    before = source.digest
    Path("poses.geo").write_text(Path("poses.geo").read_text() + " ")
    (edited,) = project(geometry={"source": "poses.geo"}).geometries.values()

    assert (result.count, result.batches, source.files) == (5, ["0-3", "4-7"], ["poses.geo"])
    assert edited.digest != before == source.digest  # a run goes on as it was planned


@pytest.mark.parametrize(
    ("sections", "count"),
    [
        ({"geometry": {"count": None}}, None),
        ({"work_items": {"group": "tip"}}, None),
        ({"work_items": {"element": "point"}}, None),
        ({"work_items": {"element": "detail"}}, 1),
    ],
    ids=str,
)
def test_what_only_the_cooked_geometry_tells_is_not_known(sections, count, project):
    result = project(**sections)

    assert result.count == count
    assert (result.batches == []) == (count is None)


def test_files_among_the_words_of_a_command_count_as_inputs(project, write):
    write("cook.py", "")
    command = {"words": ["python", "cook.py", "{item}"], "outputs": ["a.npz"]}

    result = project(generator={"command": command, "inputs": ["helper.py"]})

    assert result.generator_inputs == ["helper.py", "cook.py"]
    assert json.loads(result.command)["words"] == command["words"]


def test_requirements_of_the_project_come_first(project, write):
    shipped = project()
    write("envs/cook.txt", "numpy\nscipy")

    own = project()

    assert own.environment_plans["cook"].requirements == ["envs/cook.txt"]
    assert own.environment_names["cook"] != shipped.environment_names["cook"]
    assert own.environment_names["train"] == shipped.environment_names["train"]


@pytest.mark.parametrize(
    ("folder", "expected"),
    [(".environments", str(CHECKOUT / ".environments")), ("/shared/envs", "/shared/envs"), ("~/envs", "/home/me/envs")],
)
def test_environments_are_in_the_checkout_or_where_an_absolute_path_says(folder, expected, project, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")

    assert project(environments={"folder": folder}).environments == expected


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"point": "10"}, "data_points/10.npz: there are 10 data points, 0 to 9"),
        ({"batch": "0-4"}, "batches/0-4.npz: there is no such batch of 10 data points; there are 0-3 to 8-11"),
    ],
    ids=str,
)
def test_a_batch_or_point_that_there_is_not_is_named(asked, sentence, project):
    with pytest.raises(UserError) as error:
        project().sidecar(**asked)

    assert str(error.value) == sentence


@pytest.mark.parametrize(("size", "said"), [(64, True), (10, False)])
def test_a_batch_larger_than_the_geometry_is_pointed_out(size, said, project, capsys):
    project(work_items={"batch_size": size})

    assert (
        "work_items.batch_size: 64 is more than the 10 items of geometry/drops.geo" in capsys.readouterr().err
    ) == said

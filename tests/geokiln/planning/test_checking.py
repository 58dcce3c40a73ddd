"""Mistakes of a whole project: each in a sentence with its key, and all at once."""

import os
import re

import pytest

from geokiln.errors import UserError


@pytest.fixture
def mistakes(project):
    """A function that gives the lines that a project is refused with."""

    def mistakes(**sections):
        with pytest.raises(UserError) as error:
            project(**sections)
        headline, *lines = str(error.value).splitlines()
        assert re.fullmatch(r"config.yaml: (1 mistake|\d+ mistakes)", headline)
        return [line.removeprefix("  ") for line in lines]

    return mistakes


def test_mistakes_of_all_kinds_are_told_at_once(mistakes):
    lines = mistakes(
        geometry={"cuont": 5, "source": ["a/x.geo", "b/x.geo"]},
        training={"epochs": 0},
        wedges=[{"hidden_layers": [1, 99]}],
        selection={"rungs": [20, 10]},
    )

    assert [line.split(": ")[0] for line in lines] == [
        "geometry.cuont", "geometry.source", "geometry.source", "geometry.source", "selection.rungs",
        "training.epochs", "wedges[0].hidden_layers",
    ]  # fmt: skip
    assert "geometry.source: two files are called x.geo; rename one" in lines


def test_every_file_that_does_not_exist_is_named_with_its_key(mistakes, tmp_path):
    lines = mistakes(
        generator={"file": "other.py", "inputs": ["rest.obj"]},
        geometry={"source": "poses.geo"},
        environments={"train": "envs/mine.txt"},
        unseen={"walk": {"source": "walk.geo", "ground_truth": True}},
        training={"initial_weights": "w.safetensors", "script": "mine.py"},
        wedges=[{"script": "wedges.py"}],
    )

    assert lines == [
        f"environments.train: envs/mine.txt does not exist in {tmp_path}",
        f"generator.file: other.py does not exist in {tmp_path}",
        f"generator.inputs: rest.obj does not exist in {tmp_path}",
        f"geometry.source: poses.geo does not exist in {tmp_path}",
        f"training.initial_weights: w.safetensors does not exist in {tmp_path}",
        f"training.script: mine.py does not exist in {tmp_path}",
        f"unseen.walk.source: walk.geo does not exist in {tmp_path}",
        "wedges[0].script: wedges.py does not exist",
    ]


def test_everything_that_is_odd_or_contradicts_is_told(mistakes, poses):
    lines = mistakes(
        geometry={"name": "drops.npz", "source": "poses.geo"},
        generator={"inputs": ["{a}.obj"], "command": {"words": ["ls"]}, "parameters": {"limit": float("nan")}},
        environments={"folder": "{a}", "python": "/no/python"},
        unseen={"line": {"source": "poses.abc", "ground_truth": False}},
        selection={"by": "unseen", "rungs": [20, 10]},
    )

    assert lines == [
        "environments.folder: has braces, which Snakemake reads as wildcards",
        "environments.python: /no/python does not exist; use current, houdini or a path",
        "generator.command.outputs: name the files that the command writes for an item",
        "generator.inputs: {a}.obj has braces, which Snakemake reads as wildcards; rename it",
        "generator.parameters.limit: nan is no finite number",
        "geometry.name: drops.npz, but geometry.source is poses.geo: both need one suffix",
        "selection.by: unseen needs an unseen input with ground_truth: true",
        "selection.rungs: [20, 10] must be epochs that grow from rung to rung",
        "unseen.line.source: poses.abc is neither `generator` nor a geometry file (.geo, .bgeo, .bgeo.sc, .npz, "
        ".csv, .tsv, .parquet, .obj, .ply, .stl, .off, .vtk, .vtu, .msh, .inp, .usd, .usda, .usdc, .usdz)",
    ]


def test_files_of_other_programs_have_the_suffix_and_the_name_of_what_they_become(mistakes, poses):
    for name in ("runs.csv", "runs.npz", "scan.PLY"):
        open(name, "w").close()

    lines = mistakes(
        geometry={"name": "drops.bgeo", "source": "runs.csv"},
        unseen={
            "line": {"source": "scan.PLY", "ground_truth": False},
            "gone": {"source": "x.usd", "ground_truth": False},
        },
    )
    several = mistakes(geometry={"source": ["runs.csv", "runs.npz", "scan.PLY"]}, work_items={"element": "detail"})

    assert [line for line in lines if line.startswith(("geometry.", "unseen."))] == [
        "geometry.name: drops.bgeo, but geometry.source is runs.csv: it becomes a .npz",
        f"unseen.gone.source: x.usd does not exist in {os.getcwd()}",
    ]
    both = "geometry.source: runs.csv and runs.npz: items are named after the file, runs, so rename one"
    assert both in several
    assert "work_items.element: detail, but runs.csv is a table: its rows are the elements" in several
    assert len([line for line in several if line.startswith("work_items.element")]) == 2


def test_a_pointer_of_git_lfs_is_told_before_any_job_runs(mistakes, write):
    write("runs.csv", "version https://git-lfs.github.com/spec/v1")

    lines = mistakes(geometry={"source": "runs.csv"})

    assert "runs.csv is a pointer of Git LFS and not the file; get the file itself (git lfs pull)" in lines


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({"wedges": {"pack_size": [1, 2]}}, "wedges.pack_size: is the same for all wedges; set training.pack_size"),
        (
            {"wedges": {"validation_share": [0.2, 0.7]}, "preprocess": {"test_share": 0.4}},
            "preprocess: validation_share and test_share leave nothing to train on",
        ),
        ({"wedges": [{"extra": [{}, {"patience": 3, "validation_share": 0}]}]}, "training.patience needs a validation"),
        ({"wedges": [{"skip": "hidden_layers > 0"}]}, "wedges[0].skip: 'hidden_layers > 0' holds for all of the"),
    ],
    ids=str,
)
def test_wedges_that_contradict_the_settings_are_told(sections, sentence, mistakes):
    (line,) = mistakes(**sections)

    assert line.startswith(sentence)


def test_keys_of_earlier_versions_name_the_new_ones(mistakes):
    lines = mistakes(
        halving={"rungs": [10]},
        work_items={"cache": "write"},
        geometry={"format": "npz"},
        generator={"retries": 2},
    )

    assert lines[:3] == [
        "generator.retries: stands in generator.command now: command: {words: [...], retries: 2}",
        "geometry.format: follows from the name now: geometry.name: poses.npz makes a table",
        "halving: stands in selection now: selection: {rungs: [100, 300], eta: 3}",
    ]
    assert lines[3].startswith("work_items.cache: is an action now: `./geokiln recook` has everything cooked anew by")


def test_every_function_that_the_generator_lacks_is_named_with_what_asks_for_it_and_the_nearest(mistakes, write):
    write("generator.py", "def cok(item): ...\ndef geometri(): ...\ndef unse(): ...")

    lines = mistakes()

    assert lines == [
        "generator.py defines no function cook; it returns an item's targets as a dict of arrays (did you mean cok?)",
        "generator.py defines no function geometry; geometry.source: generator asks for it (did you mean geometri?)",
        "generator.py defines no function unseen; unseen inputs with source: generator ask for it (did you mean unse?)",
    ]


POSES = {"geometry": {"source": "poses.geo"}}
POINTS = {**POSES, "work_items": {"element": "point"}}
EMPTY = '["pointcount",0,"primitivecount",0]'
NO_HOOK = "mine.py defines none of model, loss, train, which training.script is for; it defines trian"
WEIGHTS = "training.initial_weights: w.pt is no .safetensors file; safetensors.torch.save_file writes one"


@pytest.mark.parametrize(
    ("path", "text", "sections", "sentence"),
    [
        ("helper.py", "x = (\n", {}, "helper.py, line 1: "),
        ("mine.py", "def trian(): ...", {"training": {"script": "mine.py"}}, NO_HOOK),
        (
            "mine.py",
            "def train(): ...",
            {"training": {"script": "mine.py"}},
            "mine.py defines train, but no function mo",
        ),
        ("w.pt", "PK-and-so-on", {"training": {"initial_weights": "w.pt"}}, WEIGHTS),
        ("w.pt", "\2\0\0\0\0\0\0\0[]", {"training": {"initial_weights": "w.pt"}}, WEIGHTS),
        ("w.pt", "\2\0\0\0\0\0\0\0{", {"training": {"initial_weights": "w.pt"}}, WEIGHTS),
        ("cook.txt", "-r a.txt\n", {"environments": {"cook": "cook.txt"}}, "environments.cook: a.txt does not exist"),
        (
            "poses.geo",
            "PGEOMETRY V5\n",
            POSES,
            "poses.geo is classic geometry of Houdini 11 and older; save it as .geo",
        ),
        (
            "poses.npz",
            "version https://git-lfs.github.com/spec/v1\n",
            {"geometry": {"source": "poses.npz"}},
            "poses.npz is a pointer of Git LFS and not the file; get the file itself (git lfs pull)",
        ),
        ("poses.geo", EMPTY, POSES, "poses.geo: the geometry is empty; each data point needs a primitive"),
        (
            "poses.geo",
            '["pointcount",7,"primitivecount",0]',
            POSES,
            "poses.geo has no primitive, and each data point needs one; it has 7 points (work_items.element)",
        ),
        ("poses.geo", EMPTY, {**POSES, "work_items": {"empty": "warn"}}, "poses.geo: there is no primitive to make"),
        (
            "poses.geo",
            '["pointcount",0,"primitivecount",3]',
            POINTS,
            "poses.geo has no point, and each data point needs",
        ),
    ],
    ids=str,
)
def test_a_file_that_is_no_good_is_told(path, text, sections, sentence, mistakes, write):
    write(path, text)

    (line,) = mistakes(**sections)

    assert line.startswith(sentence)


def test_a_generator_need_not_make_what_comes_from_files_nor_a_point_cloud_have_primitives(project, write):
    write("generator.py", "def cook(item): ...")
    write("cloud.geo", '["pointcount",7,"primitivecount",0]')
    unseen = {"cloud": {"source": "cloud.geo", "ground_truth": True}}

    result = project(geometry={"source": "cloud.geo"}, work_items={"element": "point"}, unseen=unseen)

    assert result.generator == ["generator.py"]
    assert (result.count, result.items_of(unseen="cloud")) == (7, 7)


def test_a_generator_that_takes_its_names_from_elsewhere_is_left_to_the_job(project, write):
    write("generator.py", "from helper import *")

    assert project().generator == ["generator.py", "helper.py"]

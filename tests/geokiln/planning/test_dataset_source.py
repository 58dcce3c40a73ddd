"""Projects whose examples are in a file: what need not be stated, and every mistake before a job runs."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from geokiln.errors import UserError
from geokiln.planning.project import Project

CHECKOUT = Path(__file__).parents[3]
TEST = {"source": "test", "ground_truth": True}
CSV, NPZ = {"source": "t.csv", "targets": "y"}, {"source": "t.npz", "targets": "y"}
ROW = [{"name": "x", "size": 2}, {"name": "y", "collate": True}]
RAW = {"source": "t.raw", "targets": "y", "layout": {"blocks": ROW}}


@pytest.fixture
def files():
    """t.csv, t.npz and t.raw, of inputs a, b (or x) and a target y, 5 rows."""
    Path("t.csv").write_text("a,b,y\n" + "1,2,3\n" * 5)
    np.savez("t.npz", a=np.zeros(5), b=np.zeros(5), y=np.zeros(5))
    np.zeros((5, 3), "f4").tofile("t.raw")


@pytest.fixture
def project(files):
    """A function that plans a project of a dataset in a file, and of further sections."""

    def project(dataset, **sections):
        Path("config.yaml").write_text(yaml.safe_dump({"dataset": dataset, **sections}))
        return Project(CHECKOUT, {})

    return project


def test_two_keys_make_a_project_which_is_judged_by_its_test_split(project):
    result = project(CSV)

    assert (result.dataset.file, result.kinds) == ("t.csv", ["formats", "train", "predict"])
    assert result.config["unseen"] == {"test": TEST} and result.config["preprocess"]["test_share"] == 0.15
    assert (result.geometries, result.batches, result.parts, result.read) == ({}, [], [], {})


def test_a_share_or_unseen_inputs_that_are_stated_count(project):
    later = {"later": {"source": "t.raw", "ground_truth": False}}
    stated = project(RAW, preprocess={"test_share": 0.3})
    own = project(RAW, unseen=later)
    mixed = project(NPZ, unseen={"later": {"source": "t.csv", "ground_truth": False}})
    both = project(RAW, unseen={**later, "rest": TEST})

    assert stated.config["preprocess"]["test_share"] == 0.3
    assert own.config["preprocess"]["test_share"] == 0.0 and list(own.read) == ["later"]
    assert both.config["preprocess"]["test_share"] == 0.15 and list(both.read) == ["later"]
    assert json.loads(own.read["later"].layout)["blocks"] == ROW and (own.reader, mixed.reader) == ("cook", "formats")


@pytest.mark.parametrize(
    ("dataset", "sections", "lines"),
    [
        ({"source": "t.csv"}, {}, ["dataset.targets: missing; name the columns that a model is to predict"]),
        ({"source": "other.csv", "targets": "y"}, {}, ["dataset.source: other.csv does not exist in "]),
        ({"source": "t.dat", "targets": "y"}, {}, ["dataset.source: t.dat does not exist in "]),
        ({**RAW, "layout": {}}, {}, ["dataset.source: t.raw is none of .csv, .tsv, .parquet, .npz; of a headerless"]),
        ({**CSV, "layout": {"blocks": ROW}}, {}, ["dataset.source: t.csv names its columns itself, but dataset.lay"]),
        ({**RAW, "layout": {"blocks": [{"size": 3}]}}, {}, ["dataset.layout.blocks[0].name: missing; a block needs"]),
        ({**RAW, "layout": {"blocks": [ROW[0], ROW[0]]}}, {}, ["dataset.layout.blocks: two blocks are called 'x'"]),
        ({**RAW, "layout": {"blocks": ROW, "header": 1}}, {}, ["t.raw: its 59 bytes after the first 1 are no"]),
        ({**RAW, "layout": {"blocks": ROW, "header": 60}}, {}, ["t.raw: there are no rows; each example needs one"]),
        ({**RAW, "layout": {"blocks": [{"nmae": "x"}], "heder": 1}}, {},
         ["dataset.layout.blocks[0].nmae: unknown key; did you mean name?", "dataset.layout.heder: unknown key; did"]),
        ({**RAW, "layout": {"blocks": [{"name": "x", "precision": 12}]}}, {},
         ["dataset.layout.blocks[0].precision: 12 is unknown"]),
        ({**CSV, "inputs": "a c"}, {}, ["dataset.inputs: there is no column 'c'; known: a, b, y (t.csv)"]),
        ({**NPZ, "targets": "z", "inputs": "y"}, {}, ["dataset.targets: there is no column 'z'; known: a, b, y"]),
        (CSV, {"unseen": {"walk": {"source": "generator", "count": 3, "ground_truth": True}}},
         ["unseen.walk.source: dataset.source is a file, so no generator makes it; name a file, or `test`"]),
        (CSV, {"unseen": {"later": {"source": "later.csv", "ground_truth": True}}},
         ["unseen.later.source: later.csv does not exist in "]),
        (CSV, {"unseen": {"short": {"source": "short.csv", "ground_truth": True},
                          "blind": {"source": "short.csv", "ground_truth": False}}},
         ["unseen.blind.source: short.csv lacks b, which t.csv has",
          "unseen.short.source: short.csv lacks b, y, which t.csv has"]),
        (RAW, {"unseen": {"later": {"source": "short.raw", "ground_truth": True}}},
         ["short.raw: its 4 bytes are no multiple of the 12 bytes of a row"]),
        (CSV, {"preprocess": {"test_share": 0.0}}, ["unseen.test.source: test needs a test split; set prep"]),
        (CSV, {"selection": {"by": "unseen"}}, ["selection.by: unseen.test is the test split, which nothing"]),
        (CSV, {"wedges": {"split_seed": [1, 2]}}, ["wedges: split_seed gives each wedge another test split, but"]),
        (CSV, {"training": {"epochs": 0}, "generator": {"file": "nowhere.py"}, "geometry": {"source": "no.geo"}},
         ["training.epochs: 0 is too small; at least 1"]),
        ({"targets": "y", "layout": {"blocks": ROW}}, {"generator": {"file": None}, "unseen": {"a": TEST}},
         ["dataset.layout.blocks: describes a file of examples, but dataset.source is generator; name",
          "dataset.targets: describes a file of examples", "generator.file: missing; name the Python file that cooks"]),
        (None, {}, ["dataset: None is not a section of keys", "generator.file: missing", "unseen: missing"]),
    ],
    ids=str,
)  # fmt: skip
def test_every_mistake_is_told_before_a_job_runs(dataset, sections, lines, project):
    Path("short.raw").write_bytes(b"four")
    Path("short.csv").write_text("a\n1")

    with pytest.raises(UserError) as error:
        project(dataset, **sections)

    told = str(error.value).splitlines()[1:]
    assert len(told) == len(lines), told
    for line, start in zip(told, lines, strict=True):
        assert line.strip().startswith(start)


@pytest.mark.parametrize(
    "dataset", [CSV, NPZ, RAW, {"source": "t.parquet", "targets": "y"}], ids=lambda one: one["source"]
)
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS and not the file"),
        ("", "is empty"),
    ],
)
def test_a_file_that_only_stands_for_one_is_told_in_one_sentence(dataset, content, sentence, project):
    Path(dataset["source"]).write_text(content)

    with pytest.raises(UserError, match=rf"1 mistake\n  {dataset['source']} {sentence}"):
        project(dataset)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("a;b;y", "its columns are not separated by ','"),
        ("0.5,0.7,1e3", "the first row must name the columns; 0.5 stands there"),
        ("a,a,y", "two columns are called 'a'; rename one"),
        ("a,,y", "column 2 has no name"),
    ],
)
def test_a_first_row_that_names_no_columns_is_told_in_one_sentence(header, sentence, project):
    Path("t.csv").write_text(f"{header}\n1,2,3\n")

    with pytest.raises(UserError, match=f"1 mistake\n  t.csv: {sentence}"):
        project(CSV)

"""Every row of the table in docs/staleness.md, as it stands there."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

CHECKOUT = Path(__file__).parents[2]
GENERATOR = """
from pathlib import Path

import numpy as np

import helper

SCALE = float(Path("scale.txt").read_text())


def unseen(name, count, parameters):
    return {"time": np.linspace(0.1, 0.9, count), "key": np.arange(1000, 1000 + count)}


def inputs(item):
    return {"time": item["time"]}


def cook(item):
    return {"height": SCALE * helper.FACTOR * np.sin(item["time"] * np.arange(4.0))}
"""
CONFIG = {
    "generator": {"file": "generator.py", "inputs": ["scale.txt"]},
    "geometry": {"source": "drops.npz"},
    "work_items": {"batch_size": 16, "id_attribute": "key"},
    "unseen": {"film": {"source": "generator", "count": 8, "ground_truth": True}},
    "preprocess": {"target_components": 2},
    "training": {"epochs": 20},
    "wedges": {"hidden_layers": [1, 2], "weight_decay": [0.0]},
    "environments": {"cook": "cook.txt"},
}
FOLLOWS = {  # rule -> those that use what it makes
    "sample_geometry": ["import_work_items"],
    "sample_unseen": ["import_unseen"],
    "import_work_items": ["cook_batch"],
    "import_unseen": ["cook_unseen"],
    **dict.fromkeys(["cook_batch", "cook_point", "cook_whole"], ["merge_dataset"]),
    "cook_unseen": ["predict"],
    "merge_dataset": ["preprocess"],
    "preprocess": ["train_pack"],
    "train_pack": ["publish_wedge"],
    "publish_wedge": ["select_wedge"],
    "select_wedge": ["export_model"],
    "export_model": ["predict"],
    "predict": ["merge_predictions"],
    "merge_predictions": [],
}


def geometry(project, numbers, change=None):
    time = np.linspace(0, 1, 100)[list(numbers)]
    if change is not None:
        time[change] += 0.5
    np.savez(project / "drops.npz", time=time, key=np.array(numbers) + 100)


def prepend(project, path, line):
    (project / path).write_text(f"{line}\n{(project / path).read_text()}")


def touch_everything(project):
    for path in project.folder.parent.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path)


def fail_and_put_back(project):
    before = (project / "generator.py").read_text()
    project.edit("generator.py", "def cook(item):\n", "def cook(item):\n    assert item.id != '103'\n")
    project.build(fails=True)
    (project / "generator.py").write_text(before)


def truncate(project):
    os.truncate(project / "batches/0-15.npz", 100)


def upgrade_with_old_times(project):
    path = "scripts/geokiln/prediction/judging.py"
    prepend(project.checkout, path, "# a comment")
    os.utime(project.checkout / path, (1.7e9, 1.7e9))  # as tar and rsync -a leave it


EDITS = {
    "every file touched": touch_everything,
    "checkout and project moved": lambda project: None,  # each test's copy is
    "one element's attribute": lambda project: geometry(project, range(40), change=7),
    "ten more elements": lambda project: geometry(project, range(50)),
    "ten fewer elements": lambda project: geometry(project, range(30)),
    "elements reordered": lambda project: geometry(project, [*range(20, 40), *range(20)]),
    "one element deleted": lambda project: geometry(project, [*range(5), *range(6, 40)]),
    "batch size": lambda project: project.configure(work_items={"batch_size": 10}),
    "granularity: point": lambda project: project.configure(work_items={"granularity": "point"}),
    "granularity: whole": lambda project: project.configure(work_items={"granularity": "whole"}),
    "generator's code": lambda project: project.edit("generator.py", "np.sin", "2 * np.sin"),
    "a comment in it": lambda project: prepend(project, "generator.py", "# a comment"),
    "its function shape": lambda project: prepend(project, "generator.py", "def shape(item, targets): ..."),
    "a module that it imports": lambda project: (project / "helper.py").write_text("FACTOR = 3.0\n"),
    "a file under generator.inputs": lambda project: (project / "scale.txt").write_text("1.5"),
    "cook environment": lambda project: prepend(project, "cook.txt", "numpy>=2"),
    "a comment in its requirements": lambda project: prepend(project, "cook.txt", "# a comment"),
    "a Geokiln upgrade (its cooking module edited)": lambda project: prepend(
        project.checkout, "scripts/geokiln/cooking/cook_batch.py", "# a comment"
    ),
    "a preprocessing setting": lambda project: project.configure(preprocess={"split_seed": 1}),
    "a training setting": lambda project: project.configure(training={"epochs": 21}),
    "one wedge value added": lambda project: project.configure(
        wedges={"hidden_layers": [1, 2, 3], "weight_decay": [0.0]}
    ),
    "one wedge value removed": lambda project: project.configure(wedges={"hidden_layers": [1], "weight_decay": [0.0]}),
    "wedge axes reordered": lambda project: project.configure(wedges={"weight_decay": [0.0], "hidden_layers": [1, 2]}),
    "prediction script": lambda project: prepend(project.checkout, "scripts/predict.py", "# a comment"),
    "a module of it, with the time of an old release": upgrade_with_old_times,
    "an intermediate file deleted": lambda project: (project / "batches/0-15.npz").unlink(),
    "an intermediate file truncated": truncate,
    "a stage that failed, then the edit that broke it put back": fail_and_put_back,
}


def rows():
    """The rows of the table: edit, rules, items cooked, wedges trained."""
    text = (CHECKOUT / "docs/staleness.md").read_text()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [(edit, re.findall(r"\w+", rules), int(cooked), int(trained)) for edit, rules, cooked, trained in cells[2:]]


@pytest.fixture(scope="session")
def finished(tmp_path_factory, new_checkout):
    """A project after a successful run, beside a checkout of its own."""
    home = tmp_path_factory.mktemp("stale") / "finished"
    checkout = new_checkout(home / "checkout")
    project = type(checkout)(home / "project", checkout.folder)
    project.folder.mkdir()
    for path, text in {"generator.py": GENERATOR, "helper.py": "FACTOR = 1.0\n", "scale.txt": "1.0"}.items():
        (project / path).write_text(text)
    shutil.copy(CHECKOUT / "envs/cook.txt", project / "cook.txt")
    (project / "config.yaml").write_text("{}")
    project.configure(**CONFIG)
    geometry(project, range(40))
    project.build()
    return project


@pytest.mark.slow
@pytest.mark.parametrize(("edit", "first", "cooked", "trained"), rows(), ids=[row[0] for row in rows()])
def test_after_an_edit_exactly_that_runs_which_the_table_says(edit, first, cooked, trained, finished, tmp_path):
    home = tmp_path / "copy"
    shutil.copytree(finished.folder.parent, home, symlinks=True)
    project = type(finished)(home / "project", home / "checkout")

    EDITS[edit](project)
    built = project.build()

    expected, waiting = set(), list(first)
    while waiting:
        rule = waiting.pop()
        expected.add(rule)
        waiting += FOLLOWS[rule]
    assert built["rules"] - {"build_environment"} == expected
    assert (built["cooked"], built["trained"]) == (cooked, trained)
    assert project.plan() == {}


def test_every_edit_has_a_row():
    assert {edit for edit, *_ in rows()} == EDITS.keys()

"""Results say what they were made from: a project needs neither Snakemake's records nor the times of its files."""

import copy
import shutil
import subprocess
import sys

import jsonschema
import numpy as np
import pytest
import yaml

from conftest import ALL, CHECKOUT, copy_project

SCHEMA = yaml.safe_load((CHECKOUT / "schemas/config.schema.yaml").read_text())
NAMED = {  # keys whose other value cannot be told from the schema, or needs a second one beside it
    "generator.file": "other.py",
    "generator.inputs": ["other.py"],
    "generator.command.words": ["cat", "other.py"],
    "generator.command.outputs": ["a.npy"],
    "generator.command.exit_codes": {"3": "drop"},
    "geometry.name": "others",
    "geometry.source": "other.npz",
    "work_items.group": "left",
    "work_items.include": ["bounds"],
    "dataset.source": "other.npz",
    "dataset.inputs": "strength",
    "dataset.targets": "strength",
    "dataset.layout.header": 12,
    "dataset.layout.blocks": [{"name": "x"}, {"name": "y", "size": 2, "collate": True}],
    "work_items.attributes": "* ^phase",
    "work_items.id_attribute": "key",
    "work_items.constants": {"width": 2},
    "unseen": {"film": {"source": "generator", "count": 9, "ground_truth": True}},
    "preprocess.target_weights": {"height": 2.0},
    "training.script": "other.py",
    "training.hidden_widths": [8, 9],
    "training.betas": [0.8, 0.9],
    "training.initial_weights": "other.safetensors",
    "wedges": {"hidden_layers": [1, 3]},
    "selection.by": "unseen",
    "selection.rungs": [10],
    "environments.python": sys.executable,
    "environments.wheels": ".",
    "environments.cook": "other.txt",
    "environments.train": "other.txt",
    "environments.predict": "other.txt",
    "environments.formats": "other.txt",
}
OTHERS = (True, False, 3, 0.25, 64, 5, "auto", "other", {"other": 1}, 1)  # what the schema allows of these
# What a job reserves, where environments lie and what they come from is no part of a result; the other interpreter
# is the current one.
# No file of another program is there.
UNTOLD = ("resources.", *(f"environments.{key}" for key in ("folder", "python", "wheels", "formats")))
TABLE = {
    "dataset.source": "other.npz",
    "dataset.targets": "time",
    "unseen": {"test": {"source": "test", "ground_truth": True}},
}
RAW = {
    **TABLE,
    "dataset.source": "other.raw",
    "dataset.targets": "y",
    "dataset.layout.blocks": [{"name": "x", "size": 2}, {"name": "y", "collate": True}],
}
ASIDE = {  # what another key needs beside it
    "generator.command.words": {"generator.command.outputs": ["a.npy"]},
    "generator.command.outputs": {"generator.command.words": ["cat", "other.py"]},
    "selection.eta": {"selection.rungs": [10]},
    **dict.fromkeys(["dataset.source", "dataset.inputs", "dataset.targets"], TABLE),
    **dict.fromkeys(["dataset.layout.byte_order", "dataset.layout.header", "dataset.layout.blocks"], RAW),
}


def keys(schema, path=""):
    """Every key that holds a value, with its schema."""
    for key, one in schema["properties"].items():
        name = f"{path}{key}"
        if "properties" in one and name not in NAMED:
            yield from keys(one, f"{name}.")
        else:
            yield name, one


def other_value(schema, value):
    """A value that a key takes, and that is another one than *value*."""
    allows = jsonschema.Draft202012Validator(schema).is_valid
    return next(
        one for one in (*schema.get("enum", ()), *OTHERS) if allows(one) and (type(one), one) != (type(value), value)
    )


def set_key(config, path, value):
    *sections, key = path.split(".")
    for section in sections:
        config = config.setdefault(section, {})
    config[key] = value


@pytest.fixture
def lost_records(ripple):
    """The finished example without Snakemake's records."""
    shutil.rmtree(ripple / ".snakemake")
    return ripple


def test_a_setting_that_is_changed_without_records_is_noticed(lost_records):
    lost_records.configure(training={"epochs": 20})
    built = lost_records.build()

    assert (built["cooked"], built["trained"]) == (0, 2)
    assert "Made from other settings, code or files than today's" in built["output"]
    assert lost_records.plan() == {}


@pytest.mark.parametrize("how", ["cp", "git"])
def test_a_copy_without_hidden_files_and_times_has_nothing_to_do_until_something_changes(ripple, projects, how):
    visible = [path.name for path in ripple.folder.glob("[a-z]*")]
    copied = copy_project(CHECKOUT / "examples/ripple", projects / f"copied_{how}")
    if how == "git":
        shutil.rmtree(copied.folder)
        author = ["-c", "user.name=artist", "-c", "user.email=artist@example.org"]
        for words in (["init", "-q"], ["add", "--", *visible], [*author, "commit", "-qm", "done"]):
            subprocess.run(["git", *words], cwd=ripple.folder, check=True)
        subprocess.run(["git", "clone", "-q", ripple.folder, copied.folder], check=True)
    else:
        subprocess.run(["cp", "-r", *visible, copied.folder], cwd=ripple.folder, check=True)

    assert "Nothing to be done" in copied.snakemake(ALL)
    before = np.load(copied / ALL)["height"]
    copied.configure(geometry={"seed": 7})
    assert copied.build()["cooked"] == 96 + 24  # the store is a hidden folder
    assert not np.array_equal(np.load(copied / ALL)["height"], before)


@pytest.mark.slow
@pytest.mark.parametrize("section", SCHEMA["properties"])
def test_every_key_that_can_change_a_result_is_noticed_without_records(section, lost_records):
    project, shipped = lost_records, yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    code = (project / "generator.py").read_text()
    (project / "other.py").write_text(f"{code}\ndef loss(outputs, targets): return (outputs - targets).abs().mean()\n")
    (project / "other.txt").write_text((CHECKOUT / "envs/train.txt").read_text() + "six\n")
    np.savez(project / "other.npz", strength=np.ones(96), time=np.ones(96))
    np.ones(3 * 96, np.float32).tofile(project / "other.raw")
    shutil.copy(project / "wedges/hidden_layers-1/weights.safetensors", project / "other.safetensors")
    config, unnoticed = yaml.safe_load((project / "config.yaml").read_text()), set()
    for path, schema in keys(SCHEMA):
        if path.split(".")[0] != section:
            continue
        document, value = copy.deepcopy(config), shipped
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        for key, beside in ASIDE.get(path, {}).items():
            set_key(document, key, beside)
        set_key(document, path, NAMED[path] if path in NAMED else other_value(schema, value))
        (project / "config.yaml").write_text(yaml.safe_dump(document))
        if not project.plan():
            unnoticed.add(path)

    assert unnoticed == {path for path, _ in keys(SCHEMA) if path.startswith(f"{section}.") and path.startswith(UNTOLD)}

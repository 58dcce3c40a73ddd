"""houdini/submit.py builds files for a work item of TOPs, from within a Python that is set up for Houdini."""

import importlib.util
import json

import pytest

from conftest import CHECKOUT
from houdini.standin.work_item import WorkItem


@pytest.fixture
def submit():
    spec = importlib.util.spec_from_file_location("submit", CHECKOUT / "houdini/submit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def in_houdini(monkeypatch, tmp_path):
    """The environment of a session of Houdini's, in which no other Python works."""
    libraries = tmp_path / "hfs/houdini/python3.11libs"
    libraries.mkdir(parents=True)
    (libraries / "numpy.py").write_text("raise ImportError('of another Python')\n")
    (libraries / "yaml.py").write_text("raise ImportError('of another Python')\n")
    monkeypatch.setenv("HFS", str(tmp_path / "hfs"))
    monkeypatch.setenv("PYTHONPATH", str(libraries))
    monkeypatch.setenv("PYTHONHOME", "/nonsense")
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path}/hfs/dsolib:/studio/lib")


@pytest.fixture
def saying(submit, tmp_path):
    """A function that puts a shell script in Geokiln's place."""

    def saying(script):
        launcher = tmp_path / "geokiln"
        launcher.write_text(f"#!/bin/sh\n{script}\n")
        launcher.chmod(0o755)
        submit.GEOKILN = str(launcher)

    return saying


@pytest.mark.slow
def test_files_are_built_with_the_items_values_and_become_its_outputs(submit, in_houdini, ripple):
    item = WorkItem(count=97)

    targets = ["model.onnx", "dataset/examples.json"]
    config = {"geometry": {"count": item.attribValue("count")}, "training": {"epochs": 5}}
    submit.build(item, ripple.folder, targets, config=config, flags=["--cores=1"])

    made = [("model.onnx", "onnx"), ("dataset/examples.json", "json"), ("dataset/examples.raw", "raw"),
            ("dataset/examples.ids", "ids")]  # fmt: skip
    assert item.outputs == [(str(ripple / path), f"file/{tag}") for path, tag in made]
    assert json.loads((ripple / "dataset/examples.json").read_text())["count"] == 97


def test_a_failure_ends_in_the_last_words_of_geokiln_and_in_no_outputs(submit, saying, capfd):
    saying("seq 1000; echo 'item 5: the solver blew up' >&2; exit 1")
    item = WorkItem()

    with pytest.raises(RuntimeError) as failure:
        submit.build(item, "/shared/pond", ["model.onnx"])

    lines = str(failure.value).splitlines()
    assert lines[0] == "Geokiln could not build model.onnx in /shared/pond:"
    assert lines[1:] == [*map(str, range(972, 1001)), "item 5: the solver blew up"]
    assert "\n500\n" in capfd.readouterr().out  # the work item's log has all of it
    assert item.outputs == []


def test_flags_and_texts_reach_geokiln_as_they_are(submit, saying):
    saying('for word in "$@"; do echo "<$word>"; done; exit 1')
    config = {"generator": {"parameters": {"name": "it's 1e-3", "on": True}}}

    with pytest.raises(RuntimeError) as failure:
        submit.build(WorkItem(), "/a b", ["model.onnx"], config=config, flags=["--workflow-profile=hqueue"])

    assert str(failure.value).splitlines()[1:] == [
        "<--directory=/a b>", "<--workflow-profile=hqueue>", "<--config>",
        '<generator={"parameters": {"name": "it\'s 1e-3", "on": true}}>', "<-->", "<model.onnx>",
    ]  # fmt: skip


def test_what_houdini_sets_for_its_own_python_is_left_behind_and_hython_is_found(submit, in_houdini, saying, tmp_path):
    saying('echo "${PYTHONHOME-} ${PYTHONPATH-} $LD_LIBRARY_PATH $HFS $MORE"; exit 1')

    with pytest.raises(RuntimeError) as failure:
        submit.build(WorkItem(), "/shared/pond", environment={"MORE": "1"})

    assert str(failure.value).splitlines()[1].split() == ["/studio/lib", f"{tmp_path}/hfs", "1"]

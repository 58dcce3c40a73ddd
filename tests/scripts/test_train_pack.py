import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.numpy import load_file

import publish_wedge
from train_pack import main

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def train(preprocessed, pack_arguments):
    """A function that trains wedges (name -> own values), with what the test changes of the settings."""
    return lambda wedges=None, changes=None, **options: main(pack_arguments(wedges, changes, **options))


def said(capsys):
    return capsys.readouterr().out.splitlines()[-1]


def test_the_wedges_of_a_pack_are_trained_and_one_that_diverges_is_kept(train, settings, capsys, published):
    own = {"one": {}, "other": {"seed": 5, "learning_rate": 0.02}, "wild": {"learning_rate": 1e30}}

    train(own, {"activation": "relu"})

    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["diverged (the loss was not finite any more): wild", "3 trained, 0 reused (one, other, wild)"]
    made = {wedge: published(wedge) for wedge in own}
    assert [made[wedge]["status"] for wedge in own] == ["trained", "trained", "diverged"]
    for wedge, values in own.items():
        assert made[wedge]["settings"] == settings(activation="relu", **values)
    assert set(made["one"]["validation_rmse"]) == {"height", "force"}
    assert load_file("wedges/one/weights.safetensors")["layers.0.weight"].shape == (2, 8)
    pack = json.loads(Path("packs/pack.json").read_text())
    assert pack["trained"] == list(pack["wedges"]) == list(own)


def test_what_was_trained_is_not_trained_again_however_the_settings_that_do_not_count_are(
    train, settings, capsys, published
):
    train({"one": {}, "other": {"seed": 5}})
    before = [published(), published("other")]
    shutil.rmtree("wedges")

    train({"other": {"seed": 5}}, dict(reversed(settings().items())))
    reused = said(capsys)
    train({"one": {}, "other": {"seed": 5}, "third": {"seed": 6}, "fourth": {"seed": 6, "huber_delta": 7.0}})

    assert reused == "0 trained, 1 reused: neither their data nor their settings changed"
    assert said(capsys) == "1 trained, 3 reused (fourth)"
    assert [published(), published("other")] == before
    assert [published(wedge)["settings"]["huber_delta"] for wedge in ("third", "fourth")] == [1.0, 7.0]
    assert published("third")["validation_loss"] == published("fourth")["validation_loss"]


def test_a_training_says_which_python_it_ran_on_and_another_place_of_it_finds_it_again(
    train, capsys, published, monkeypatch
):
    monkeypatch.setattr(sys, "base_prefix", "/opt/hfs/python")
    train()
    before = published()
    shutil.rmtree("wedges")

    monkeypatch.setattr(sys, "base_prefix", "/elsewhere")
    train()

    assert said(capsys).startswith("0 trained, 1 reused")
    assert (before["python"], before["base_prefix"]) == (platform.python_version(), "/opt/hfs/python")
    assert published() == before


def test_reuse_costs_no_heavy_import(train, pack_arguments, publishing):
    train()
    program = """if True:
        import sys, publish_wedge, train_pack
        train_pack.main(sys.argv[1 : sys.argv.index("/")])
        publish_wedge.main(sys.argv[sys.argv.index("/") + 1 :])
        print({"numpy", "torch"} & set(sys.modules))
    """

    done = subprocess.run(
        [sys.executable, "-c", program, *pack_arguments(), "/", *publishing("one")],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize(("changes", "options"), [({"seed": 1}, {}), ({}, {"environment": "train-2"})], ids=str)
def test_other_settings_or_another_environment_train_again(changes, options, train, settings, capsys, published):
    train()

    train(changes=changes, **options)

    assert said(capsys) == "1 trained, 0 reused (one)"
    assert published()["settings"] == settings(**changes)


OWN = """
import {imported}

def loss(outputs, targets):
    open("weights.txt")
    return ((outputs - targets) ** 2).mean()
"""


def test_what_a_training_script_runs_on_without_naming_it_is_told(preprocessed, pack_arguments, write, failure, capsys):
    for path in ("helper.py", "weights.txt"):
        os.utime(write(path, ""), (1e9, 1e9))
    write("own.py", OWN.format(imported="importlib; importlib.import_module('helper')"))

    message = failure(main, pack_arguments(script="own.py"))
    capsys.readouterr()
    write("own.py", OWN.format(imported="helper"))
    main(pack_arguments(script="own.py"))

    assert message == (
        "train_pack: helper.py is imported in a way that Geokiln does not see (importlib, sys.path): "
        "put it beside own.py and import it by name"
    )
    warning = "training read weights.txt, which no key of the config names; an edit of it will go unnoticed"
    assert [line for line in capsys.readouterr().out.splitlines() if "warns" in line] == [f"Geokiln warns: {warning}"]


def test_a_damaged_split_ends_in_a_sentence_and_keeps_nothing(preprocessed, pack_arguments, failure):
    os.truncate("preprocessed/base/training.raw", 8)

    message = failure(main, pack_arguments())

    assert message.startswith("train_pack: preprocessed/base/training.raw is damaged (8 bytes instead of")
    assert Path("preprocessed/base/training.raw.damaged").exists()
    assert list(Path(".kept").glob("wedges/*")) == [] and not Path("packs/pack.json").exists()


def test_a_wedge_that_the_store_lost_is_trained_anew(train, capsys, failure, publishing, published):
    train()
    before = published()["validation_loss"]
    (kept,) = Path(".kept/wedges").iterdir()
    os.truncate(kept / "weights.safetensors", 8)

    message = failure(publish_wedge.main, publishing("one"))
    train()

    assert message == ("publish_wedge: wedge one is no longer in .kept, or damaged there; run again to train it anew")
    assert said(capsys) == "1 trained, 0 reused (one)"
    assert published()["validation_loss"] == pytest.approx(before, abs=1e-6)


def test_a_pack_that_is_asked_to_stop_goes_on_where_it_was(preprocessed, pack_arguments, published):
    changes = {"epochs": 2000, "epochs_per_evaluation": 1, "schedule": "constant"}
    words = pack_arguments({"one": {}, "other": {"seed": 5}}, changes)
    process = subprocess.Popen(
        [sys.executable, "-u", SCRIPTS / "train_pack.py", *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    for line in process.stdout:
        if line.startswith("epoch 20, 2 wedges:"):
            process.terminate()
            break
    said = [line, *process.communicate()[0].splitlines()]

    done = subprocess.run([sys.executable, SCRIPTS / "train_pack.py", *words], capture_output=True, text=True)

    lines = done.stdout.splitlines()
    last = max(int(line.split(",")[0].split()[1]) for line in said if line.startswith("epoch"))
    assert process.returncode != 0 and "asked to stop (SIGTERM); the next run goes on from here" in said[-1]
    assert last < 2000 and lines[0] == f"2 of 2 wedges resumed from epoch {last}"
    assert lines[1].startswith(f"epoch {last + 1}, 2 wedges:") and done.returncode == 0
    assert published()["epochs"] == published("other")["epochs"] == 2000

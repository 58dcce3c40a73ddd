import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import publish_wedge
from geokiln.training import context
from train_pack import main

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def train(preprocessed, pack_arguments):
    """A function that trains wedges (name -> own values), with what the test changes of the settings."""
    return lambda wedges=None, changes=None, **options: main(pack_arguments(wedges, changes, **options))


def result(wedge="one"):
    """Publish a wedge, and return its training.json."""
    publish_wedge.main(["--pack", "packs/pack.json", "--wedge", wedge, "--folder", f"wedges/{wedge}"])
    return json.loads(Path(f"wedges/{wedge}/training.json").read_text())


def weights(wedge="one"):
    return load_file(f"wedges/{wedge}/weights.safetensors")


def said(capsys):
    return capsys.readouterr().out.splitlines()[-1]


def test_the_wedges_of_a_pack_are_trained(train, settings, capsys):
    train({"one": {}, "other": {"seed": 5, "learning_rate": 0.02}})

    assert said(capsys) == "2 trained, 0 reused (one, other)"
    assert result()["settings"] == settings() and result("other")["settings"] == settings(seed=5, learning_rate=0.02)
    assert set(result()["validation_rmse"]) == {"height", "force"}
    assert weights()["layers.0.weight"].shape == (2, 8)
    assert not np.array_equal(weights()["layers.0.weight"], weights("other")["layers.0.weight"])
    pack = json.loads(Path("packs/pack.json").read_text())
    assert pack["trained"] == list(pack["wedges"]) == ["one", "other"]


def test_the_same_data_and_settings_are_not_trained_again(train, settings, capsys):
    train({"one": {}, "other": {"seed": 5}})
    before = [result(), result("other")]
    shutil.rmtree("wedges")

    train({"other": {"seed": 5}}, dict(reversed(settings().items())))
    reused = said(capsys)
    train({"one": {}, "other": {"seed": 5}, "third": {"seed": 6}})

    assert reused == "0 trained, 1 reused: neither their data nor their settings changed"
    assert said(capsys) == "1 trained, 2 reused (third)"
    assert [result(), result("other")] == before


def test_reuse_costs_no_heavy_import(train, pack_arguments):
    train()
    program = """if True:
        import sys, publish_wedge, train_pack
        train_pack.main(sys.argv[1:])
        publish_wedge.main(["--pack", "packs/pack.json", "--wedge", "one", "--folder", "wedges/one"])
        print({"numpy", "torch"} & set(sys.modules))
    """

    done = subprocess.run(
        [sys.executable, "-c", program, *pack_arguments()],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize(
    ("changes", "options"),
    [({"seed": 1}, {}), ({"epochs": 21}, {}), ({}, {"environment": "train-2"})],
    ids=str,
)
def test_other_settings_train_again(changes, options, train, settings, capsys):
    train()

    train(changes=changes, **options)

    assert said(capsys) == "1 trained, 0 reused (one)"
    assert result()["settings"] == settings(**changes)


def test_a_raised_version_of_geokilns_own_trains_again(train, capsys, monkeypatch):
    train()

    monkeypatch.setattr(context, "TRAIN_VERSION", context.TRAIN_VERSION + 1)
    train()

    assert said(capsys) == "1 trained, 0 reused (one)"


def test_other_data_train_again(train, capsys):
    train()
    from geokiln.dataset.preprocessing import preprocess_table

    files = [f"dataset/examples.{suffix}" for suffix in ("raw", "json", "ids")]
    preprocess_table(*files, "preprocessed/base", 0.2, 1, True, 3)

    train()

    assert said(capsys) == "1 trained, 0 reused (one)"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("preprocessed/base/training.raw", "preprocessed/base/training.raw is damaged (8 bytes instead of"),
        ("preprocessed/base/validation.raw", "preprocessed/base/validation.raw is damaged (8 bytes instead of"),
        ("preprocessed/base/training.json", "preprocessed/base/training.json is damaged (not JSON:"),
        ("preprocessed/base/basis.npz", "preprocessed/base/basis.npz is damaged ("),
        ("dataset/examples.raw", "dataset/examples.raw is damaged (8 bytes instead of"),
    ],
)
def test_a_damaged_file_ends_in_a_sentence_and_keeps_nothing(path, sentence, preprocessed, pack_arguments, failure):
    os.truncate(path, 8)

    message = failure(main, pack_arguments())

    assert message.startswith(f"train_pack: {sentence}")
    assert Path(f"{path}.damaged").exists()
    assert list(Path(".kept").glob("wedges/*")) == [] and not Path("packs/pack.json").exists()


@pytest.mark.parametrize("damage", [lambda file: os.truncate(file, 8), lambda file: shutil.rmtree(file.parent)])
def test_a_wedge_that_the_store_lost_is_trained_anew(damage, train, capsys, failure):
    train()
    before = result()["validation_loss"]
    (kept,) = Path(".kept/wedges").iterdir()
    damage(kept / "weights.safetensors")

    words = ["--pack", "packs/pack.json", "--wedge", "one", "--folder", "wedges/one"]
    message = failure(publish_wedge.main, words)
    train()

    assert message == ("publish_wedge: wedge one is no longer in .kept, or damaged there; run again to train it anew")
    assert said(capsys) == "1 trained, 0 reused (one)"
    assert result()["validation_loss"] == pytest.approx(before, abs=1e-6)


def test_a_pack_that_is_asked_to_stop_goes_on_where_it_was(preprocessed, pack_arguments):
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
    assert result()["epochs"] == result("other")["epochs"] == 2000


def test_settings_that_do_not_count_are_reused_and_recorded(train, capsys):
    train()

    train(changes={"huber_delta": 7.0})

    assert said(capsys).startswith("0 trained, 1 reused")
    assert result()["settings"]["huber_delta"] == 7.0


def test_wedges_that_differ_in_what_does_not_count_are_trained_once(train, capsys):
    train({"one": {}, "other": {"huber_delta": 7.0}})

    assert said(capsys) == "1 trained, 1 reused (other)"
    one, other = result(), result("other")
    assert (one["settings"]["huber_delta"], other["settings"]["huber_delta"]) == (1.0, 7.0)
    assert one["validation_loss"] == other["validation_loss"]


def test_a_wedge_that_diverges_is_kept_and_the_others_go_on(train, capsys):
    wild = {"learning_rate": 1e30}

    train({"one": {}, "other": {"seed": 1}, "wild": wild}, {"activation": "relu"})

    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        "diverged (the loss was not finite any more): wild",
        "3 trained, 0 reused (one, other, wild)",
    ]
    assert [result(wedge)["status"] for wedge in ("one", "other", "wild")] == ["trained", "trained", "diverged"]


def test_wedges_that_were_kept_before_a_crash_are_not_trained_again(train, capsys, monkeypatch, failure):
    """Patience ends one early; then the disk is full."""
    impatient = {"learning_rate": 1e-30, "patience": 2}
    from geokiln.errors import UserError
    from geokiln.training import train_pack as pack_training

    write_wedge = pack_training.write_wedge

    def full(folder, preprocessed, table, settings, outcome, own):
        if settings["seed"] == 1:
            raise UserError("the disk is full")
        write_wedge(folder, preprocessed, table, settings, outcome, own)

    monkeypatch.setattr(pack_training, "write_wedge", full)
    members = {"first": impatient, "second": {**impatient, "seed": 9}, "third": {"seed": 1}}
    with pytest.raises(SystemExit, match="the disk is full"):
        train(members)
    assert not Path("packs/pack.json").exists()
    monkeypatch.setattr(pack_training, "write_wedge", write_wedge)

    train(members)

    assert said(capsys) == "1 trained, 2 reused (third)"


def test_a_script_and_weights_to_start_from_are_inputs(train, write, capsys):
    write("own.py", "def loss(outputs, targets):\n    return (outputs - targets).abs().mean()\n")
    train()
    result()
    first = weights()
    Path("start.safetensors").write_bytes(Path("wedges/one/weights.safetensors").read_bytes())

    train(changes={"script": "own.py"}, script="own.py")
    train(changes={"initial_weights": "start.safetensors"}, **{"initial-weights": "start.safetensors"})

    assert capsys.readouterr().out.count("1 trained, 0 reused") == 3
    write("own.py", "# a comment\ndef loss(outputs, targets):\n    return (outputs - targets).abs().mean()\n")
    train(changes={"script": "own.py"}, script="own.py")
    assert said(capsys).startswith("0 trained, 1 reused")
    result()
    assert not np.array_equal(first["layers.0.weight"], weights()["layers.0.weight"])

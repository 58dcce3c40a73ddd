import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import train_wedge
from train_wedge import main

SCRIPTS = Path(__file__).parents[2] / "scripts"


def arguments(settings, **changes):
    options = {
        "preprocessed": "preprocessed/base",
        "examples": "dataset/examples.raw",
        "sidecar": "dataset/examples.json",
        "settings": json.dumps(settings),
        "environment": "train-1",
        "folder": "wedges/one",
        **changes,
    }
    return [word for key, value in options.items() for word in (f"--{key}", value)]


def result():
    return json.loads(Path("wedges/one/training.json").read_text())


def test_a_wedge_is_trained(preprocessed, settings, capsys):
    main(arguments(settings()))

    assert result()["settings"] == settings()
    assert set(result()["validation_rmse"]) == {"height", "force"}
    assert load_file("wedges/one/weights.safetensors")["layers.0.weight"].shape == (2, 8)
    assert capsys.readouterr().out.endswith("1 trained, 0 reused\n")


def test_the_same_data_and_settings_are_not_trained_again(preprocessed, settings, capsys):
    main(arguments(settings()))
    before = result(), load_file("wedges/one/weights.safetensors")
    for path in Path("wedges/one").iterdir():
        path.unlink()
    capsys.readouterr()

    main(arguments(dict(reversed(settings().items()))))

    assert result() == before[0]
    weights = load_file("wedges/one/weights.safetensors")
    assert all(np.array_equal(weights[name], before[1][name]) for name in weights)
    assert capsys.readouterr().out == "0 trained, 1 reused: neither its data nor its settings changed\n"


def test_reuse_costs_no_heavy_import(preprocessed, settings):
    main(arguments(settings()))
    program = "import sys, train_wedge; train_wedge.main(sys.argv[1:]); print({'numpy', 'torch'} & set(sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", program, *arguments(settings())],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize(
    ("settings_changes", "changes"),
    [({"seed": 1}, {}), ({"epochs": 21}, {}), ({}, {"environment": "train-2"})],
    ids=str,
)
def test_other_settings_train_again(settings_changes, changes, preprocessed, settings, capsys):
    main(arguments(settings()))
    capsys.readouterr()

    main(arguments(settings(**settings_changes), **changes))

    assert capsys.readouterr().out.endswith("1 trained, 0 reused\n")
    assert result()["settings"] == settings(**settings_changes)


def test_a_raised_version_of_geokilns_own_trains_again(preprocessed, settings, capsys, monkeypatch):
    main(arguments(settings()))
    capsys.readouterr()

    monkeypatch.setattr(train_wedge, "TRAIN_VERSION", train_wedge.TRAIN_VERSION + 1)
    main(arguments(settings()))

    assert capsys.readouterr().out.endswith("1 trained, 0 reused\n")


def test_other_data_train_again(preprocessed, settings, capsys):
    main(arguments(settings()))
    from geokiln.preprocessing import preprocess_table

    files = [f"dataset/examples.{suffix}" for suffix in ("raw", "json", "ids")]
    preprocess_table(*files, "preprocessed/base", 0.2, 1, True, 3)
    capsys.readouterr()

    main(arguments(settings()))

    assert capsys.readouterr().out.endswith("1 trained, 0 reused\n")


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
def test_a_damaged_file_ends_in_a_sentence_and_keeps_nothing(path, sentence, preprocessed, settings, failure):
    os.truncate(path, 8)

    message = failure(main, arguments(settings()))

    assert message.startswith(f"train_wedge: {sentence}")
    assert Path(f"{path}.damaged").exists()
    assert list(Path(".kept").glob("wedges/*")) == []


def test_a_damaged_result_is_trained_anew(preprocessed, settings, capsys):
    main(arguments(settings()))
    before = result()["validation_loss"]
    (kept,) = Path(".kept/wedges").iterdir()
    os.truncate(kept / "weights.safetensors", 8)
    capsys.readouterr()

    main(arguments(settings()))

    assert capsys.readouterr().out.endswith("1 trained, 0 reused\n")
    assert result()["validation_loss"] == pytest.approx(before, abs=1e-6)


def test_a_training_that_is_asked_to_stop_goes_on_where_it_was(preprocessed, settings):
    words = arguments(settings(epochs=3000, epochs_per_evaluation=1, schedule="constant"))
    process = subprocess.Popen(
        [sys.executable, "-u", SCRIPTS / "train_wedge.py", *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    for line in process.stdout:
        if line.startswith("epoch 20:"):
            process.terminate()
            break
    said = [line, *process.communicate()[0].splitlines()]

    done = subprocess.run([sys.executable, SCRIPTS / "train_wedge.py", *words], capture_output=True, text=True)

    lines = done.stdout.splitlines()
    last = max(int(line.split(":")[0].split()[1]) for line in said if line.startswith("epoch"))
    assert process.returncode != 0 and "asked to stop (SIGTERM); the next run goes on from here" in said[-1]
    assert last < 3000 and lines[0] == f"resumed from epoch {last}"
    assert lines[1].startswith(f"epoch {last + 1}:") and done.returncode == 0
    assert result()["epochs"] == 3000


def test_settings_that_do_not_count_are_reused_and_recorded(preprocessed, settings, capsys):
    main(arguments(settings()))
    capsys.readouterr()

    main(arguments(settings(huber_delta=7.0)))

    assert capsys.readouterr().out.startswith("0 trained, 1 reused")
    assert result()["settings"]["huber_delta"] == 7.0


def test_a_script_and_weights_to_start_from_are_inputs(preprocessed, settings, write, capsys):
    write("own.py", "def loss(outputs, targets):\n    return (outputs - targets).abs().mean()\n")
    main(arguments(settings()))
    first = load_file("wedges/one/weights.safetensors")
    Path("start.safetensors").write_bytes(Path("wedges/one/weights.safetensors").read_bytes())

    main(arguments(settings(script="own.py"), script="own.py"))
    main(arguments(settings(initial_weights="start.safetensors"), **{"initial-weights": "start.safetensors"}))

    assert capsys.readouterr().out.count("1 trained, 0 reused") == 3
    write("own.py", "# a comment\ndef loss(outputs, targets):\n    return (outputs - targets).abs().mean()\n")
    main(arguments(settings(script="own.py"), script="own.py"))
    assert "0 trained, 1 reused" in capsys.readouterr().out
    assert not np.array_equal(first["layers.0.weight"], load_file("wedges/one/weights.safetensors")["layers.0.weight"])

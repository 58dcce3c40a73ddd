import os
import subprocess
import sys
from pathlib import Path

import pytest

import preprocess
from geokiln.storage.arrays import read_arrays
from geokiln.storage.tables import Table
from preprocess import FILES, main

SCRIPTS = Path(__file__).parents[2] / "scripts"


def arguments(**changes):
    options = {
        "raw": "dataset/examples.raw",
        "ids": "dataset/examples.ids",
        "sidecar": "dataset/examples.json",
        "environment": "train-1",
        "validation-share": "0.2",
        "split-seed": "0",
        "standardise-inputs": "1",
        "target-components": "3",
        "folder": "preprocessed/base",
        **changes,
    }
    return [word for key, value in options.items() for word in (f"--{key}", value)]


def contents():
    return {path.name: path.read_bytes() for path in Path("preprocessed/base").iterdir()}


def test_the_dataset_is_split_and_compressed(dataset, capsys):
    main(arguments())

    tables = [Table(f"preprocessed/base/{s}.raw", f"preprocessed/base/{s}.json") for s in ("training", "validation")]

    assert sorted(contents()) == sorted(FILES)
    assert sum(table.count for table in tables) == 30
    assert [table.width for table in tables] == [2 + 3] * 2
    assert "3 target components keep" in capsys.readouterr().out


def test_the_same_dataset_and_settings_are_not_preprocessed_again(dataset, capsys):
    main(arguments())
    before = contents()
    for name in FILES:
        Path("preprocessed/base", name).unlink()
    capsys.readouterr()

    main(arguments())

    assert contents() == before
    assert capsys.readouterr().out == "reused: neither the dataset nor a setting changed\n"


def test_reuse_costs_no_heavy_import(dataset):
    main(arguments())
    program = "import sys, preprocess; preprocess.main(sys.argv[1:]); print('numpy' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program, *arguments()],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    "changes",
    [
        {"validation-share": "0.5"},
        {"split-seed": "1"},
        {"standardise-inputs": "0"},
        {"target-components": "0"},
    ],
    ids=str,
)
def test_another_setting_gives_another_result(changes, dataset):
    main(arguments())
    before = contents()

    main(arguments(**changes))

    assert contents() != before


def test_a_raised_version_of_geokilns_own_preprocesses_again(dataset, capsys, monkeypatch):
    main(arguments())
    capsys.readouterr()

    monkeypatch.setattr(preprocess, "PREPROCESS_VERSION", preprocess.PREPROCESS_VERSION + 1)
    main(arguments())

    assert "reused" not in capsys.readouterr().out


def test_settings_that_come_back_are_reused(dataset, capsys):
    main(arguments())
    before = contents()
    main(arguments(**{"target-components": "1"}))
    capsys.readouterr()

    main(arguments())

    assert contents() == before
    assert capsys.readouterr().out.startswith("reused")


def test_a_damaged_result_is_made_anew(dataset, capsys):
    main(arguments())
    before = read_arrays("preprocessed/base/basis.npz")
    (kept,) = Path(".kept/preprocessed").iterdir()
    os.truncate(kept / "training.raw", 8)
    capsys.readouterr()

    main(arguments())

    after = read_arrays("preprocessed/base/basis.npz")
    assert "20 training, " in capsys.readouterr().out
    assert all((before[name] == after[name]).all() for name in before)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda raw: os.truncate(raw, 40), "dataset/examples.raw is damaged (40 bytes instead of 720)"),
        (lambda raw: raw.write_bytes(bytes(720)), "dataset/examples.raw is damaged (checksum of rows 0 to 29)"),
        (lambda raw: raw.unlink(), "dataset/examples.raw does not exist, though dataset/examples.json does"),
    ],
    ids=["truncated", "zeroed", "missing"],
)
def test_a_damaged_dataset_ends_in_a_sentence_and_keeps_nothing(damage, sentence, dataset, failure):
    damage(Path("dataset/examples.raw"))

    message = failure(main, arguments())

    assert message.startswith(f"preprocess: {sentence}")
    assert not Path("preprocessed/base").exists() or contents() == {}
    assert list(Path(".kept/preprocessed").iterdir()) == []

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from geokiln.storage.tables import Table
from preprocess import main

SCRIPTS = Path(__file__).parents[2] / "scripts"
FILES = ["training.raw", "training.json", "validation.raw", "validation.json", "basis.npz"]


@pytest.fixture
def arguments(dataset, recipe):
    """A function that gives the script's command line, with what the test changes of the recipe."""
    tables = [f"preprocessed/base/{name}" for name in FILES]
    files = ["--raw", "dataset/examples.raw", "--ids", "dataset/examples.ids", "--sidecar", "dataset/examples.json"]
    outputs = ["--training", *tables[:2], "--validation", *tables[2:4], "--basis", tables[4]]
    return lambda **changes: [*files, *outputs, "--environment", "train-1", "--settings", json.dumps(recipe(**changes))]


def contents():
    return {path.name: path.read_bytes() for path in Path("preprocessed/base").iterdir()}


def test_the_dataset_is_split_and_compressed(arguments, capsys):
    main(arguments())

    tables = [Table(f"preprocessed/base/{s}.raw", f"preprocessed/base/{s}.json") for s in ("training", "validation")]

    assert sorted(contents()) == sorted(FILES)
    assert sum(table.count for table in tables) == 30
    assert [table.width for table in tables] == [2 + 3] * 2
    splits = "20 training, 10 validation examples"
    assert re.fullmatch(rf"{splits}; 3 target components keep \d+\.\d{{4}}% of the variance\n", capsys.readouterr().out)


def test_settings_that_come_back_are_reused_though_their_files_are_gone_without_a_heavy_import(arguments):
    main(arguments())
    before = contents()
    main(arguments(target_components=1))
    between = contents()
    for name in FILES:
        Path("preprocessed/base", name).unlink()
    program = "import sys, preprocess; preprocess.main(sys.argv[1:]); print('numpy' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program, *arguments()],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == ["reused: neither the dataset nor a setting changed", "False"]
    assert contents() == before != between

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cook_batch import main
from geokiln.files import content_digest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def arguments(generator, work_items):
    """A function that writes the work items of a batch and gives the arguments that cook it."""

    def arguments(name="0-2", numbers=(0, 1, 2), parts=("inputs", "targets"), inputs=(), **changes):
        options = {
            "work-items": work_items(f"work_items/{name}.json", numbers),
            "generator": "generator.py",
            "parameters": "{}",
            "environment": "cook-1",
            "data-points": f"batches/{name}.npz",
            "report": f"batches/{name}.json",
            **changes,
        }
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        return [*words, "--generator-inputs", *inputs, "--parts", *parts]

    return arguments


def cooked():
    """The items that were cooked since the last call."""
    path = Path("cooked.txt")
    numbers = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return [int(number) for number in numbers]


def test_a_batch_is_cooked_into_arrays_and_a_report(arguments, capsys):
    main(arguments())

    arrays, report = np.load("batches/0-2.npz"), json.loads(Path("batches/0-2.json").read_text())

    assert sorted(arrays) == ["id", "input/strength", "input/time", "target/height"]
    assert arrays["target/height"] == pytest.approx(2 * np.sin(np.arange(3)[:, None] / 10 + np.arange(3)))
    assert report["ids"] == ["0", "1", "2"]
    assert report["digest"] == content_digest("batches/0-2.npz")
    assert len(report["seconds"]) == 3 and all(seconds >= 0 for seconds in report["seconds"])
    assert capsys.readouterr().out == "3 cooked, 0 reused\n"


def test_a_batch_that_is_kept_is_published_without_cooking(arguments, capsys):
    main(arguments())
    content, report = Path("batches/0-2.npz").read_bytes(), Path("batches/0-2.json").read_bytes()
    for path in Path("batches").iterdir():
        path.unlink()
    cooked()
    capsys.readouterr()

    main(arguments())

    assert cooked() == []
    assert (Path("batches/0-2.npz").read_bytes(), Path("batches/0-2.json").read_bytes()) == (content, report)
    assert capsys.readouterr().out == "0 cooked, 3 reused: no item of this batch changed\n"


def test_a_batch_that_is_kept_costs_no_heavy_import(arguments):
    main(arguments())
    program = "import sys, cook_batch; cook_batch.main(sys.argv[1:]); print('numpy' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program, *arguments()],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == ["0 cooked, 3 reused: no item of this batch changed", "False"]


def test_running_twice_leaves_nothing_but_the_outputs(arguments):
    main(arguments())
    main(arguments())

    assert sorted(os.listdir("batches")) == ["0-2.json", "0-2.npz"]


def test_another_batch_size_cooks_the_new_items_alone(arguments, capsys):
    main(arguments("0-2", [0, 1, 2]))
    main(arguments("3-5", [3, 4, 5]))
    cooked()
    capsys.readouterr()

    main(arguments("0-7", range(8)))

    assert cooked() == [6, 7]
    assert capsys.readouterr().out == "2 cooked, 6 reused\n"
    assert np.load("batches/0-7.npz")["id"].tolist() == [str(number) for number in range(8)]


@pytest.mark.parametrize(
    "changes", [{"parameters": '{"speed": 2}'}, {"environment": "cook-2"}, {"inputs": ["rest.obj"]}], ids=str
)
def test_what_the_cook_depends_on_cooks_all_again(changes, arguments, write):
    write("rest.obj", "v 0 0 0")
    main(arguments())
    cooked()

    main(arguments(**changes))

    assert cooked() == [0, 1, 2]


def test_a_changed_file_that_the_generator_reads_cooks_all_again(arguments, write):
    write("rest.obj", "v 0 0 0")
    main(arguments(inputs=["rest.obj"]))
    cooked()

    write("rest.obj", "v 1 0 0")
    main(arguments(inputs=["rest.obj"]))

    assert cooked() == [0, 1, 2]


def test_a_comment_in_the_generator_cooks_nothing_and_code_cooks_all(arguments, generator, write):
    main(arguments())
    cooked()

    write("generator.py", "# a comment\n" + generator)
    main(arguments())
    after_comment = cooked()
    write("generator.py", generator.replace("np.sin", "np.cos"))
    main(arguments())

    assert after_comment == []
    assert cooked() == [0, 1, 2]


def test_an_unseen_input_without_ground_truth_is_not_cooked(arguments):
    main(arguments("walk", parts=["inputs"]))

    assert sorted(np.load("batches/walk.npz")) == ["id", "input/strength", "input/time"]
    assert cooked() == []


def test_a_baseline_is_cooked_with_the_truth(arguments):
    main(arguments("walk", parts=["inputs", "targets", "baseline"]))

    assert "baseline/height" in np.load("batches/walk.npz")


def test_an_item_that_raises_ends_in_a_sentence_and_keeps_the_others(arguments, failure, capsys):
    message = failure(main, arguments("0-2", [0, -1, 2]))
    before = cooked()

    main(arguments("other", [0, 2]))

    assert message == (
        "cook_batch: generator.py: item -1 raised ValueError: time runs backwards; "
        "2 of 3 items are kept, the next run cooks only the rest"
    )
    assert before == [0, -1, 2]
    assert cooked() == []
    assert not Path("batches/0-2.npz").exists()


@pytest.mark.parametrize("name", ["rows.npz", "items.json", "checksums.json"])
def test_a_damaged_store_is_made_anew(name, arguments):
    main(arguments())
    (kept,) = Path(".kept/data_points").iterdir()
    os.truncate(kept / name, 10)
    cooked()

    main(arguments())

    assert cooked() == [0, 1, 2]
    assert np.load("batches/0-2.npz")["id"].tolist() == ["0", "1", "2"]


def test_the_outputs_survive_a_store_that_is_deleted(arguments):
    main(arguments())
    content = Path("batches/0-2.npz").read_bytes()

    for path in sorted(Path(".kept").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()

    assert Path("batches/0-2.npz").read_bytes() == content


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"work-items": "no.json"}, "no.json does not exist"),
        ({"generator": "no.py"}, "no.py does not exist"),
        ({"work-items": "half.json"}, "half.json is damaged (not JSON: "),
        ({"generator": "broken.py"}, "broken.py, line 1: "),
    ],
    ids=["items", "generator", "half", "broken"],
)
def test_a_file_that_cannot_be_read_ends_in_a_sentence(changes, sentence, arguments, write, failure):
    write("half.json", '{"items": [')
    write("broken.py", "def cook(")

    message = failure(main, arguments(**changes))

    assert message.startswith(f"cook_batch: {sentence}")

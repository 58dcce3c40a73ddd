import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import accept
from cook_batch import main
from geokiln.storage.files import content_digest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def arguments(generator, work_items):
    """A function that writes the work items of a batch and gives the arguments that cook it."""

    def arguments(name="0-2", numbers=(0, 1, 2), parts=("inputs", "targets"), inputs=(), more=(), **changes):
        options = {
            "items": work_items(f"work_items/{name}.npz", numbers),
            "generator": "generator.py",
            "parameters": "{}",
            "environment": "cook-1",
            "data-points": f"batches/{name}.npz",
            "report": f"batches/{name}.json",
            **changes,
        }
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        return [*words, *more, "--generator-inputs", *inputs, "--parts", *parts]

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
    assert arrays["id"].tolist() == ["0", "1", "2"]
    assert report["digest"] == content_digest("batches/0-2.npz")
    assert (report["items"], report["dropped"], report["failed"]) == (3, {}, {})
    assert report["seconds"]["total"] >= max(report["seconds"]["slowest"].values()) >= 0
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


@pytest.mark.parametrize("name", ["rows.npz", "items.npz", "checksums.json"])
def test_a_damaged_store_is_made_anew(name, arguments):
    main(arguments())
    (kept,) = Path(".kept/data_points").glob("*/*")
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
        ({"items": "no.npz"}, "no.npz does not exist"),
        ({"generator": "no.py"}, "no.py does not exist"),
        ({"items": "half.npz"}, "half.npz is no complete .npz ("),
        ({"generator": "broken.py"}, "broken.py, line 1: "),
    ],
    ids=["items", "generator", "half", "broken"],
)
def test_a_file_that_cannot_be_read_ends_in_a_sentence(changes, sentence, arguments, write, failure):
    write("half.npz", "PK")
    write("broken.py", "def cook(")

    message = failure(main, arguments(**changes))

    assert message.startswith(f"cook_batch: {sentence}")


def test_rows_choose_items_and_may_be_cut_short(arguments):
    main(arguments("0-2", range(5), more=["--rows", "3-9"]))

    assert cooked() == [3, 4]
    assert np.load("batches/0-2.npz")["id"].tolist() == ["3", "4"]


def test_rows_that_are_not_there_end_in_a_sentence(arguments, failure):
    message = failure(main, arguments(more=["--rows", "3-3"]))

    assert message.endswith("there are 3 data points, 0 to 2; none of those asked for")


def test_reading_from_the_cache_cooks_nothing_and_names_what_is_missing(arguments, failure):
    main(arguments("0-2"))
    cooked()

    message = failure(main, arguments("0-4", range(5), more=["--cache", "read"]))
    main(arguments("0-1", [0, 1], more=["--cache", "read"]))

    assert message == "cook_batch: work_items.cache is read, but 2 of 5 items were never cooked: 3, 4"
    assert cooked() == []


def test_writing_the_cache_cooks_everything_anew(arguments):
    main(arguments())
    cooked()

    main(arguments(more=["--cache", "write"]))
    anew = cooked()
    main(arguments())

    assert (anew, cooked()) == ([0, 1, 2], [])


def test_invalid_examples_are_dropped_and_stay_so(arguments, generator, write, failure, capsys):
    write("generator.py", generator.replace("np.sin(", "(np.nan if item.id == '1' else 1) * np.sin("))
    drop = ["--invalid", "drop"]

    main(arguments(more=drop))
    first = cooked()
    main(arguments(more=drop))
    report = json.loads(Path("batches/0-2.json").read_text())
    message = failure(main, arguments())

    assert (first, np.load("batches/0-2.npz")["id"].tolist()) == ([0, 1, 2], ["0", "2"])
    assert list(report["dropped"]) == ["1"] and "not finite" in report["dropped"]["1"]
    assert cooked() == [1]  # by the last one, which has no tolerance for it
    assert "not finite" in message


def test_failed_items_are_left_out_and_cooked_again_when_the_batch_is(arguments, capsys):
    tolerant = ["--tolerate-failures"]
    main(arguments("0-2", [0, -1, 2], more=tolerant))
    report, ids = json.loads(Path("batches/0-2.json").read_text()), np.load("batches/0-2.npz")["id"].tolist()
    cooked()
    main(arguments("0-2", [0, -1, 2], more=tolerant))

    assert (list(report["failed"]), ids) == (["-1"], ["0", "2"])
    assert cooked() == [-1]
    assert "1 cooked, 2 reused, 1 failed" in capsys.readouterr().out


def test_an_accepted_edit_cooks_nothing_and_the_next_one_all(arguments, generator, write, capsys):
    main(arguments())
    cooked()
    write("generator.py", generator + "UNUSED = 1\n")

    accept.main(["--generator", "generator.py", "--environment", "cook-1"])
    said = capsys.readouterr().out
    main(arguments())
    after = cooked()
    write("generator.py", generator + "UNUSED = 2\n")
    main(arguments())

    assert said.endswith("accepted, what was cooked before is kept: the generator's code changed\n")
    assert after == []
    assert cooked() == [0, 1, 2]


def test_there_must_be_something_to_accept(generator, failure):
    message = failure(accept.main, ["--generator", "generator.py", "--environment", "cook-1"])

    assert message == "accept: nothing was cooked yet, so there is nothing to accept"


def test_many_items_are_cooked_in_one_call_after_a_setup(arguments, write):
    write(
        "generator.py",
        """
        import numpy as np

        def setup(parameters):
            global factor
            factor = parameters.get("factor", 1)

        def cook_batch(items):
            with open("cooked.txt", "a") as file:
                file.write(" ".join(items.ids) + " ")
            return {"height": factor * items["time"][:, None] * np.ones(3)}
        """,
    )
    main(arguments("0-2", parameters='{"factor": 10}'))
    cooked()
    main(arguments("0-4", range(5), parameters='{"factor": 10}'))

    arrays = np.load("batches/0-4.npz")
    assert cooked() == [3, 4]
    assert arrays["target/height"][:, 0].tolist() == [0, 1, 2, 3, 4]
    assert arrays["input/time"] == pytest.approx(np.arange(5) / 10)


COMMAND = """
    import json, sys
    from pathlib import Path
    import numpy as np

    item = json.loads(Path(sys.argv[1]).read_text())
    with open("cooked.txt", "a") as file:
        file.write(item["id"] + " ")
    if item["id"] == "1":
        sys.exit(int(sys.argv[3]))
    np.savez(Path(sys.argv[2], "result.npz"), height=np.full(3, item["attributes"]["time"]))
"""


def cook_by_command(code, **settings):
    words = [sys.executable, "cook.py", "{item}", "{folder}", str(code)]
    return ["--settings", json.dumps({"command": words, "outputs": ["result.npz"], **settings})]


def test_any_command_may_cook_an_item(arguments, write):
    write("cook.py", COMMAND)

    main(arguments("0-2", [0, 2, 3], more=cook_by_command(0)))

    assert np.load("batches/0-2.npz")["target/height"][:, 0] == pytest.approx([0, 0.2, 0.3])
    assert cooked() == [0, 2, 3]


@pytest.mark.parametrize(
    ("code", "settings", "tries", "sentence"),
    [
        (3, {}, 1, "item 1: the command ended with exit code 3; what it printed stands in the log"),
        (3, {"exit_codes": {"3": "retry"}, "retries": 2}, 3, "item 1: the command ended with exit code 3"),
        (0, {}, 1, "item 1: the command ended well but did not write result.npz to its folder"),
        (0, {"command": ["no-such-program"]}, 0, "generator.command: no-such-program cannot be started: "),
    ],
    ids=["error", "retry", "no output", "no program"],
)
def test_a_command_that_fails_fails_its_item(code, settings, tries, sentence, arguments, write, failure):
    write("cook.py", COMMAND)

    message = failure(main, arguments("0-2", [1], more=cook_by_command(code, **settings)))

    assert message.startswith(f"cook_batch: {sentence}")
    assert cooked() == [1] * tries


def test_an_exit_code_may_drop_its_item(arguments, write):
    write("cook.py", COMMAND)

    main(arguments(more=cook_by_command(3, exit_codes={"3": "drop"})))

    report = json.loads(Path("batches/0-2.json").read_text())
    assert report["dropped"] == {"1": "the command ended with exit code 3"}
    assert np.load("batches/0-2.npz")["id"].tolist() == ["0", "2"]


def test_a_command_that_takes_too_long_is_killed_with_what_it_started(arguments, failure):
    words = ["sh", "-c", "sleep 60 & echo $! > started.txt; wait"]
    settings = json.dumps({"command": words, "outputs": ["result.npz"], "time_limit": 0.5})

    message = failure(main, arguments("0-2", [0], more=["--settings", settings]))

    assert message.startswith("cook_batch: item 0: the command ran longer than 0.5 s")
    started = Path("/proc", Path("started.txt").read_text().strip())
    for _ in range(100):  # the kernel may take a moment
        if not started.exists() or "Z (zombie)" in (started / "status").read_text():
            return
        time.sleep(0.05)
    raise AssertionError("what the command started still runs")

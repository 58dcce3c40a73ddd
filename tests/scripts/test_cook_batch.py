import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import accept
import check_cooked
from conftest import wait_until
from cook_batch import main
from geokiln.storage.files import content_digest
from geokiln.work_items.item_table import write_items
from geokiln.work_items.items import WorkItems

SCRIPTS = Path(__file__).parents[2] / "scripts"
NO_COMMAND = {"words": None, "outputs": [], "time_limit": None, "retries": 0, "exit_codes": {}}


@pytest.fixture
def arguments(generator, work_items):
    """A function that writes the work items of a batch and gives the arguments that cook it."""

    def arguments(name="0-2", numbers=(0, 1, 2), parts=("inputs", "targets"), inputs=(), more=(), **changes):
        options = {
            "items": work_items(f"work_items/{name}.npz", numbers),
            "rows": "all",
            "generator": "generator.py",
            "parameters": "{}",
            "command": json.dumps(NO_COMMAND),
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
    main(arguments(parts=["inputs", "targets", "baseline"]))

    arrays, report = np.load("batches/0-2.npz"), json.loads(Path("batches/0-2.json").read_text())

    assert sorted(arrays) == ["baseline/height", "id", "input/strength", "input/time", "target/height"]
    assert arrays["target/height"] == pytest.approx(2 * np.sin(np.arange(3)[:, None] / 10 + np.arange(3)))
    assert arrays["id"].tolist() == ["0", "1", "2"]
    assert report["digest"] == content_digest("batches/0-2.npz")
    assert (report["items"], report["dropped"], report["failed"]) == (3, {}, {})
    assert report["seconds"]["total"] >= max(report["seconds"]["slowest"].values()) >= 0
    assert capsys.readouterr().out == "3 cooked, 0 reused\n"


def test_a_batch_that_is_kept_is_published_without_cooking_or_a_heavy_import(arguments):
    main(arguments())
    before = {path: path.read_bytes() for path in Path("batches").iterdir()}
    for path in before:
        path.unlink()
    cooked()
    program = "import sys, cook_batch; cook_batch.main(sys.argv[1:]); print('numpy' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program, *arguments()],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == ["0 cooked, 3 reused: no item of this batch changed", "False"]
    assert cooked() == []
    assert {path: path.read_bytes() for path in Path("batches").iterdir()} == before


@pytest.mark.parametrize(
    "changes", [{"parameters": '{"speed": 2}'}, {"environment": "cook-2"}, {"inputs": ["rest.obj"]}], ids=str
)
def test_what_the_cook_depends_on_cooks_all_again(changes, arguments, write):
    write("rest.obj", "v 0 0 0")
    main(arguments())
    cooked()

    main(arguments(**changes))

    assert cooked() == [0, 1, 2]


def test_rows_choose_items_and_may_be_cut_short_but_not_be_none(arguments, failure):
    main(arguments("0-2", range(5), rows="3-9"))
    chosen = cooked()
    message = failure(main, arguments(rows="3-3"))

    assert chosen == [3, 4]
    assert np.load("batches/0-2.npz")["id"].tolist() == ["3", "4"]
    assert message.endswith("there are 3 data points, 0 to 2; none of those asked for")


def test_what_was_never_cooked_is_named_and_not_cooked(arguments, work_items, failure):
    main(arguments())
    cooked()
    table = work_items("work_items/all.npz", range(5))
    asked = ["--items", table, "--generator", "generator.py", "--parameters", "{}", "--environment", "cook-1"]

    message = failure(check_cooked.main, [*asked, "--command", json.dumps(NO_COMMAND)])

    assert message == "check_cooked: 2 of 5 items were never cooked, or were left out: 3, 4"
    assert cooked() == []


@pytest.mark.parametrize(
    "hanging",
    [
        "while item.id == '1':\n        try: __import__('time').sleep(1000)\n        except Exception: pass",
        "try: __import__('time').sleep(1000 * (item.id == '1'))\n    except BaseException: pass",
    ],
    ids=["hangs on", "goes on"],
)
def test_a_cook_that_takes_too_long_and_catches_what_it_can_fails_its_item_alone(
    hanging, arguments, generator, write, failure
):
    write("generator.py", generator.replace("    if item", f"    {hanging}\n    if item"))

    message = failure(main, arguments(more=["--time-limit", "0.3"]))

    assert message == (
        "cook_batch: generator.py: cook(item 1) took longer than 0.3 s, its time limit; "
        "2 of 3 items are kept, the next run cooks only the rest"
    )
    assert cooked() == [0, 1, 2]
    assert not Path("batches/0-2.npz").exists()


@pytest.mark.parametrize(
    ("place", "items"),
    [("import numpy as np", []), ('        raise ValueError("time runs backwards")', [0])],
    ids=["at the top", "late"],
)
def test_a_module_that_no_fingerprint_covers_fails_the_batch_before_anything_is_kept(
    place, items, arguments, generator, write, failure
):
    write("helper.py", "")
    os.utime("helper.py", (1e9, 1e9))
    hidden = "\n__import__('helper')\n" if not items else "\n    __import__('helper')\n"
    write("generator.py", generator.replace(place, place + hidden))

    message = failure(main, arguments(numbers=[0, 1]))

    assert message.startswith("cook_batch: helper.py is imported in a way that Geokiln does not see")
    assert cooked()[:1] == items and not list(Path(".kept").glob("data_points/*/[0-9a-f]*"))
    sys.modules.pop("helper")
    main(arguments(numbers=[0, 1], inputs=["helper.py"]))


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
    tolerant = ["--failed", "drop"]
    main(arguments("0-2", [0, -1, 2], more=tolerant))
    report, ids = json.loads(Path("batches/0-2.json").read_text()), np.load("batches/0-2.npz")["id"].tolist()
    cooked()
    main(arguments("0-2", [0, -1, 2], more=tolerant))

    assert (list(report["failed"]), ids) == (["-1"], ["0", "2"])
    assert cooked() == [-1]
    assert "1 cooked, 2 reused, 1 failed" in capsys.readouterr().out


def test_an_accepted_edit_cooks_nothing_and_the_next_one_all(arguments, generator, write):
    main(arguments())
    write("generator.py", generator + "UNUSED = 1\n")
    cooked()

    accept.main(["--generator", "generator.py", "--environment", "cook-1"])
    main(arguments())
    after = cooked()
    write("generator.py", generator + "UNUSED = 2\n")
    main(arguments())

    assert (after, cooked()) == ([], [0, 1, 2])


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
        print("no convergence", file=sys.stderr)
        sys.exit(int(sys.argv[3]))
    np.savez(Path(sys.argv[2], "result.npz"), height=np.full(3, item["attributes"]["time"]))
"""


def cook_by_command(code, **settings):
    words = [sys.executable, "cook.py", "{item}", "{folder}", str(code)]
    return json.dumps({**NO_COMMAND, "words": words, "outputs": ["result.npz"], **settings})


def test_any_command_may_cook_an_item_and_an_exit_code_drop_it(arguments, write):
    write("cook.py", COMMAND)

    main(arguments("0-2", [0, 1, 2, 3], command=cook_by_command(3, exit_codes={"3": "drop"})))

    arrays, report = np.load("batches/0-2.npz"), json.loads(Path("batches/0-2.json").read_text())
    assert arrays["id"].tolist() == ["0", "2", "3"]
    assert arrays["target/height"][:, 0] == pytest.approx([0, 0.2, 0.3])
    assert cooked() == [0, 1, 2, 3]
    assert report["dropped"] == {"1": "the command ended with exit code 3"}


@pytest.mark.parametrize("words", [["python3"], ["env", "A=1", "python"]], ids=str)
def test_a_command_that_names_python_runs_the_environments_own(words, arguments, write, tmp_path, monkeypatch):
    write("cook.py", COMMAND)
    for name in ("python", "python3"):
        write(f"bin/{name}", "#!/bin/sh\nexit 9").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")

    main(arguments("0-2", [0, 2], command=cook_by_command(0, words=[*words, "cook.py", "{item}", "{folder}", "0"])))

    assert cooked() == [0, 2]


@pytest.mark.parametrize(
    ("code", "settings", "tries", "sentence"),
    [
        (3, {}, 1, "item 1: the command ended with exit code 3; its last line: no convergence"),
        (3, {"exit_codes": {"3": "retry"}, "retries": 2}, 3, "item 1: the command ended with exit code 3"),
        (0, {}, 1, "item 1: the command ended well but did not write result.npz to its folder"),
        (0, {"words": ["no-such-program"]}, 0, "generator.command.words: no-such-program cannot be started: "),
    ],
    ids=["error", "retry", "no output", "no program"],
)
def test_a_command_that_fails_fails_its_item(code, settings, tries, sentence, arguments, write, failure):
    write("cook.py", COMMAND)

    message = failure(main, arguments("0-2", [1], command=cook_by_command(code, **settings)))

    assert message.startswith(f"cook_batch: {sentence}")
    assert cooked() == [1] * tries


def test_an_exit_code_that_means_another_thing_now_is_asked_again_and_batches_without_drops_are_not(
    arguments, write, failure
):
    write("cook.py", COMMAND)
    words = dict(command=cook_by_command(3, exit_codes={"3": "drop"}))
    main(arguments("0-2", [0, 1], **words))
    main(arguments("3-5", [2, 3], **words))
    cooked()

    main(arguments("0-2", [0, 1], **words))
    unchanged = cooked()
    error = dict(command=cook_by_command(3, exit_codes={"3": "error"}))
    main(arguments("3-5", [2, 3], **error))
    message = failure(main, arguments("0-2", [0, 1], **error))

    assert (unchanged, cooked()) == ([], [1])
    assert message.startswith("cook_batch: item 1: the command ended with exit code 3")


@pytest.mark.parametrize(
    ("save", "sentence"),
    [
        ("np.array(['a', None])", "result.npz: 'height' holds Python objects; save it as text, astype(str), or"),
        ("'left'", "the command's outputs: target 'height' is not an array of numbers: it holds text"),
        ("1j", "result.npz: 'height' holds complex numbers; give .real and .imag"),
    ],
)
def test_what_a_command_writes_is_named_by_item_and_file_and_not_called_damaged(
    save, sentence, arguments, write, failure
):
    write("cook.py", COMMAND.replace("""np.full(3, item["attributes"]["time"])""", save))

    message = failure(main, arguments("0-2", [0], command=cook_by_command(0)))

    assert message.startswith(f"cook_batch: item 0: {sentence}")


def test_inputs_of_many_items_do_not_go_with_a_command(arguments, write, failure):
    write("generator.py", "def inputs_batch(items): return {'time': items['time']}")

    message = failure(main, arguments(command=cook_by_command(0)))

    assert message.endswith("generator.py: inputs_batch(items) does not go with a command; define inputs(item)")


def test_a_batch_of_which_nothing_is_left_hinders_no_later_one(arguments, generator, write):
    dropping = "    from geokiln.api import DropItem\n    if item.id < '3':\n        raise DropItem('no solution')\n"
    write("generator.py", generator.replace("def cook(item):\n", f"def cook(item):\n{dropping}"))
    main(arguments("0-2"))
    main(arguments("0-4", range(5)))

    report = json.loads(Path("batches/0-4.json").read_text())
    assert np.load("batches/0-2.npz")["id"].tolist() == []
    assert np.load("batches/0-4.npz")["id"].tolist() == ["3", "4"]
    assert report["dropped"] == dict.fromkeys("012", "no solution")


BASELINES = [
    ("{'height': 0.0}", "'height' has shape (), the target's is (3,)"),
    ("{'height': np.zeros(4)}", "'height' has shape (4,), the target's is (3,)"),
    ("{'other': np.zeros(3)}", "'height' has shape missing, the target's is (3,)"),
    ("{'height': np.zeros(3), 'other': 0}", "'other' has shape (), the target's is missing"),
]


@pytest.mark.parametrize(("baseline", "sentence"), BASELINES)
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_a_baseline_needs_the_names_and_shapes_of_the_targets(
    many, baseline, sentence, arguments, generator, write, failure
):
    batch = "\ndef cook_batch(items):\n    return {'height': np.ones((len(items), 3))}\n" if many else ""
    write("generator.py", generator.replace('{"height": np.zeros(3)}', baseline) + batch)

    message = failure(main, arguments(parts=["inputs", "targets", "baseline"]))

    where = "baseline" if many else "baseline(item 0)"
    assert message.startswith(f"cook_batch: generator.py: {where}: {sentence}; both must agree")


def test_the_identity_and_texts_are_no_inputs_and_what_was_cooked_with_the_identity_is_not_cooked_again(
    arguments, generator, capsys
):
    def table(name, frames, id_attribute):
        columns = {"time": np.array(frames) / 10, "strength": np.ones(len(frames)), "frame": np.array(frames)}
        items = WorkItems(
            np.array(frames).astype(str), 1, {**columns, "rig": np.array(["a"] * len(frames))}, id_attribute
        )
        Path("work_items").mkdir(exist_ok=True)
        write_items(f"work_items/{name}.npz", items)
        return arguments(items=f"work_items/{name}.npz")

    main(table("before", [7, 8], None))  # as earlier versions did
    before = sorted(np.load("batches/0-2.npz"))
    main(table("after", [7, 8, 9], "frame"))
    after = np.load("batches/0-2.npz")

    assert before == ["id", "input/frame", "input/strength", "input/time", "target/height"]
    assert sorted(after) == ["id", "input/strength", "input/time", "target/height"]
    assert cooked() == [7, 8, 9]
    said = capsys.readouterr().out
    assert said.count("attribute 'frame' identifies an element, so it is no input of the model") == 1
    assert said.count("attribute 'rig' is text, so it is no input of the model") == 2
    main(table("again", [7, 8], None))  # it becomes an input once more
    assert sorted(np.load("batches/0-2.npz")) == before


def test_of_items_that_are_cooked_together_one_bad_input_leaves_out_its_item_alone(arguments, write):
    write(
        "generator.py",
        """
        import numpy as np
        from geokiln.api import DropItem

        def inputs(item):
            if item.id == "1":
                raise DropItem("outside")
            return {"root": np.sqrt(item["time"] - 0.05)}

        def cook_batch(items):
            return {"height": np.ma.masked_equal(np.round(items["time"], 1), 0.3)}
        """,
    )

    main(arguments("0-4", range(5), more=["--invalid", "drop"]))

    report = json.loads(Path("batches/0-4.json").read_text())
    assert np.load("batches/0-4.npz")["id"].tolist() == ["2", "4"]
    assert sorted(report["dropped"]) == ["0", "1", "3"]


def test_a_command_that_takes_too_long_is_killed_with_what_it_started(arguments, failure):
    words = ["sh", "-c", "sleep 60 & echo $! > started.txt; wait"]
    message = failure(main, arguments("0-2", [0], command=cook_by_command(0, words=words, time_limit=0.5)))

    assert message.startswith("cook_batch: item 0: the command ran longer than 0.5 s")
    started = Path("/proc", Path("started.txt").read_text().strip(), "status")
    wait_until(lambda: not started.exists() or "Z (zombie)" in started.read_text())

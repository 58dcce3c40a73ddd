"""A command that cooks a batch in one process: what each item costs that ends it, and what a kill loses (nothing)."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import wait_until
from cook_batch import main

SCRIPT = Path(__file__).parents[2] / "scripts/cook_batch.py"
WORDS = ["python3", "simulator.py", "{items}", "{results}"]
SETTINGS = {"outputs": [], "time_limit": None, "retries": 0, "exit_codes": {}}
SIMULATOR = """
    # A stand-in for a simulator: with each item it does what plan.json says, then answers.
    import json, os, signal, sys, time
    from pathlib import Path

    class Next(Exception):
        pass

    def note(file, text):
        with open(file, "a") as output:
            output.write(text + "\\n")

    def write(text):
        results.write(text)
        results.flush()

    note("starts.txt", str(os.getpid()))
    items = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    results = open(sys.argv[2], "a")
    plan = json.loads(Path("plan.json").read_text())
    exec(plan.get("start", ""))
    for item in items:
        note("asked.txt", item["id"])
        answer = {"id": item["id"], "targets": {"height": [item["attributes"]["time"], 1.0]}}
        try:
            exec(plan.get(item["id"], ""))
        except Next:
            continue
        write(json.dumps(answer) + "\\n")
"""


@pytest.fixture
def arguments(write, work_items, generator):
    """A function that gives the arguments that cook a batch by the simulator, with a *plan* for some items."""
    write("simulator.py", SIMULATOR)

    def arguments(
        plan=None, numbers=range(5), name="0-4", words=WORDS, parts=("inputs", "targets"), more=(), **settings
    ):
        Path("plan.json").write_text(json.dumps(plan or {}))
        options = {
            "items": work_items(f"work_items/{name}.npz", numbers),
            "rows": "all",
            "generator": "generator.py",
            "generator-inputs": ["simulator.py"],
            "parameters": '{"speed": 2}',
            "command": json.dumps({**SETTINGS, "words": words, **settings}),
            "environment": "cook-1",
            "parts": list(parts),
            "data-points": f"batches/{name}.npz",
            "report": f"batches/{name}.json",
        }
        listed = {key: [value] if isinstance(value, str) else value for key, value in options.items()}
        return [*(word for key, values in listed.items() for word in [f"--{key}", *values]), *more]

    return arguments


def noted(file):
    """What the simulator noted since the last call."""
    path = Path(file)
    words = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return words


def made(name="0-4"):
    arrays, report = np.load(f"batches/{name}.npz"), json.loads(Path(f"batches/{name}.json").read_text())
    return arrays["id"].tolist(), report


def leftovers():
    return [path for path in Path(".kept").glob("commands/*/*/*")]


OUTPUTS = {
    "targets": "",
    "files": "import numpy; numpy.save(Path(item['folder'], 'height.npy'), [item['attributes']['time'], 1]); "
    "del answer['targets']",
    "read_outputs": "assert not os.listdir(item['folder']); Path(item['folder'], 'height.txt').write_text("
    "str(item['attributes']['time'])); del answer['targets']",
}


@pytest.mark.parametrize("way", OUTPUTS)
def test_one_process_gives_the_targets_in_its_lines_or_in_files(way, arguments, generator, write, capfd):
    outputs = {"files": ["height.npy"], "read_outputs": ["height.txt"]}.get(way, [])
    if way == "read_outputs":
        reading = (
            "def read_outputs(item, folder):\n    return {'height': [float(open(f'{folder}/height.txt').read()), 1]}"
        )
        write("generator.py", f"{generator}\n{reading}\n\ndef baseline(item):\n    return {{'height': [0, 0]}}\n")
    parts = ["inputs", "targets", *["baseline"] * (way == "read_outputs")]
    plan = {"start": "print('simulator 7.1')", "2": "assert item['parameters'] == {'speed': 2} and item['seed'] == 1"}

    main(arguments({**plan, **dict.fromkeys("01234", OUTPUTS[way])}, outputs=outputs, parts=parts))

    arrays = np.load("batches/0-4.npz")
    assert arrays["target/height"] == pytest.approx(np.stack([np.arange(5) / 10, np.ones(5)], 1))
    assert arrays["input/time"] == pytest.approx(np.arange(5) / 10)
    assert ("baseline/height" in arrays) == (way == "read_outputs")
    assert (noted("asked.txt"), len(noted("starts.txt"))) == (list("01234"), 1)
    assert capfd.readouterr().out == "simulator 7.1\n5 cooked, 0 reused\n"
    assert not leftovers()


CRASHES = {
    "exit": ("print('no convergence'); sys.exit(3)", "ended with exit code 3; its last line: no convergence"),
    "crash": ("os.kill(os.getpid(), signal.SIGSEGV)", "ended with exit code -11 (SIGSEGV); it printed nothing"),
    "end": ("os._exit(0)", "ended with exit code 0, without an answer; it printed nothing"),
    "hang": ("time.sleep(1000)", "ran longer than 0.7 s; it printed nothing"),
    "half a line": ("write(json.dumps(answer)[:-3]); os._exit(1)", "ended with exit code 1; it printed nothing"),
}


@pytest.mark.parametrize("crash", CRASHES)
def test_an_item_that_ends_the_command_costs_that_item_alone(crash, arguments, capfd):
    statement, ended = CRASHES[crash]
    limit = 0.7 if crash == "hang" else None

    main(arguments({"1": statement}, time_limit=limit, more=["--failed", "drop"]))

    ids, report = made()
    assert ids == ["0", "2", "3", "4"]
    assert report["failed"] == {"1": f"item 1: the command {ended}"}
    assert noted("asked.txt") == list("012341")
    assert (
        f"at item 1, the command {ended}; it is tried alone at the end, 3 go on without it\n" in capfd.readouterr().out
    )


def test_the_item_that_was_begun_is_set_aside_and_answers_may_come_in_any_order(arguments, capfd):
    begin = "[write(json.dumps({'id': str(n), 'begun': True}) + '\\n') for n in (4, 2)]"
    first = f"{begin}; write(json.dumps({{**answer, 'id': '4'}}) + '\\n'); time.sleep(0.3); print('bad'); os._exit(9)"
    plan = {"0": f"if len(items) == 5: {first}", "2": "if len(items) > 1: raise SystemExit(1)"}

    main(arguments(plan))

    assert made()[0] == list("01234")
    assert noted("asked.txt") == list("00132")
    assert (
        "at item 2, the command ended with exit code 9; its last line: bad; it is tried alone" in capfd.readouterr().out
    )


@pytest.mark.parametrize(
    ("code", "settings", "tries", "reasons"),
    [
        (
            75,
            {"exit_codes": {"75": "retry"}, "retries": 2},
            3,
            {"failed": "item 1: the command ended with exit code 75;"},
        ),
        (3, {"exit_codes": {"3": "drop"}, "retries": 2}, 1, {"dropped": "the command ended with exit code 3"}),
    ],
    ids=["retry", "drop"],
)
def test_alone_exit_codes_mean_what_they_mean_for_a_command_of_one_item(code, settings, tries, reasons, arguments):
    main(arguments({"1": f"os._exit({code})"}, more=["--failed", "drop"], **settings))

    _, report = made()
    ((kind, reason),) = reasons.items()
    assert report[kind]["1"].startswith(reason)
    assert noted("asked.txt").count("1") == 1 + tries


def test_an_item_that_answers_alone_is_good(arguments):
    main(arguments({"1": "if len(items) > 1: os._exit(3)"}))

    assert made()[0] == list("01234")


def test_a_command_that_does_not_end_after_its_last_answer_is_killed_and_nothing_is_lost(arguments, capfd, monkeypatch):
    monkeypatch.setattr("geokiln.cooking.batch_command.GRACE", 0.2)
    clean = "write(json.dumps(answer) + '\\n'); print('cleaning up', flush=True); time.sleep(60)"

    main(arguments({"4": clean}))

    assert made()[0] == list("01234")
    told = "all items were answered when the command was killed; its last line: cleaning up\n"
    assert told in capfd.readouterr().out


@pytest.mark.parametrize(
    ("start", "numbers", "starts", "sentence"),
    [
        (
            "print('no licence'); sys.exit(4)",
            range(5),
            3,
            "exit code 4; its last line: no licence; 5 items are not cooked",
        ),
        ("sys.exit(4)", range(2), 3, "exit code 4; it printed nothing; 2 items are not cooked"),
        ("os._exit(0)", range(5), 3, "exit code 0, without an answer; it printed nothing; 5 items are not cooked"),
        ("sys.exit(2)", range(5), 2, "exit code 2; it printed nothing; 5 items are not cooked"),  # as argparse ends
    ],
)
def test_a_command_that_cannot_start_is_not_tried_for_each_item(start, numbers, starts, sentence, arguments, failure):
    main(arguments(numbers=[7], name="7-7"))
    noted("starts.txt")

    message = failure(main, arguments({"start": start}, [*numbers]))
    tried = len(noted("starts.txt"))
    main(arguments())

    begun = f"cook_batch: generator.command: the command began no item; the last time of {starts} it ended with"
    assert message == f"{begun} {sentence}"
    assert (tried, made("7-7")[0], made()[0]) == (starts, ["7"], list("01234"))


@pytest.mark.parametrize("end", ["sys.exit(2)", "os._exit(7)"])
def test_items_that_end_it_one_after_the_other_do_not_keep_it_from_the_rest(end, arguments, failure):
    plan = dict.fromkeys("0123", end)

    first = failure(main, arguments(plan, range(9), "0-8"))
    again = failure(main, arguments(plan, range(9), "0-8"))

    assert "3 more failed" in first and first.endswith("5 of 9 items are kept, the next run cooks only the rest")
    assert "the command began no item" in again and again.endswith("; 4 items are not cooked")


def test_a_program_that_is_not_there_is_named_once(arguments, failure):
    message = failure(main, arguments(words=["no-such-program", *WORDS[2:]]))

    there = "cook_batch: generator.command.words: no-such-program cannot be started: No such file or directory"
    assert message == there


MISTAKES = {
    "no JSON": ("write('ready\\n')", """line 2 of its {results} is no JSON object, such as {"id": "7"}: 'ready'"""),
    "a list": ("write('[1]\\n')", """line 2 of its {results} is no JSON object, such as {"id": "7"}: '[1]'"""),
    "no text": (
        "answer['id'] = 1",
        """line 2 of its {results} has no text as its "id", such as {"id": "7"}: '{"id": 1""",
    ),
    "unknown": ("answer['id'] = 'one'", "line 2 of its {results} names item 'one', which is not among its {items}"),
    "twice": ("write(json.dumps({'id': '0'}) + '\\n')", "line 2 of its {results} names item '0' a second time"),
    "anew": (
        "results.truncate(0); time.sleep(0.5)",
        "its {results} were overwritten or removed; append a line for each",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_line_that_is_no_answer_is_told_in_one_sentence_and_the_others_count(mistake, arguments, failure):
    statement, sentence = MISTAKES[mistake]

    message = failure(main, arguments({"1": f"time.sleep(0.2); {statement}", "3": "time.sleep(60)"}))
    answered = set(np.load(next(Path(".kept").glob("data_points/*/*/rows.npz")))["input/time"])
    noted("asked.txt")
    main(arguments())

    assert message.startswith(f"cook_batch: generator.command: {sentence}") and "items are not cooked" in message
    assert answered and "0" not in noted("asked.txt") and made()[0] == list("01234")


@pytest.mark.parametrize(
    ("statement", "kind", "reason"),
    [
        ("answer = {'id': '1', 'error': 'no\\nconvergence'}", "failed", "item 1: the command says: no convergence"),
        ("answer['error'] = None", None, None),
        ("answer = {'id': '1', 'drop': 'outside'}", "dropped", "outside"),
        (
            "answer['targets']['height'][0] = float('nan')",
            "dropped",
            "item 1: the command's outputs: target 'height' has 1",
        ),
        ("answer['targets'] = [1, 2]", "failed", "item 1: the command's outputs gave list; it must give a dict"),
        (
            "answer['targets']['height'] = 'high'",
            "failed",
            "item 1: the command's outputs: target 'height' is not an array",
        ),
        (
            "del answer['targets']",
            "failed",
            'item 1: its line has no "targets", and generator.command.outputs names no',
        ),
    ],
)
def test_what_an_item_answers_is_that_items_alone(statement, kind, reason, arguments):
    main(arguments({"1": statement}, more=["--failed", "drop", "--invalid", "drop"]))

    ids, report = made()
    assert ("1" in ids) == (kind is None)
    assert kind is None or report[kind]["1"].startswith(reason)
    assert noted("asked.txt") == list("01234")


def test_an_output_that_is_not_there_fails_its_item(arguments, failure):
    save = "import numpy; numpy.save(Path(item['folder'], 'height.npy'), 1.0); del answer['targets']"

    message = failure(main, arguments({"0": save, "1": "del answer['targets']"}, [0, 1], outputs=["height.npy"]))

    assert message.startswith("cook_batch: item 1: the command ended well but did not write height.npy to its folder")
    assert not leftovers()


def test_identities_of_any_kind_and_a_command_in_sh(write, generator, arguments):
    from geokiln.work_items.item_table import write_items
    from geokiln.work_items.items import WorkItems

    names = ["it's", 'a "b"', "Ä/ö {id}", "..", "x" * 300]
    told = arguments(
        words=[
            "sh",
            "-c",
            """sed 's/^{"id": \\(.*\\), "seed".*/{"id": \\1, "targets": {"height": 1}}/' "$0" >> "$1" """,
            "{items}",
            "{results}",
        ]
    )
    write_items("work_items/0-4.npz", WorkItems(np.array(names), 1, {"time": np.arange(5.0)}))

    main(told)

    assert made()[0] == names


def start(arguments, **options):
    with open("log.txt", "ab") as log:
        return subprocess.Popen([sys.executable, SCRIPT, *arguments], stdout=log, stderr=log, **options)


def gone(pid):
    """Whether a process is no more; a zombie that nobody waits for is none."""
    status = Path("/proc", pid, "stat")
    try:
        return (
            status.read_text().rpartition(")")[2].split()[0] == "Z"
            if Path("/proc").exists()
            else bool(os.kill(int(pid), 0))
        )
    except (FileNotFoundError, ProcessLookupError):
        return True


ENDS = {"killed": signal.SIGKILL, "stopped": signal.SIGTERM}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    "words", [WORDS, ["python3", "simulator.py", "{item}", "{folder}/results"]], ids=["batch", "item"]
)
def test_a_command_ends_with_its_job(words, end, arguments):
    hang = arguments({"start": "time.sleep(1000)"}, words=words, outputs=["x.npy"])
    job = start(hang, start_new_session=True)
    wait_until(lambda: Path("starts.txt").exists() and Path("starts.txt").read_text().endswith("\n"))

    os.killpg(job.pid, signal.SIGKILL) if end == "killed" else job.terminate()

    assert job.wait() == (-9 if end == "killed" else 1)
    command = Path("starts.txt").read_text().strip()
    wait_until(lambda: gone(command))


@pytest.mark.parametrize("end", [*ENDS, "same batch"])
def test_what_was_answered_is_not_asked_again_though_its_job_did_not_read_it(end, arguments, generator, write):
    """The simulator ends its job at once when it has answered, and the next run has batches of other items."""
    write(
        "generator.py",
        f"import os\n{generator}\n\ndef setup(parameters):\n    open('job.txt', 'w').write(str(os.getpid()))",
    )
    killed = f"os.kill(int(open('job.txt').read()), {int(ENDS.get(end, signal.SIGKILL))})"
    some = "''.join(json.dumps({**answer, 'id': str(n)}) + '\\n' for n in range(3))"
    plan = {"0": f"if len(items) == 5: write({some} + json.dumps(answer)[:9]); {killed}; time.sleep(1000)"}

    assert start(arguments(plan)).wait() == 1
    command = noted("starts.txt")[-1]
    wait_until(lambda: gone(command))
    first = noted("asked.txt")
    with pytest.raises(SystemExit):  # a run that fails before it cooks takes nothing away
        main(arguments(more=["--generator-digest", "other"]))
    if end == "same batch":  # with what was answered, in a batch of the same name
        main(arguments())
    else:
        main(arguments(numbers=range(2), name="0-1"))
        main(arguments(numbers=range(2, 6), name="2-5"))

    assert first == ["0"] and sorted(noted("asked.txt")) == (["3", "4"] if end == "same batch" else ["3", "4", "5"])
    assert not leftovers()


def test_what_was_answered_from_a_file_that_was_another_meanwhile_does_not_count(arguments, generator, write):
    """The simulator reads a file that is edited, the job is killed, and the edit is put back."""
    write("scene.txt", "1")
    write(
        "generator.py",
        f"import os\n{generator}\n\ndef setup(parameters):\n    open('job.txt', 'w').write(str(os.getpid()))",
    )
    killed = f"os.kill(int(open('job.txt').read()), {int(signal.SIGKILL)})"
    edited = "open('scene.txt', 'w').write('2'); answer['targets']['height'] = [2, 2]"
    plan = {"0": f"{edited}; write(json.dumps(answer) + '\\n'); {killed}; time.sleep(1000)"}
    more = ["--generator-inputs", "scene.txt"]

    assert start(arguments(plan, more=more)).wait() == 1
    command = noted("starts.txt")[-1]
    wait_until(lambda: gone(command))
    noted("asked.txt")
    write("scene.txt", "1")
    main(arguments(more=more))

    assert noted("asked.txt") == list("01234")
    assert not leftovers()


def test_a_leash_that_was_killed_costs_nothing(arguments):
    """Each of these items has a process of its own, and the first kills what holds the leash of the job."""
    kill = "import subprocess; subprocess.run(['pkill', '-9', '-P', str(os.getppid()), '-f', 'leash.py'], check=True)"

    main(arguments({"0": f"{kill}; os._exit(3)", "1": "os._exit(3)"}, more=["--failed", "drop"]))

    assert made()[0] == ["2", "3", "4"]


def test_an_item_whose_outputs_end_the_job_is_read_last_and_the_command_is_not_asked_again(arguments, generator, write):
    crash = "def read_outputs(item, folder):\n    if item.id == '1': os._exit(7)\n    return {'height': [1, 2]}"
    write("generator.py", f"import os\n{generator}\n\n{crash}")

    save = "Path(item['folder'], 'x.txt').touch(); del answer['targets']"

    code = start(arguments(dict.fromkeys("01234", save), outputs=["x.txt"])).wait()

    assert code == 1
    last = Path("log.txt").read_text().splitlines()[-1]
    assert "read_outputs(item 1) ended the process (exit code 7, as os._exit gives); 4 of 5 items are kept" in last
    assert noted("asked.txt").count("1") == 1


@pytest.mark.slow
def test_five_thousand_items_take_one_process(arguments):
    main(arguments(numbers=range(5000)))

    assert (len(made()[0]), len(noted("starts.txt"))) == (5000, 1)
    assert not leftovers()

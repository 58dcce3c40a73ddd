"""What user code may do to its process, times the places where it runs: scripts as commands, with a log."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import wait_until

SCRIPTS = Path(__file__).parents[2] / "scripts"
COMMAND = {"outputs": ["x.txt"], "time_limit": None, "retries": 0, "exit_codes": {}}
HOSTILE = {
    "exit": "sys.stdout.buffer.write(b'\\xe9 loud ' * 15_000_000); print('\\udce9'); sys.exit('no licence')",
    "os._exit": "os._exit(0)",
    "crash": "ctypes.string_at(0)",
    "anything": """
    argparse.ArgumentParser().parse_args()
    os.chdir('/'), os.umask(0o777), sys.argv.append('--odd'), random.seed(1), random.random()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD): signal.signal(number, signal.SIG_IGN)
    print('\\udce9', flush=True), sys.stdout.close(), os.close(2)
    if not os.fork(): time.sleep(9), os._exit(0)
    if not os.fork(): sys.exit('this process comes back')""",
}
ENDS = {
    "exit": "called sys.exit('no licence')",
    "os._exit": "ended the process (exit code 0, as os._exit gives)",
    "crash": "ended the process (SIGSEGV: a crash of native code)",
}
HEAD = """
import argparse, ctypes, os, random, signal, sys, time

def hostile(item=None):
    if item is not None and item.id != '1':
        return
    {body}

"""
BODIES = {
    "geometry": "def geometry(count, seed, parameters):\n    hostile()\n    return {'time': [0.5] * count}",
    "unseen": "def unseen(name, count, parameters):\n    hostile()\n    return {'time': [0.5] * count}",
    "attributes": "def attributes(item):\n    hostile(item)\n    return {'twice': 2 * item['time']}",
    "setup": "def setup(parameters):\n    hostile()",
    "cook": "def cook(item):\n    hostile(item)\n    return {'height': item['time']}",
    "cook_batch": "def cook_batch(items):\n    list(map(hostile, items))\n    return {'height': items['time']}",
    "inputs": "def inputs(item):\n    hostile(item)\n    return {'time': item['time']}",
    "baseline": "def baseline(item):\n    hostile(item)\n    return {'height': item['time']}",
    "read_outputs": "def read_outputs(item, folder):\n    hostile(item)\n    return {'height': item['time']}",
    "import": "hostile()",
    "model": "import torch\ndef model(n_in, n_out, settings):\n    hostile()\n    return torch.nn.Linear(n_in, n_out)",
    "loss": "def loss(outputs, targets):\n    hostile()\n    return (outputs - targets).square().mean()",
    "train": "import torch\ndef model(n_in, n_out, settings):\n    return torch.nn.Linear(n_in, n_out)\n\n"
    "def train(model, training, validation, settings, record):\n    hostile()",
    "the model": "import torch\nclass Net(torch.nn.Linear):\n    def forward(self, x):\n        hostile()\n"
    "        return super().forward(x)\n\ndef model(n_in, n_out, settings):\n    return Net(n_in, n_out)",
}
OF_ITEM = ["cook", "inputs", "baseline", "read_outputs", "attributes"]
TRAINED = ["model", "loss", "train", "the model"]
PLACES = [pytest.param(place, marks=pytest.mark.slow if place in TRAINED else ()) for place in BODIES]


def flags(options):
    listed = {key: [value] if isinstance(value, str) else value for key, value in options.items()}
    return [word for key, values in listed.items() for word in [f"--{key}", *values]]


@pytest.fixture
def run(write, request):
    """A function that runs the script in which a place's code runs; gives its exit code, its log and what it made."""

    def run(place, body, **options):
        text = HEAD.format(body=body) + BODIES[place]
        path = write("training.py" if place in TRAINED else "generator.py", text)
        if "def cook" not in text and place not in TRAINED:
            path.write_text(text + "\n\ndef cook(item):\n    return {'height': item['time']}\n")
        script, arguments, made = command(place, request)
        with open("log.txt", "wb") as log:
            done = subprocess.Popen([sys.executable, SCRIPTS / script, *arguments], stdout=log, stderr=log, **options)
        return done, Path("log.txt"), Path(made)

    return run


def command(place, request):
    """The script, its flags, and a file that it makes."""
    if place in TRAINED:
        request.getfixturevalue("preprocessed")
        return "train_pack.py", request.getfixturevalue("pack_arguments")(script=["training.py"]), "packs/pack.json"
    generator = {"generator": "generator.py", "parameters": "{}"}
    if place in ("geometry", "unseen"):
        named = {"unseen": "walk"} if place == "unseen" else {"seed": "1"}
        return (
            "sample_geometry.py",
            flags({**generator, "count": "3", "output": "drops.npz", "sidecar": "drops.json", **named}),
            "drops.npz",
        )
    if place == "attributes":
        np.savez("drops.npz", time=np.arange(3) / 10)
        about = {"geometry": "drops.npz", "seed": "1", "items": "items.npz", "sidecar": "items.json"}
        return "import_work_items.py", flags({**generator, **about}), "items.json"
    words = ["sh", "-c", "echo > {folder}/x.txt"] if place == "read_outputs" else None
    about = {
        "items": request.getfixturevalue("work_items")("work_items/all.npz", [0, 1, 2]),
        "rows": "all",
        "command": json.dumps({**COMMAND, "words": words}),
        "environment": "cook-1",
        "parts": ["inputs", "targets", "baseline"],
        "data-points": "batches/all.npz",
        "report": "batches/all.json",
    }
    return "cook_batch.py", flags({**generator, **about}), "batches/all.json"


@pytest.mark.parametrize("hostile", ENDS)
@pytest.mark.parametrize("place", PLACES)
def test_code_that_ends_its_process_is_named_with_its_item_and_what_was_cooked_is_kept(place, hostile, run):
    done, log, made = run(place, HOSTILE[hostile])

    assert done.wait() == 1 and not made.exists()
    lines = log.read_text().splitlines()
    file = "training.py" if place in TRAINED else "generator.py"
    what = {"cook_batch": "cook_batch(3 items, 0 to 2)", "import": "its import"}.get(place, place)
    assert f"{file}: {what}{'(item 1)' * (place in OF_ITEM)} {ENDS[hostile]}" in lines[-1]
    assert ("2 of 3 items are kept" in lines[-1]) == (place in OF_ITEM[:-1])
    assert hostile != "exit" or log.stat().st_size < 5_000_000 < Path("log.txt.all").stat().st_size
    assert not list(Path(".kept").glob("running/*"))


@pytest.mark.parametrize("place", PLACES)
def test_whatever_else_code_does_to_its_process_is_put_back(place, run):
    done, log, made = run(place, HOSTILE["anything"])

    assert done.wait() == 0, log.read_bytes()
    assert made.exists() and made.stat().st_mode & 0o777 == 0o666 & ~_umask()
    assert log.read_text().splitlines()[-1][0].isdigit()  # such as: 3 cooked, 0 reused


def _umask():
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("place", [PLACES[4], PLACES[11]])
def test_threads_that_are_left_running_are_named_and_end_with_the_job(place, run):
    done, log, made = run(place, "import threading; threading.Thread(target=time.sleep, args=[600]).start()")

    assert done.wait() == 0 and made.exists()
    assert f": {place} left " in log.read_text() and "threads running; it was ended" in log.read_text()


def test_a_job_that_is_told_to_stop_does_so_although_code_took_the_signal_and_swallows_it(run):
    swallow = """open('ready', 'w').close()
    try: time.sleep(60)
    except BaseException: pass"""
    done, log, made = run("cook", swallow)
    wait_until(lambda: Path("ready").exists())

    done.send_signal(signal.SIGTERM)

    assert done.wait() == 1 and not made.exists()
    assert log.read_text() == "cook_batch: asked to stop (SIGTERM); what was cooked is kept\n"


def test_an_item_that_was_killed_by_chance_is_cooked_last_also_after_all_processes_were_killed(run):
    kill = """with open('cooked.txt', 'a') as file: file.write('1')
    if not os.path.exists('killed'):
        open('killed', 'w').close()
        os.killpg(0, signal.SIGKILL)"""

    killed, _, _ = run("cook", kill, start_new_session=True)
    code = killed.wait()
    done, log, made = run("cook", kill)

    assert (code, done.wait()) == (-signal.SIGKILL, 0) and made.exists()
    last_run = "generator.py: cook(item 1) ended the process (the last run of this job was killed)"
    assert log.read_text() == f"warning: {last_run}; it is tried once more, after all others\n3 cooked, 0 reused\n"

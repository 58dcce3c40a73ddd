import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

import geokiln
from geokiln.errors import UserError
from geokiln.user_module import UserModule

MODULE = """
from __future__ import annotations

from dataclasses import dataclass

import my_helper
import numpy as np

baseline = None


@dataclass
class Spring:
    length: float = my_helper.HEIGHT


def cook(*keys):
    return {"length": Spring().length, "ones": np.ones(2).tolist()}[keys[0]]


inputs = cook
"""


@pytest.mark.parametrize("path", ["folder/numpy.py", "folder/my generator"])
def test_a_file_of_any_name_has_its_functions_and_the_modules_beside_it(path, write, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    write("folder/my_helper.py", "HEIGHT = 7")
    write(path, MODULE)

    module = UserModule(path)

    assert [module.has(name) for name in ("cook", "inputs", "baseline", "geometry")] == [True, True, False, False]
    assert [module.call("cook", key) for key in ("length", "ones")] == [7, [1, 1]]
    assert {path.name for path in Path("folder").iterdir()} == {Path(path).name, "my_helper.py"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "generator.py does not exist"),
        ("def cook():\nreturn 1", "generator.py, line 2: "),
        ("RADIUS = 1 / 0", "generator.py cannot be imported: ZeroDivisionError: division by zero"),
        ("def cook(): return {}['missing']", "generator.py: cook raised KeyError: 'missing'"),
    ],
    ids=["missing", "syntax", "raises", "function raises"],
)
def test_what_goes_wrong_in_a_file_is_one_sentence_and_shown_where_it_ran(text, sentence, write, capsys):
    if text is not None:
        write("generator.py", text)

    with pytest.raises(UserError) as error:
        UserModule("generator.py").call("cook")

    assert str(error.value).startswith(sentence)
    assert ("Traceback" in capsys.readouterr().err) == ("Error: " in sentence)


@pytest.mark.parametrize("stale", ["my_generator.py", "my_helper.py", "lib/deep.py"])
def test_the_source_runs_and_not_the_bytecode_of_an_earlier_edit_with_its_size_and_time(stale, write):
    write("lib/deep.py", "DEEP = 1")
    write("my_helper.py", "from lib.deep import DEEP\nHELP = 10")
    write("my_generator.py", "from my_helper import DEEP, HELP\ndef cook(): return 100 + HELP + DEEP")
    py_compile.compile(stale)
    before, text = Path(stale).stat(), Path(stale).read_text()
    Path(stale).write_text(text.replace("1", "3", 1))
    os.utime(stale, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert UserModule("my_generator.py").call("cook") in (311, 131, 113)


SPAWNED = """
import multiprocessing, sys
import my_helper

def solve(x):
    return x * my_helper.FACTOR

def cook(method):
    with multiprocessing.get_context(method).Pool(1) as pool:
        return pool.map(solve, [1, 2])
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_processes_that_the_code_starts_import_it_and_run_from_source_too(method, write):
    write("my_solver.py", SPAWNED)
    write("my_helper.py", "FACTOR = 1")
    py_compile.compile("my_helper.py")
    before = Path("my_helper.py").stat()
    Path("my_helper.py").write_text("FACTOR = 3")
    os.utime("my_helper.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    program = "import geokiln.user_code.supervisor; from geokiln.user_module import UserModule"
    write(
        "main.py",
        f"{program}\nif __name__ == '__main__':\n    print(UserModule('my_solver.py').call('cook', '{method}'))",
    )

    paths = {**os.environ, "PYTHONPATH": str(Path(geokiln.__file__).parents[1])}
    done = subprocess.run([sys.executable, "main.py"], env=paths, capture_output=True, text=True)

    assert done.stdout == "[3, 6]\n", done.stderr


def test_two_files_do_not_mix(write):
    modules = []

    for factor in (1, 2):
        path = write(f"folder {factor}/generator.py", f"FACTOR = {factor}\ndef cook(): return FACTOR")
        modules.append(UserModule(path))

    assert [module.call("cook") for module in modules] == [1, 2]

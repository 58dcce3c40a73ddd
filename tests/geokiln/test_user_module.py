import sys
from pathlib import Path

import pytest

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


def test_two_files_do_not_mix(write):
    modules = []

    for factor in (1, 2):
        path = write(f"folder {factor}/generator.py", f"FACTOR = {factor}\ndef cook(): return FACTOR")
        modules.append(UserModule(path))

    assert [module.call("cook") for module in modules] == [1, 2]

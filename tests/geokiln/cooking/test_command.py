import sys

import pytest

from geokiln.cooking import command
from geokiln.cooking.command import words_to_run

VALUES = {"{item}": "/a b/item.json", "{folder}": "/a b"}


@pytest.mark.parametrize(
    ("words", "run"),
    [
        (["python3", "cook.py", "{item}"], [sys.executable, "cook.py", "/a b/item.json"]),
        (["hython", "houdini/cook.py", "--to={folder}/x"], ["hython", "CHECKOUT/houdini/cook.py", "--to=/a b/x"]),
        (["hython", "both.py", "neither.py"], ["hython", "both.py", "neither.py"]),
        (["both.py", "houdini"], ["both.py", "houdini"]),  # a program comes from PATH, and a folder is no file
        (["houdini/cook.py", "{item}.py"], ["CHECKOUT/houdini/cook.py", "/a b/item.json.py"]),
    ],
    ids=str,
)
def test_a_file_that_only_the_checkout_has_is_run_from_there(words, run, write, tmp_path, monkeypatch):
    for path in ("checkout/houdini/cook.py", "checkout/both.py", "project/both.py"):
        write(path, "")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setattr(command, "CHECKOUT", str(tmp_path / "checkout"))

    result = words_to_run(words, VALUES)

    assert result == [word.replace("CHECKOUT", str(tmp_path / "checkout")) for word in run]

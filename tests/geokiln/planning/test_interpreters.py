import platform
import sys

import pytest

from geokiln.errors import UserError
from geokiln.planning.interpreters import base_interpreter, interpreter_tag


def test_the_tag_holds_implementation_minor_version_and_platform_whatever_the_path(tmp_path):
    (tmp_path / "python").symlink_to(sys.executable)

    tags = [interpreter_tag(path) for path in (sys.executable, str(tmp_path / "python"))]

    version = f"{sys.version_info[0]} {sys.version_info[1]}"
    assert tags == [f"{platform.python_implementation()} {version} {platform.system()} {platform.machine()}"] * 2


@pytest.mark.parametrize(("text", "mode"), [("no program", 0o644), ("#!/bin/sh\nexit 3\n", 0o755)])
def test_a_file_that_is_no_interpreter_is_named(text, mode, write):
    file = write("python", text)
    file.chmod(mode)

    with pytest.raises(UserError) as error:
        interpreter_tag(str(file))

    assert str(error.value).startswith(f"environments.python: {file} is no Python that starts (")


def test_the_interpreter_is_the_one_that_runs_houdinis_or_a_path(tmp_path, monkeypatch, write):
    monkeypatch.setenv("HFS", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for file in ("python3.11", "python3.11-config", "python3", "pip"):
        write(f"python/bin/{file}", "")
    houdinis = str(tmp_path / "python/bin/python3")

    assert base_interpreter("current") == sys.executable
    assert base_interpreter("houdini") == houdinis
    assert base_interpreter(houdinis) == base_interpreter("~/python/bin/python3") == houdinis


@pytest.mark.parametrize(
    ("choice", "hfs", "sentence"),
    [
        ("python3.11", None, "python3.11 does not exist; use current, houdini or a path"),
        ("houdini", None, "houdini needs $HFS; source houdini_setup first"),
        ("houdini", "", "houdini needs $HFS; source houdini_setup first"),
        ("houdini", "/no/houdini", "no python/bin/python3* in $HFS (/no/houdini)"),
    ],
)
def test_an_interpreter_that_is_not_there_is_named(choice, hfs, sentence, monkeypatch):
    monkeypatch.delenv("HFS", raising=False)
    if hfs is not None:
        monkeypatch.setenv("HFS", hfs)

    with pytest.raises(UserError) as error:
        base_interpreter(choice)

    assert str(error.value) == f"environments.python: {sentence}"

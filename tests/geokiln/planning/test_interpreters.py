import os
import platform
import sys
from pathlib import Path

import pytest

from geokiln.errors import UserError
from geokiln.planning.interpreters import base_interpreter, houdini_interpreters, interpreter_tag, shipped_for

CHECKOUT = Path(__file__).parents[3]
STARTS = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
NEEDED = "Geokiln's scripts need Python 3.9 or newer"
MACOS = "Houdini21/Frameworks/Houdini.framework/Versions/Current/Resources"


def program(write, path, text):
    file = write(path, text)
    file.chmod(0o755)
    return str(file)


def python(write, minor):
    """A program that answers like a Python of that version."""
    return program(write, f"python3.{minor}", f"#!/bin/sh\necho CPython 3 {minor} Linux x86_64\n")


def sentence_of(function, *arguments):
    with pytest.raises(UserError) as error:
        function(*arguments)
    return str(error.value)


def test_the_tag_holds_implementation_minor_version_and_platform_whatever_the_path(tmp_path):
    (tmp_path / "python").symlink_to(sys.executable)

    tags = [interpreter_tag(path) for path in (sys.executable, str(tmp_path / "python"))]

    version = f"{sys.version_info[0]} {sys.version_info[1]}"
    assert tags == [f"{platform.python_implementation()} {version} {platform.system()} {platform.machine()}"] * 2


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        ("no program", 0o644, "Permission denied"),
        ("#!/bin/sh\necho not found >&2; echo help >&2; exit 3\n", 0o755, "(not found)"),  # as stand-ins on PATH do
        ("#!/bin/sh\nexit 3\n", 0o755, "(exit code 3)"),
        ("#!/bin/sh\necho A program of its own\n", 0o755, "(exit code 0)"),
    ],
)
def test_a_file_that_is_no_interpreter_is_named_with_its_reason(text, mode, reason, write):
    file = write("python", text)
    file.chmod(mode)

    sentence = sentence_of(interpreter_tag, str(file))

    assert sentence.startswith(f"environments.python: {file} is no Python that starts (")
    assert reason in sentence and sentence.endswith(f"); {NEEDED}")


def test_a_python_that_is_too_old_is_named_with_its_version(write):
    old = python(write, 8)

    assert sentence_of(interpreter_tag, old) == f"environments.python: {old} is Python 3.8; {NEEDED}"
    assert interpreter_tag(python(write, 9)) == "CPython 3 9 Linux x86_64"


def test_an_interpreter_is_started_once_and_without_what_is_installed_or_lies_around(write, tmp_path, monkeypatch):
    text = STARTS.replace("exec", f'echo >> "{tmp_path}/starts"\nexec')
    interpreter = program(write, "python3.x", text)
    write("platform.py", "raise SystemExit('the wrong module')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    tags = {interpreter_tag(interpreter), interpreter_tag(interpreter), interpreter_tag(sys.executable)}
    shipped_for(str(CHECKOUT / "envs/train.txt"), interpreter, str(CHECKOUT))

    assert len(tags) == 1 and (tmp_path / "starts").read_text() == "\n"


def test_the_interpreter_is_the_one_that_runs_or_a_path(write, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    file = write("bin/python3", "")

    assert base_interpreter("current") == sys.executable
    assert base_interpreter(str(file)) == base_interpreter("~/bin/python3") == str(file)


# Houdini's own


@pytest.mark.parametrize(
    ("system", "hfs", "beside", "found"),
    [
        (
            "linux",
            "hfs21",
            ["python/bin/python3", "python/bin/python3.11-config", "python/bin/pip3.11", "python/lib/python3.11/os.py"],
            ["python/bin/python3.13", "python/bin/python3.11", "python/bin/python3.9"],
        ),
        (
            "darwin",
            MACOS,
            [
                "../../../../Python.framework/Versions/3.11/bin/python3.11-intel64",
                "../../../../Python.framework/Versions/3.11/bin/pip3.11",
                "../../../../Python.framework/Versions/Current/bin/python3.11",
                "python/bin/python3.11",
            ],
            [
                "../../../../Python.framework/Versions/3.13/bin/python3.13",
                "../../../../Python.framework/Versions/3.11/bin/python3.11",
            ],
        ),
        ("darwin", MACOS, [], ["Frameworks/Python.framework/Versions/3.10/bin/python3.10"]),
        (
            "win32",
            "Houdini 21",
            ["python311/pythonw.exe", "python27/python.exe", "python311/Scripts/pip.exe", "bin/hython.exe"],
            ["python313/python.exe", "python311/python.exe", "python39/python.exe"],
        ),
    ],
    ids=["Linux", "macOS", "macOS, within", "Windows"],
)
def test_houdinis_interpreters_are_found_the_newest_first_and_nothing_beside_them(system, hfs, beside, found, tmp_path):
    folder = tmp_path / hfs
    for file in [*beside, *reversed(found)]:
        path = Path(os.path.normpath(folder / file))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    folder.mkdir(parents=True, exist_ok=True)
    if system == "darwin":  # Current is a link
        current = folder.parent
        current.rename(current.with_name("21.0"))
        current.symlink_to("21.0")

    assert houdini_interpreters(str(folder), system) == [os.path.join(folder, file) for file in found]


@pytest.fixture
def hfs(tmp_path, monkeypatch):
    """A function that lays out $HFS on Linux: minor version -> text of its interpreter."""

    def hfs(write, interpreters):
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setenv("HFS", str(tmp_path / "hfs"))
        return {n: program(write, f"hfs/python/bin/python3.{n}", text) for n, text in interpreters.items()}

    return hfs


def test_of_houdinis_interpreters_the_newest_that_starts_is_taken(write, hfs):
    paths = hfs(write, {13: "#!/bin/sh\nexit 1\n", 12: STARTS, 9: STARTS})

    assert base_interpreter("houdini") == paths[12]


def test_if_none_of_houdinis_interpreters_starts_the_newest_is_named(write, hfs):
    paths = hfs(
        write, {11: "#!/bin/sh\necho 'libpython3.11.so: cannot open' >&2\nexit 127\n", 9: "#!/bin/sh\nexit 1\n"}
    )

    assert sentence_of(base_interpreter, "houdini") == (
        f"environments.python: {paths[11]} is no Python that starts (libpython3.11.so: cannot open); {NEEDED}"
    )


@pytest.mark.parametrize(
    ("choice", "hfs", "sentence"),
    [
        ("python3.11", None, "python3.11 does not exist; use current, houdini or a path"),
        ("houdini", None, "houdini needs $HFS; source houdini_setup first"),
        ("houdini", "", "houdini needs $HFS; source houdini_setup first"),
        (
            "houdini",
            "/no/houdini",
            "no Python of Houdini's own in $HFS (/no/houdini); it should be $HFS/python/bin/python3.N",
        ),
    ],
)
def test_an_interpreter_that_is_not_there_is_named(choice, hfs, sentence, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("HFS", raising=False)
    if hfs is not None:
        monkeypatch.setenv("HFS", hfs)

    assert sentence_of(base_interpreter, choice) == f"environments.python: {sentence}"


# Requirements


@pytest.mark.parametrize(
    ("path", "minor", "installed"),
    [
        ("envs/train.txt", 9, "envs/older/train.txt"),
        ("envs/predict.txt", 10, "envs/older/predict.txt"),
        ("envs/predict.txt", 11, "envs/predict.txt"),
        ("envs/train.txt", 13, "envs/train.txt"),
        ("envs/cook.txt", 9, "envs/cook.txt"),  # its markers say what older ones need
        ("envs/formats.txt", 9, "envs/formats.txt"),
    ],
)
def test_geokilns_own_requirements_have_others_for_older_pythons(path, minor, installed, write, monkeypatch):
    monkeypatch.chdir(CHECKOUT)

    for checkout in (".", str(CHECKOUT)):  # as rules name it, and as a link may
        asked, expected = os.path.join(checkout, path), os.path.join(checkout, installed)
        assert os.path.normpath(shipped_for(asked, python(write, minor), checkout)) == os.path.normpath(expected)


def test_a_users_requirements_are_those_that_were_asked_for(write):
    mine = [str(write(name, "numpy==2.0.2\n")) for name in ("envs/train.txt", "train.txt")]

    assert [shipped_for(path, python(write, 9), str(CHECKOUT)) for path in mine] == mine

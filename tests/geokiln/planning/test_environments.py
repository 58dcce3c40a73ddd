import os
import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from geokiln.errors import UserError
from geokiln.planning.environments import (
    base_interpreter,
    build_environment,
    environment_name,
    failure_reason,
    interpreter_tag,
    requirement_lines,
)


def name(kind="cook", path="a.txt", interpreter=sys.executable):
    return environment_name(kind, path, interpreter)


def test_a_name_is_the_kind_and_a_short_hash(write):
    write("a.txt", "numpy==2.4.6")

    result = name()

    kind, digits = result.split("-")
    assert kind == "cook"
    assert len(digits) == 10 and int(digits, 16) >= 0


@pytest.mark.parametrize(
    "text",
    ["numpy==2.4.5\nlibigl==1", "numpy==2.4.6", "numpy==2.4.6\nlibigl==1\nscipy", "", "libigl==1\nnumpy==2.4.6"],
)
def test_other_requirements_make_another_environment(text, write):
    write("a.txt", "numpy==2.4.6\nlibigl==1")
    before = name()

    write("a.txt", text)

    assert name() != before


@pytest.mark.parametrize(
    "text",
    [
        "# what cooking needs\nnumpy==2.4.6\nlibigl==1\n",
        "numpy==2.4.6  # arrays\n\n\nlibigl==1",
        "  numpy==2.4.6\n\tlibigl==1  \n",
        "numpy==2.4.6\r\nlibigl==1\r\n",
    ],
)
def test_comments_and_blanks_make_no_other_environment(text, write):
    write("a.txt", "numpy==2.4.6\nlibigl==1")
    before = name()

    Path("a.txt").write_text(text)

    assert name() == before


@pytest.mark.parametrize("statement", ["-r more/b.txt", "--requirement more/b.txt", "--requirement=more/b.txt"])
def test_included_requirements_count_as_if_they_stood_there(statement, write):
    write("a.txt", "numpy==2.4.6\nlibigl==1\nscipy==2")
    before = name()

    write("a.txt", f"numpy==2.4.6\n{statement}\n")
    write("more/b.txt", "libigl==1\n-r c.txt  # beside it")
    write("more/c.txt", "scipy==2")

    assert name() == before


def test_a_change_of_an_included_file_makes_another_environment(write):
    write("a.txt", "-r b.txt")
    write("b.txt", "numpy==2.4.6")
    before = name()

    write("b.txt", "numpy==2.4.5")

    assert name() != before


@pytest.mark.parametrize("statement", ["-c constraints.txt", "--constraint constraints.txt", "-rconstraints.txt"])
def test_a_change_of_any_file_that_pip_reads_makes_another_environment(statement, write):
    write("a.txt", f"numpy\n{statement}")
    write("constraints.txt", "numpy==2.4.6")
    before = name()

    write("constraints.txt", "numpy==2.4.5")

    assert name() != before


def test_the_place_of_the_file_does_not_count(write, tmp_path):
    write("a.txt", "numpy==2.4.6")
    write("elsewhere/other name.txt", "numpy==2.4.6")

    names = {name(path=path) for path in ("a.txt", tmp_path / "a.txt", "elsewhere/other name.txt")}

    assert len(names) == 1


def test_the_kinds_of_environments_with_the_same_requirements_differ_in_the_kind_alone(write):
    write("a.txt", "numpy==2.4.6")

    cook, train = name("cook"), name("train")

    assert cook.removeprefix("cook") == train.removeprefix("train")


def test_another_version_of_python_makes_another_environment(write):
    write("a.txt", "numpy==2.4.6")
    other = write("python", "#!/bin/sh\necho CPython 3 9\n")
    other.chmod(0o755)

    assert name(interpreter=str(other)) != name()


def test_a_missing_requirements_file_is_named_with_where_it_is_said():
    with pytest.raises(UserError) as error:
        name(path="envs/cook.txt")

    assert str(error.value) == "envs/cook.txt does not exist; environments.* in the config names requirements files"


def test_a_missing_included_file_is_named(write):
    write("envs/a.txt", "-r b.txt")

    with pytest.raises(UserError) as error:
        name(path="envs/a.txt")

    assert str(error.value).startswith("envs/b.txt does not exist")


@pytest.mark.parametrize("option", ["-r", "-c", "--constraint"])
def test_a_file_that_pip_gets_from_the_network_counts_by_its_address(option, write):
    write("a.txt", f"numpy\n{option} https://example.org/1/constraints.txt\n")
    before = name()

    write("a.txt", f"numpy\n{option} https://example.org/2/constraints.txt\n")

    assert name() != before


def test_a_hash_inside_of_a_word_is_no_comment(write):
    write("a.txt", "pkg @ https://example.org/pkg.whl#sha256=abc\n")

    assert requirement_lines("a.txt") == ["pkg @ https://example.org/pkg.whl#sha256=abc"]


# Interpreters


def test_the_tag_holds_implementation_minor_version_and_platform():
    result = interpreter_tag(sys.executable)

    version = f"{sys.version_info[0]} {sys.version_info[1]}"
    assert result == f"{platform.python_implementation()} {version} {platform.system()} {platform.machine()}"


def test_the_tag_of_another_path_to_the_same_interpreter_is_the_same(tmp_path):
    (tmp_path / "python").symlink_to(sys.executable)

    assert interpreter_tag(str(tmp_path / "python")) == interpreter_tag(sys.executable)


def test_current_is_the_interpreter_that_runs():
    assert base_interpreter("current") == sys.executable


def test_a_path_is_the_interpreter_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "python3").write_text("")

    assert base_interpreter(str(tmp_path / "python3")) == str(tmp_path / "python3")
    assert base_interpreter("~/python3") == str(tmp_path / "python3")


@pytest.mark.parametrize("choice", ["/no/such/python", "python3.11", "Current"])
def test_a_path_to_nothing_is_named(choice):
    with pytest.raises(UserError) as error:
        base_interpreter(choice)

    assert str(error.value) == f"environments.python: {choice} does not exist; use current, houdini or a path"


def test_houdini_is_the_interpreter_in_hfs(tmp_path, monkeypatch):
    monkeypatch.setenv("HFS", str(tmp_path))
    folder = tmp_path / "python/bin"
    folder.mkdir(parents=True)
    for file in ("python3.11", "python3.11-config", "python3", "pip"):
        (folder / file).write_text("")

    assert base_interpreter("houdini") == str(folder / "python3")


@pytest.mark.parametrize("value", [None, ""])
def test_houdini_without_hfs_says_what_to_source(value, monkeypatch):
    monkeypatch.delenv("HFS", raising=False)
    if value is not None:
        monkeypatch.setenv("HFS", value)

    with pytest.raises(UserError) as error:
        base_interpreter("houdini")

    assert str(error.value) == "environments.python: houdini needs $HFS; source houdini_setup first"


def test_houdini_without_an_interpreter_names_hfs(tmp_path, monkeypatch):
    monkeypatch.setenv("HFS", str(tmp_path))

    with pytest.raises(UserError) as error:
        base_interpreter("houdini")

    assert str(error.value) == f"environments.python: no python/bin/python3* in $HFS ({tmp_path})"


@pytest.mark.parametrize("text", ["no program", "#!/bin/sh\nexit 3\n"], ids=["not executable", "fails"])
def test_a_file_that_is_no_interpreter_is_named(text, write):
    file = write("python", text)
    if text.startswith("#!"):
        file.chmod(0o755)

    with pytest.raises(UserError) as error:
        interpreter_tag(str(file))

    assert str(file) in str(error.value)


# Building


@pytest.fixture
def run(tmp_path):
    """A stand-in for subprocess.run, for no test may need the network: notes the commands; step *fails* ends badly."""

    def run(command, **options):
        run.commands.append(command)
        failed = len(run.commands) == run.fails
        return SimpleNamespace(returncode=int(failed), stdout=run.output if failed else "fine\n")

    run.commands, run.fails, run.output = [], 0, ""
    (tmp_path / "cook-1").mkdir()
    return run


def test_a_virtualenv_is_made_and_filled_and_marked_complete_last(run, capsys):
    build_environment("cook-1", "a.txt", "/usr/bin/python3", run)

    virtualenv, pip = run.commands
    assert virtualenv[:3] == [sys.executable, "-m", "virtualenv"]
    assert virtualenv[-2:] == ["/usr/bin/python3", "cook-1"] and "--clear" in virtualenv
    assert pip[:4] == ["cook-1/bin/python", "-m", "pip", "install"] and pip[-2:] == ["-r", "a.txt"]
    assert os.listdir("cook-1") == ["python"]
    assert capsys.readouterr().out == "fine\n\nfine\n\n"


def test_the_mark_starts_the_interpreter_of_the_environment_wherever_it_is(run, write):
    write("cook-1/bin/python", '#!/bin/sh\necho "$@"\n').chmod(0o755)
    build_environment("cook-1", "a.txt", "python3", run)
    os.rename("cook-1", "moved")

    done = subprocess.run(["moved/python", "-c", "a b"], capture_output=True, text=True, check=True)

    assert done.stdout == "-c a b\n"


def test_the_mark_has_the_same_bytes_in_every_environment(run, tmp_path):
    (tmp_path / "train-1").mkdir()

    for folder in ("cook-1", "train-1"):
        build_environment(folder, "a.txt", "python3", run)

    assert Path("cook-1/python").read_bytes() == Path("train-1/python").read_bytes()


@pytest.mark.parametrize("step", [1, 2])
def test_a_failure_gives_one_sentence_with_the_file_and_pips_reason_and_no_mark(step, run, capsys):
    run.fails, run.output = step, "Collecting nympy\nERROR: first\nERROR: No matching distribution found for nympy\n"

    with pytest.raises(UserError) as error:
        build_environment("cook-1", "envs/cook.txt", "python3", run)

    reason = "ERROR: No matching distribution found for nympy"
    assert str(error.value) == f"envs/cook.txt could not be installed: {reason}"
    assert "Collecting nympy" in capsys.readouterr().out
    assert len(run.commands) == step
    assert not Path("cook-1/python").exists()


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("ERROR: a\nERROR: b\n[notice] A new release of pip\n", "ERROR: b"),
        ("something\nRuntimeError: failed to find interpreter\n\n", "RuntimeError: failed to find interpreter"),
        ("", "no output"),
        ("\n  \n", "no output"),
    ],
)
def test_the_reason_is_the_last_error_or_the_last_line(output, reason):
    assert failure_reason(output) == reason


@pytest.mark.parametrize(
    "line",
    ["NewConnectionError: Failed to establish a new connection: [Errno 111]", "Temporary failure in name resolution"],
)
def test_without_a_network_the_reason_is_the_network(line):
    output = f"WARNING: Retrying after connection broken by '{line}'\nERROR: No matching distribution found for numpy\n"

    reason = failure_reason(output)

    assert reason == "no package index could be reached; check the network, or point pip at your mirror (pip config)"

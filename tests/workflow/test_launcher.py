"""The launcher: its environment is made once and whole, and what can go wrong ends in one sentence."""

import os
import pty
import runpy
import shutil
import signal
import stat
import subprocess
import sys
import time

import pytest

from conftest import CHECKOUT


@pytest.fixture
def checkout(tmp_path):
    """A checkout with a launcher and one small requirement; test_readme.py installs the real ones."""
    (tmp_path / "envs").mkdir()
    (tmp_path / "tests").mkdir()
    shutil.copy(CHECKOUT / "geokiln", tmp_path)
    (tmp_path / "envs/geokiln.txt").write_text("six==1.17.0  # tiny\n")
    (tmp_path / "Snakefile").touch()
    return tmp_path


def launch(checkout, *arguments, python=sys.executable, **environment):
    return subprocess.run(
        [python, checkout / "geokiln", *arguments], cwd=checkout,
        capture_output=True, text=True, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_environment_is_made_once_and_again_when_its_requirements_change(checkout):
    first = launch(checkout)
    comment = checkout / "envs/geokiln.txt"
    comment.write_text("# a comment\n" + comment.read_text())
    second = launch(checkout)
    comment.write_text("six==1.16.0\n")
    third = launch(checkout)

    assert [run.stderr.count("making .venv (once)") for run in (first, second, third)] == [1, 0, 1]
    assert "No module named snakemake" in third.stderr  # arguments went to it


def test_an_interrupted_build_is_made_again(checkout):
    process = subprocess.Popen([sys.executable, checkout / "geokiln"], stderr=subprocess.PIPE, start_new_session=True)
    wait_until(lambda: (checkout / ".venv/pyvenv.cfg").exists())
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()

    run = launch(checkout)

    assert "making .venv (once)" in run.stderr
    assert (checkout / ".venv/complete").exists()


def test_of_two_started_at_once_one_builds_and_one_waits(checkout):
    processes = [
        subprocess.Popen([sys.executable, checkout / "geokiln"], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]

    errors = [process.communicate()[1] for process in processes]

    assert sum("making .venv" in error for error in errors) == 1
    assert all("No module named snakemake" in error for error in errors)


def test_a_moved_checkout_keeps_its_environment(checkout, tmp_path_factory):
    launch(checkout)
    moved = tmp_path_factory.mktemp("moved") / "elsewhere"
    shutil.move(checkout, moved)

    run = launch(moved)

    assert "making .venv" not in run.stderr
    assert str(moved) in run.stderr  # the moved interpreter runs


def test_a_failing_pip_is_one_sentence_with_its_reason(checkout):
    (checkout / "envs/geokiln.txt").write_text("no-such-package-of-geokiln==9.9\n")

    run = launch(checkout)

    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert "pip could not install envs/geokiln.txt: ERROR: " in run.stderr
    assert "no-such-package-of-geokiln" in run.stderr


def test_a_missing_network_is_one_sentence(checkout):
    nowhere = "http://127.0.0.1:9/simple"  # nothing listens there

    run = launch(checkout, PIP_INDEX_URL=nowhere, PIP_EXTRA_INDEX_URL="", PIP_NO_CACHE_DIR="1", PIP_RETRIES="1",
                 PIP_CONFIG_FILE=os.devnull, PIP_FIND_LINKS="")  # fmt: skip

    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert "no package index could be reached; check the network" in run.stderr


def test_a_python_without_ensurepip_is_one_sentence(checkout):
    (checkout / "ensurepip.py").write_text("raise ImportError('as on a Debian without python3-venv')")

    run = launch(checkout, PYTHONPATH=str(checkout))

    assert run.returncode == 1
    assert "this Python has no ensurepip" in run.stderr and "apt install python3-venv" in run.stderr


def test_too_old_a_python_is_one_sentence(checkout):
    launcher = checkout / "geokiln"
    launcher.write_text(launcher.read_text().replace("OLDEST = (3, 11)", "OLDEST = (3, 99)"))

    run = launch(checkout)

    assert run.returncode == 1
    assert "Python 3.99 or newer is needed, and this is 3." in run.stderr


def test_too_old_a_python_starts_a_newer_one_that_is_on_the_path(checkout):
    launcher = checkout / "geokiln"
    text = launcher.read_text().replace("if sys.version_info[:2] >= OLDEST:", "if os.environ.get('AGAIN'):")
    launcher.write_text(text)
    newer = checkout / "bin/python3.12"
    newer.parent.mkdir()
    newer.write_text(f'#!/bin/sh\nAGAIN=1 exec {sys.executable} "$@"\n')
    newer.chmod(newer.stat().st_mode | stat.S_IEXEC)

    run = launch(checkout, PATH=f"{newer.parent}:{os.environ['PATH']}")

    assert "making .venv (once)" in run.stderr


@pytest.mark.parametrize("version", ["2.7", "3.6"])
def test_old_pythons_can_parse_the_launcher(version):
    """Its syntax tree holds nothing that came later; where such an interpreter is there, it must say its sentence."""
    import ast

    tree = ast.parse((CHECKOUT / "geokiln").read_text(), feature_version=(3, 4))
    late = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.AsyncFunctionDef, ast.Match, ast.Nonlocal, ast.Starred)
    assert not [node for node in ast.walk(tree) if isinstance(node, late)]
    interpreter = shutil.which(f"python{version}")
    if interpreter and subprocess.run([interpreter, "-c", "0"], capture_output=True).returncode == 0:
        run = subprocess.run([interpreter, CHECKOUT / "geokiln"], capture_output=True, text=True, env={"PATH": ""})
        assert "or newer is needed" in run.stderr


def test_two_dashes_let_a_target_be_called_test(checkout):
    (checkout / "tests/requirements.txt").write_text("six==1.17.0\n")

    tests, target = launch(checkout, "test", "-q"), launch(checkout, "--", "test")

    assert "No module named pytest" in tests.stderr
    assert "No module named snakemake" in target.stderr


@pytest.mark.parametrize(
    ("terminal", "arguments", "rich"),
    [(True, ["all"], True), (False, ["all"], False), (True, ["--logger=plain", "all"], False), (True, ["-q"], False)],
)
def test_progress_is_live_where_somebody_watches_and_asked_for_nothing_else(checkout, terminal, arguments, rich):
    launch(checkout)
    python = checkout / ".venv/bin/python"
    python.unlink()
    python.write_text('#!/bin/sh\necho "$@"\n')  # in snakemake's place: says what it was handed
    python.chmod(0o755)
    ours, theirs = pty.openpty()

    run = subprocess.run(
        [sys.executable, checkout / "geokiln", *arguments],
        stdout=subprocess.PIPE, stderr=theirs if terminal else subprocess.DEVNULL, text=True,
    )  # fmt: skip
    os.close(theirs)
    os.close(ours)

    assert ("--logger=rich" in run.stdout) == rich
    assert run.stdout.split()[-len(arguments) :] == arguments


def wait_until(condition):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["predictions/all.npz"], None),
        (["--workflow-profile", "slurm", "all"], "slurm"),
        (["--workflow-profile=hqueue", "all"], "hqueue"),
        (["--workflow-profile", "default"], None),
        (["--workflow-profile", "mine"], "kubernetes"),
        (["--workflow-profile", "slurm", "--executor", "local"], "local"),
        (["-e", "cluster-generic", "all"], "cluster-generic"),
        (["--profile", "mine", "--workflow-profile", "none"], "kubernetes"),
        (["--workflow-profile", "not-there"], None),
    ],
)
def test_the_executor_is_what_a_flag_or_a_profile_says(arguments, expected, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/profile.yaml").write_text("# executor: slurm\njobs: 3\nexecutor: 'kubernetes'\n")
    monkeypatch.chdir(tmp_path)
    executor = runpy.run_path(str(CHECKOUT / "geokiln"), run_name="launcher")["executor"]

    assert executor(arguments) == expected

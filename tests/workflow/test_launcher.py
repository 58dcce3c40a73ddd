"""The launcher: its environment is made once and whole, and what can go wrong ends in one sentence."""

import ast
import os
import pty
import shutil
import signal
import subprocess
import sys

import pytest

from conftest import CHECKOUT, wait_until


def copy_launcher(folder):
    """Make a checkout of a launcher and one small requirement; test_readme.py installs the real ones."""
    (folder / "envs").mkdir()
    shutil.copy(CHECKOUT / "geokiln", folder)
    shutil.copytree(CHECKOUT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "envs/geokiln.txt").write_text("six==1.17.0  # tiny\n")
    (folder / "Snakefile").touch()
    return folder


@pytest.fixture
def checkout(tmp_path):
    return copy_launcher(tmp_path)


@pytest.fixture(scope="module")
def started_at_once(tmp_path_factory):
    """A checkout whose launcher was started twice at once, and what each of them said."""
    checkout = copy_launcher(tmp_path_factory.mktemp("started_at_once"))
    processes = [
        subprocess.Popen([sys.executable, checkout / "geokiln"], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    return checkout, [process.communicate()[1] for process in processes]


@pytest.fixture
def moved(started_at_once, tmp_path):
    """A checkout with a finished environment, in another place than it was made in."""
    return shutil.copytree(started_at_once[0], tmp_path / "moved", symlinks=True)


@pytest.fixture
def echoing(moved):
    """A checkout in whose environments an interpreter only says what it was handed."""
    (moved / "tests").mkdir()
    shutil.copy(moved / "envs/geokiln.txt", moved / "tests/requirements.txt")
    python = moved / ".venv/bin/python"
    python.unlink()
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    shutil.copytree(moved / ".venv", moved / ".venv-test", symlinks=True)
    return moved


def launch(checkout, *arguments, stderr=subprocess.PIPE, **environment):
    return subprocess.run(
        [sys.executable, checkout / "geokiln", *arguments], cwd=checkout, env={**os.environ, **environment},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
    )  # fmt: skip


def test_of_two_started_at_once_one_builds_and_one_waits(started_at_once):
    _, errors = started_at_once

    assert sum("making .venv (once)" in error for error in errors) == 1
    assert all("No module named snakemake" in error for error in errors)


def test_a_moved_checkout_keeps_its_environment_until_its_requirements_change(moved):
    requirements = moved / "envs/geokiln.txt"
    requirements.write_text("# a comment\n" + requirements.read_text())
    kept = launch(moved)

    requirements.write_text("six==1.16.0\n")
    changed = launch(moved)

    assert "making .venv" not in kept.stderr and str(moved) in kept.stderr  # the moved interpreter runs
    assert "making .venv (once)" in changed.stderr


def test_a_package_that_was_deleted_is_named_and_the_environment_made_again(moved):
    six = next(moved.glob(".venv/lib/python3*/site-packages/six.py"))
    six.unlink()

    run = launch(moved)

    assert "geokiln: .venv: six.py is missing\n" in run.stderr and "making .venv (once)" in run.stderr
    assert six.exists()


def test_an_interrupted_build_is_made_again(checkout):
    process = subprocess.Popen([sys.executable, checkout / "geokiln"], stderr=subprocess.PIPE, start_new_session=True)
    wait_until(lambda: (checkout / ".venv/pyvenv.cfg").exists())
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()

    run = launch(checkout)

    assert "making .venv (once)" in run.stderr
    assert (checkout / ".venv/complete").exists()


NO_INDEX = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": ""}
NO_INDEX |= {"PIP_NO_CACHE_DIR": "1", "PIP_RETRIES": "1", "PIP_CONFIG_FILE": os.devnull}  # nothing listens there


@pytest.mark.parametrize(
    ("path", "old", "new", "environment", "sentence"),
    [
        ("envs/geokiln.txt", "six", "no-such-geokiln", {}, "envs/geokiln.txt could not be installed: ERROR: "),
        ("envs/geokiln.txt", "", "", NO_INDEX, "no package index could be reached; check the network"),
        ("geokiln", "import ensurepip", "raise ImportError", {}, "this Python has no ensurepip"),
        ("geokiln", "OLDEST = (3, 11)", "OLDEST = (3, 99)", {}, "Python 3.99 or newer is needed, and this is 3."),
    ],
    ids=["no such package", "no network", "no ensurepip", "old Python"],
)
def test_what_cannot_be_made_ends_in_one_sentence(path, old, new, environment, sentence, checkout):
    (checkout / path).write_text((checkout / path).read_text().replace(old, new))

    run = launch(checkout, **environment)

    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert sentence in run.stderr


def test_too_old_a_python_starts_a_newer_one_that_is_on_the_path(echoing):
    launcher = echoing / "geokiln"
    launcher.write_text(launcher.read_text().replace("sys.version_info[:2] >= OLDEST:", "os.environ.get('AGAIN'):"))
    newer = echoing / "bin/python3.12"
    newer.parent.mkdir()
    newer.write_text(f'#!/bin/sh\nAGAIN=1 exec {sys.executable} "$@"\n')
    newer.chmod(0o755)

    run = launch(echoing, "all", PATH=f"{newer.parent}:{os.environ['PATH']}")

    assert run.stdout.endswith(" all\n")


def test_what_houdini_sets_for_its_own_python_is_not_handed_on(echoing):
    python = echoing / ".venv/bin/python"
    python.write_text('#!/bin/sh\necho "${PYTHONHOME-unset} $PYTHONPATH $HFS"\n')
    libraries = "/opt/hfs20.5/houdini/python3.11libs:/studio/lib:/opt/hfs20.5/python"

    run = launch(echoing, "all", HFS="/opt/hfs20.5", PYTHONPATH=libraries, PYTHONHOME=sys.base_prefix)

    assert run.stdout == "unset /studio/lib /opt/hfs20.5\n"


def test_old_pythons_can_parse_the_launcher():
    tree = ast.parse((CHECKOUT / "geokiln").read_text(), feature_version=(3, 4))

    late = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.AsyncFunctionDef, ast.Match, ast.Nonlocal, ast.Starred)
    assert not [node for node in ast.walk(tree) if isinstance(node, late)]


def test_two_dashes_let_a_target_be_called_test(echoing):
    tests, target = launch(echoing, "test", "-q"), launch(echoing, "--", "test")

    assert tests.stdout == "-m pytest -q\n"
    assert target.stdout == f"-m snakemake --snakefile {echoing}/Snakefile -- test\n"


@pytest.mark.parametrize(
    ("terminal", "arguments", "rich"),
    [(True, ["all"], True), (False, ["all"], False), (True, ["--logger=plain", "all"], False), (True, ["-q"], False)],
)
def test_progress_is_live_where_somebody_watches_and_asked_for_nothing_else(echoing, terminal, arguments, rich):
    ours, theirs = pty.openpty()

    run = launch(echoing, *arguments, stderr=theirs if terminal else subprocess.DEVNULL)
    os.close(theirs)
    os.close(ours)

    assert ("--logger=rich" in run.stdout) == rich


def test_the_environment_is_that_of_the_executor_which_snakemake_finds_in_a_profile(echoing, tmp_path):
    (echoing / "profiles/cluster-generic").mkdir(parents=True)
    shutil.copy(echoing / "envs/geokiln.txt", echoing / "envs/cluster-generic.txt")
    shutil.copytree(echoing / ".venv", echoing / ".venv-cluster-generic", symlinks=True)
    asked = f'case $1 in *read_command_line.py) exec {sys.executable} "$@" ;; esac'
    (echoing / ".venv/bin/python").write_text(f'#!/bin/sh\n{asked}\necho .venv "$@"\n')
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/config.v8+.yaml").write_text("executor: cluster-generic\ncluster-generic-submit-cmd: sh\n")

    farm = launch(echoing, "-n", "--workflow-profile", str(tmp_path / "mine"), "all")
    variable = launch(echoing, "-n", "all", SNAKEMAKE_PROFILE=str(tmp_path / "mine"))
    local = launch(echoing, "-n", f"{echoing}/model.onnx")
    misspelt = launch(echoing, "-n", "--workflow-profile", "cluster-genric", "all")

    assert farm.stdout.startswith("-m snakemake") and variable.stdout.startswith("-m snakemake")
    assert local.stdout.startswith(".venv -m snakemake") and local.stdout.endswith(" -n model.onnx\n")
    assert misspelt.returncode == 1
    assert "cluster-genric: there is no such profile; did you mean cluster-generic?" in misspelt.stderr

"""Environments in real runs: shared, killed, spoiled, without a network, and what an edit of a local package costs."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import CHECKOUT, copy_project, wait_until

pytestmark = pytest.mark.slow  # each builds an environment
COOKED = "dataset/examples.json"
NAMES = ("one", "two")
SCALED = """
plain = cook


def cook(item):
    return {name: FACTOR * array for name, array in plain(item).items()}
"""


@pytest.fixture(scope="module")
def built(projects):
    """The tiny example, cooked in an environment of its own that holds numpy and a local package; tests copy it."""
    project = copy_project(CHECKOUT / "examples/ripple", projects / "with_package")
    (project / "tools").mkdir()
    (project / "tools/pyproject.toml").write_text("[project]\nname = 'tools'\nversion = '1.0'\n")
    (project / "tools/tools.py").write_text("FACTOR = 2.0\n")
    code = (project / "generator.py").read_text()
    (project / "generator.py").write_text(f"from tools import FACTOR\n{code}\n{SCALED}")
    project.configure(environments={"folder": "../package_envs", "cook": ["-r numpy.txt", "./tools"]})
    (project / "numpy.txt").write_text("# arrays\nnumpy==2.4.6\n")
    folder = project.folder.parent / "package_envs"
    project.configure(environments={"folder": str(folder)})
    project.build(COOKED)
    return project


@pytest.fixture
def project(built, projects, request):
    """A copy of it, whose environments are copies, too."""
    copied = copy_project(built.folder, projects / f"env_{abs(hash(request.node.name))}")
    folder = copied.folder.parent / f"envs_{abs(hash(request.node.name))}"
    shutil.copytree(built.folder.parent / "package_envs", folder, symlinks=True)
    copied.configure(environments={"folder": str(folder)})
    shutil.rmtree(copied / ".snakemake")  # its records name the other folder
    return copied


def folders(project):
    folder = Path(project.folder.parent, f"envs_{project.folder.name.partition('_')[2]}")
    return sorted(folder.glob("cook-*"))


def test_an_edited_local_package_is_installed_again_and_its_users_cook_but_not_for_a_comment(project):
    project.edit("tools/tools.py", "FACTOR = 2.0", "# twice as much\nFACTOR = 2.0  # metres")
    project.edit("numpy.txt", "# arrays", "# arrays, and nothing else")
    assert project.plan(COOKED) == {}
    project.edit("tools/tools.py", "FACTOR = 2.0", "FACTOR = 3.0")

    built = project.build(COOKED)

    assert "build_environment" in built["rules"] and built["cooked"] == 96
    assert len(folders(project)) == 2


@pytest.mark.parametrize("lost", ["numpy", "numpy/linalg", "tools.py"])
def test_what_was_deleted_from_an_environment_is_named_and_put_back_and_nothing_is_made_again(lost, project):
    environment = folders(project)[0]
    site = next(environment.glob("lib/python3*/site-packages"))
    shutil.rmtree(site / lost) if (site / lost).is_dir() else (site / lost).unlink()

    looked = project.snakemake("-n", COOKED)
    still = (site / lost).exists()
    built = project.build(COOKED)

    assert f"environment {environment.name}: {lost} is missing; a run builds it again" in looked
    assert f"environment {environment.name}: {lost} is missing; it is built again" in built["output"]
    assert not still and (site / lost).exists()
    assert built["rules"] == set() and "Nothing to be done" in built["output"]


def test_what_a_run_uses_is_not_taken_from_under_it(project):
    """The lock is that of another run: one that uses the environment, and goes on."""
    environment = folders(project)[0]
    site = next(environment.glob("lib/python3*/site-packages"))
    (site / "tools.py").unlink()
    with open(environment.parent / f".locks/{environment.name}.used", "a") as used:
        fcntl.flock(used, fcntl.LOCK_SH)
        meanwhile = project.build(COOKED)
        left = (environment / "python").exists(), (site / "tools.py").exists()

    built = project.build(COOKED)

    assert "tools.py is missing; it is not built again, since another run uses it" in meanwhile["output"]
    assert left == (True, False)
    assert "tools.py is missing; it is built again" in built["output"] and (site / "tools.py").exists()


def test_a_file_cut_short_is_named_when_a_job_has_failed_and_the_next_run_mends_it(project):
    environment = folders(project)[0]
    site = next(environment.glob("lib/python3*/site-packages"))
    (site / "numpy/linalg/_linalg.py").write_text("")
    project.configure(geometry={"seed": 7})

    failed = project.build(COOKED, fails=True)
    built = project.build(COOKED)

    damaged = f"environment {environment.name}: numpy/linalg/_linalg.py is missing or cut short"
    assert damaged in failed["output"]
    assert built["cooked"] == 96 and (site / "numpy/linalg/_linalg.py").stat().st_size


def test_an_interpreter_that_is_gone_is_named_and_the_environment_built_on_the_new_one(project, tmp_path):
    environment = folders(project)[0]
    (environment / "bin/python").unlink()
    (environment / "bin/python").symlink_to("/opt/hfs/python/bin/python3.11")

    built = project.build(COOKED)

    assert "its interpreter (/opt/hfs/python/bin/python3.11) is gone; it is built again" in built["output"]
    assert built["rules"] == set()


def test_two_checkouts_that_share_a_folder_build_once_and_both_finish(projects, new_checkout, tmp_path):
    pair = []
    for name in ("one", "two"):
        checkout = new_checkout(tmp_path / name)
        project = copy_project(CHECKOUT / "examples/ripple", tmp_path / f"{name}/project", checkout.folder)
        project.configure(environments={"folder": str(tmp_path / "shared"), "cook": {"numpy": "2.4.6"}})
        pair.append(project)

    processes = [project.start(COOKED) for project in pair]
    outputs = [process.communicate()[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], outputs
    logs = ["".join(path.read_text() for path in project.folder.glob("logs/build_environment/*")) for project in pair]
    assert sorted("Successfully installed" in log for log in logs) == [False, True]
    assert sum("built by another project a moment ago" in log for log in logs) == 1


@pytest.mark.parametrize("killed", ["all", "the builder alone"])
def test_a_build_that_was_killed_is_finished_by_the_next_run(killed, fresh_ripple, tmp_path):
    fresh_ripple.configure(environments={"folder": str(tmp_path / "envs"), "cook": ["numpy==2.4.6"]})
    process = fresh_ripple.start(COOKED, start_new_session=True)
    wait_until(lambda: list(tmp_path.glob("envs/cook-*/lib/python3*/site-packages/pip")))
    if killed == "all":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        subprocess.run(["pkill", "-9", "-f", f"build_environment.py.*{tmp_path}"], check=True)
    process.communicate()
    half = [path.exists() for path in tmp_path.glob("envs/cook-*/python")]

    built = fresh_ripple.build("--rerun-incomplete", COOKED)

    assert half == []
    assert "build_environment" in built["rules"] and built["cooked"] == 96


def test_a_machine_without_a_network_builds_from_a_folder_of_wheels(fresh_ripple, tmp_path):
    """In a network namespace without a route; no proxy and no mirror is known there."""
    away = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*away, "true"], capture_output=True).returncode:
        pytest.skip("this machine makes no network namespaces")
    wheels = tmp_path / "wheels"
    words = ["-m", "pip", "download", "--quiet", "--dest", wheels, "numpy==2.4.6"]
    subprocess.run([sys.executable, *words], check=True)
    settings = {"folder": str(tmp_path / "envs"), "cook": ["numpy==2.4.6"]}
    fresh_ripple.configure(environments={**settings, "wheels": None})
    command = [sys.executable, "-m", "snakemake", "--snakefile", CHECKOUT / "Snakefile", COOKED]
    none = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "HTTP", "http"))}
    none |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}

    def run():
        return subprocess.run([*away, *command], cwd=fresh_ripple.folder, env=none, capture_output=True, text=True)

    without = run()
    fresh_ripple.configure(environments={**settings, "wheels": str(wheels)})
    with_wheels = run()

    assert without.returncode and "no package index could be reached" in without.stdout + without.stderr
    assert with_wheels.returncode == 0, with_wheels.stderr
    assert (fresh_ripple / COOKED).exists()


def test_an_environment_that_is_there_is_taken_as_it_is_wherever_it_lies(project, tmp_path):
    venv = tmp_path / "mine"
    shutil.copytree(folders(project)[0], venv, symlinks=True)
    before = sorted(path for path in venv.rglob("*") if "__pycache__" not in path.parts)
    project.configure(environments={"cook": str(venv)})

    built = project.build(COOKED)
    after = sorted(path for path in venv.rglob("*") if "__pycache__" not in path.parts)
    os.rename(venv, tmp_path / "moved")
    project.configure(environments={"cook": str(tmp_path / "moved")})
    moved = project.build(COOKED)

    assert built["cooked"] == 96 and before == after
    assert (moved["cooked"], moved["rules"]) == (0, set())
    project.configure(geometry={"seed": 8})
    assert project.build(COOKED)["cooked"] == 96  # by the environment where it lies now


def test_projects_with_like_environments_of_their_own_each_use_theirs(project, projects, tmp_path):
    """Loose modules do not count, so both have one name; neither may run in the other's."""
    pair = []
    for name in NAMES:
        shutil.copytree(folders(project)[0], tmp_path / name, symlinks=True)
        next((tmp_path / name).glob("lib/python3*/site-packages/tools.py")).write_text(f"FACTOR = {len(pair) + 2}\n")
        copied = copy_project(project.folder, projects / f"own_{name}")
        copied.configure(environments={"cook": str(tmp_path / name)})
        pair.append(copied)

    for copied in pair:
        copied.build(COOKED)
    ways = [next(copied.folder.glob(".kept/environments/cook-*/bin/python")) for copied in pair]

    assert ways[0].parts[-3] == ways[1].parts[-3]
    for way, name in zip(ways, NAMES, strict=True):
        assert f"{tmp_path}/{name}/bin/python" in way.read_text()
    for copied in pair:
        copied.configure(geometry={"seed": 9})
        copied.build(COOKED)
    one, two = (np.fromfile(copied / "dataset/examples.raw", np.float32).reshape(96, -1)[:, -1] for copied in pair)
    np.testing.assert_allclose(two, 1.5 * one, rtol=1e-5)

"""Jobs under another interpreter than Snakemake's: Houdini's, here one that is laid out like it and is found by $HFS.

It is another Python of this machine: the oldest of python3.9 to python3.13 on PATH that starts, of another version than
this one if there is any, else of another installation. Where there is no other at all, it is a copy of this one; its
jobs still run in environments of their own, with nothing but the packages of envs/.

Environments are built once per checkout, in .environments-second. For a Python other than this one, PyTorch is what the
package index has, which in Linux is the build for CUDA: 7 GB, in two minutes on a fast network.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import ALL, CHECKOUT, copy_project
from geokiln.storage.results import read_result

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("second_interpreter")]

ASK = "import platform, sys; print(platform.python_version(), sys._base_executable, sys.base_prefix, sep='|')"
SETUP = """

def setup(parameters):
    import platform, sys
    print("cooked by Python", platform.python_version(), "of", sys.base_prefix)
"""


def ask(python, minor):
    """Return version, real interpreter and prefix of a program on PATH; None of a stand-in that does not start."""
    environment = {**os.environ, "PYENV_VERSION": f"3.{minor}"}  # which stand-ins of pyenv do not start without
    done = subprocess.run([python, "-c", ASK], capture_output=True, text=True, env=environment)
    return tuple(done.stdout.strip().split("|")) if done.returncode == 0 else None


def second_interpreter():
    """Return version, interpreter and prefix of the Python that stands for Houdini's."""
    mine, found = sys.version_info[1], {}
    for minor in range(9, 14):
        for folder in os.get_exec_path():
            python = os.path.join(folder, f"python3.{minor}")
            about = ask(python, minor) if os.access(python, os.X_OK) else None
            if about and os.path.realpath(about[2]) != os.path.realpath(sys.base_prefix):
                found.setdefault((minor == mine, minor), about)
    return found[min(found)] if found else ask(sys.executable, mine)


def lay_out(hfs, version, python, prefix):
    """Lay out a folder like Houdini's in Linux; a Python finds its prefix by where it is and by its library."""
    name = "python" + ".".join(version.split(".")[:2])
    for file in ("python3", name, f"{name}-config", "pip"):
        (hfs / "python/bin").mkdir(parents=True, exist_ok=True)
        (hfs / "python/bin" / file).write_text("not this one")
    shutil.copy2(os.path.realpath(python), hfs / "python/bin" / name)
    for library in ("lib", "lib64"):
        if os.path.isdir(os.path.join(prefix, library)) and not (hfs / "python" / library).exists():
            (hfs / "python" / library).symlink_to(os.path.join(prefix, library))
    return hfs


@pytest.fixture(scope="module")
def second():
    """Version, interpreter and prefix of the Python that stands for Houdini's."""
    return second_interpreter()


@pytest.fixture(scope="module")
def folder(second):
    """Where its environments stay from run to run."""
    return CHECKOUT / ".environments-second" / f"{second[0]}{second[2].replace('/', '-')}"


@pytest.fixture
def hfs(second, folder, monkeypatch):
    """$HFS, a folder laid out like Houdini's."""
    hfs = folder / "hfs"
    if not hfs.exists():
        shutil.rmtree(folder, ignore_errors=True)
        lay_out(folder / "unfinished", *second)
        (folder / "unfinished").rename(hfs)
    monkeypatch.setenv("HFS", str(hfs))
    return hfs


@pytest.fixture(scope="module")
def built():
    """The project that one test built, for those after it."""
    return {}


@pytest.fixture
def project(hfs, folder, built, projects):
    """A small project, all of which was built under $HFS's Python; each test has a copy of its own."""
    if not built:
        project = copy_project(CHECKOUT / "examples/ripple", projects / "second_interpreter")
        with open(project / "generator.py", "a", encoding="utf-8") as file:
            file.write(SETUP)
        project.configure(
            training={"epochs": 100},
            wedges={"model": ["network", "linear"]},
            environments={"python": "houdini", "folder": str(folder / "environments")},
        )
        built.update(project.build(ALL, "shapes/film.usd", "predictions/film.parquet"), project=project)
    return copy_project(built["project"].folder, projects / f"second_{len(list(projects.iterdir()))}")


def test_every_stage_runs_there_and_gives_what_it_gives_here(project, hfs, second, built, fresh_ripple):
    assert {"cook_batch", "preprocess", "train_pack", "export_model", "predict"} <= built["rules"]
    logs = [path.read_text() for path in (built["project"] / "logs/cook_batch").iterdir()]
    assert all(f"cooked by Python {second[0]} of {hfs}/python" in log for log in logs) and len(logs) == 3

    fresh_ripple.configure(training={"epochs": 100}, wedges={"model": ["network", "linear"]})
    fresh_ripple.snakemake(ALL)
    here, there = (np.load(one / ALL) for one in (fresh_ripple, project))
    assert here.files == there.files
    np.testing.assert_allclose(there["height"], here["height"], atol=1e-3 * np.abs(here["height"]).max())


def test_a_training_says_where_it_ran(project, hfs, second):
    for wedge in ("model-network", "model-linear"):
        about = json.loads((project / f"wedges/{wedge}/training.json").read_text())
        assert (about["python"], about["base_prefix"]) == (second[0], f"{hfs}/python")


def test_older_pythons_get_the_shipped_requirements_for_them(project, folder, second):
    older = int(second[0].split(".")[1]) < 11
    shipped = (CHECKOUT / "envs" / ("older" if older else "") / "train.txt").read_text()
    (python,) = (folder / "environments").glob("train-*/python")
    program = "import numpy, torch; print(f'numpy=={numpy.__version__} torch==' + torch.__version__.split('+')[0])"

    done = subprocess.run([python, "-c", program], check=True, capture_output=True, text=True)

    assert set(done.stdout.split()) <= set(shipped.split()), done.stdout


def test_the_place_of_houdini_does_not_count_but_its_minor_version_does(project, second, tmp_path, monkeypatch):
    monkeypatch.setenv("HFS", str(lay_out(tmp_path / "moved", *second)))
    assert project.plan() == {}

    other = tmp_path / "other/python/bin/python3.12"
    other.parent.mkdir(parents=True)
    minor = 12 if second[0].split(".")[1] != "12" else 11
    other.write_text(f"#!/bin/sh\necho CPython 3 {minor} Linux x86_64\n")
    other.chmod(0o755)
    monkeypatch.setenv("HFS", str(tmp_path / "other"))
    assert {"build_environment", "cook_batch", "train_pack", "publish_wedge"} <= set(project.plan())


def test_weights_found_again_under_another_place_make_nothing_new(project, second, tmp_path, monkeypatch):
    training = project / "wedges/model-linear/training.json"
    before = read_result(training)

    def find_again(target):
        for file in [*(project / "packs").iterdir(), training]:
            file.unlink()
        return project.build(target)

    find_again(ALL)  # a pack says what its last job trained: from now on nothing
    monkeypatch.setenv("HFS", str(lay_out(tmp_path / "moved", *second)))
    built = find_again("wedges.csv")

    assert built["trained"] == 0 and {"train_pack", "publish_wedge"} <= built["rules"]
    assert read_result(training) == before
    assert project.plan() == {}


def test_a_training_of_ones_own_runs_there_and_is_exported(project):
    shutil.copy(CHECKOUT / "examples/own_training/training.py", project / "training.py")
    project.configure(training={"script": "training.py", "epochs": 20}, wedges={"hidden_layers": [1]})

    built = project.build("model.onnx")

    assert built["trained"] == 1 and json.loads((project / "model.json").read_text())["difference_from_pytorch"] < 1e-4


def test_a_command_runs_on_the_same_python(project, second):
    (project / "cook.py").write_text(
        "import json, platform, sys\nimport numpy as np\n"
        "print('cooked by Python', platform.python_version())\n"
        "time = json.load(open(sys.argv[1]))['attributes']['time']\n"
        "np.save(sys.argv[2] + '/height.npy', np.sin(time + np.arange(3)))\n"
    )
    command = {"words": ["python", "cook.py", "{item}", "{folder}"], "outputs": ["height.npy"]}
    project.configure(generator={"command": command}, geometry={"count": 8})

    project.build("dataset/examples.json")

    logs = [Path(path).read_text() for path in (project / "logs/cook_batch").iterdir()]
    assert logs and all(f"cooked by Python {second[0]}" in log for log in logs)

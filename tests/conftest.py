"""Projects to run the workflow in: copies of one finished run, so that each test starts in a tenth of a second."""

import fcntl
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).parents[1]
SHIPPED = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
ALL = "predictions/all.npz"
NUMBERS = itertools.count()


class Project:
    """A project folder, and what a user does with it."""

    def __init__(self, folder, checkout=CHECKOUT):
        self.folder, self.checkout = Path(folder), Path(checkout)

    def __truediv__(self, path):
        return self.folder / path

    def start(self, *arguments, **popen):
        """Start snakemake in the project; the process's output is text."""
        command = [sys.executable, "-m", "snakemake", "--snakefile", self.checkout / "Snakefile"]
        return subprocess.Popen(
            [*map(str, command), *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **popen,
        )

    def snakemake(self, *arguments, fails=False):
        """Run snakemake and return what it printed; it must succeed, or fail where *fails* says so (None: either)."""
        process = self.start(*arguments)
        output, _ = process.communicate()
        assert fails in (None, process.returncode != 0), output
        return output

    def plan(self, *targets):
        """Return what a dry run would do: rule -> number of jobs; empty when there is nothing to do."""
        output = self.snakemake("--dry-run", *(targets or [ALL]))
        if "Nothing to be done" in output:
            return {}
        table = output[output.index("Job stats:") :].split("\n\n")[0]
        return {rule: int(jobs) for rule, jobs in re.findall(r"^(\w+) +(\d+)$", table, re.M) if rule != "total"}

    def build(self, *arguments, fails=False):
        """Build; return what it took: ``cooked`` and ``trained`` (numbers), ``rules`` (set), ``output`` (text)."""
        shutil.rmtree(self.folder / "logs", ignore_errors=True)
        output = self.snakemake(*(arguments or [ALL]), fails=fails)
        logs = "\n".join(path.read_text() for path in (self.folder / "logs").rglob("*.log"))
        return {
            "cooked": sum(map(int, re.findall(r"^(\d+) cooked,", logs, re.M))),
            "trained": sum(map(int, re.findall(r"^(\d+) trained,", logs, re.M))),
            "rules": set(re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)", output, re.M)),
            "output": output,
        }

    def configure(self, **sections):
        """Lay *sections* over the project's config.yaml; None removes one."""
        path = self.folder / "config.yaml"
        config = yaml.safe_load(path.read_text())
        for section, value in sections.items():
            if value is None:
                del config[section]
            elif isinstance(value, dict) and section not in ("unseen", "wedges"):
                config[section] = {**config.get(section, {}), **value}
            else:
                config[section] = value
        path.write_text(yaml.safe_dump(config, sort_keys=False))

    def edit(self, path, old, new):
        """Replace *old*, which must be there, by *new* in one of the project's files."""
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new))

    def results(self):
        """Return the files that a run made, without logs, records and the store."""
        hidden = {"logs", ".kept", ".snakemake"}
        paths = [path for path in self.folder.rglob("*") if path.is_file()]
        files = {path.relative_to(self.folder) for path in paths if path.name not in ("config.yaml", "generator.py")}
        return {str(path) for path in files if path.parts[0] not in hidden}


def copy_project(source, folder, checkout=CHECKOUT):
    shutil.copytree(source, folder, symlinks=True, ignore=shutil.ignore_patterns(".venv*"))
    return Project(folder, checkout)


def wait_until(condition, seconds=60):
    """Wait for something that a program started by the test is to do."""
    for _ in range(seconds * 50):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")


@pytest.fixture(scope="session")
def projects(tmp_path_factory):
    """A folder for project folders, all equally far from the checkout."""
    return tmp_path_factory.mktemp("projects")


@pytest.fixture(scope="session")
def finished_ripple(projects):
    """The tiny example, built once; tests take a copy (``ripple``)."""
    project = copy_project(CHECKOUT / "examples/ripple", projects / "finished_ripple")
    project.snakemake(ALL)
    return project


@pytest.fixture
def fresh_ripple(projects):
    """The tiny example, nothing built."""
    return copy_project(CHECKOUT / "examples/ripple", projects / f"fresh_{next(NUMBERS)}")


@pytest.fixture
def ripple(finished_ripple, projects):
    """The tiny example after a successful run."""
    return copy_project(finished_ripple.folder, projects / f"copy_{next(NUMBERS)}")


def copy_checkout(folder):
    """Copy the checkout's own files, with environments shared with the original, so that they are built once."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for path in listed.stdout.splitlines():
        if (CHECKOUT / path).exists():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / path, folder / path)
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("folder: .environments ", f"folder: {CHECKOUT / '.environments'} "))
    return Project(folder, folder)


@pytest.fixture(scope="session")
def new_checkout():
    """A function that copies the checkout to a folder, and gives a Project of it; its class makes others."""
    return copy_checkout


@pytest.fixture(scope="session")
def readme_run(tmp_path_factory):
    """A fresh checkout in which the README's commands were run, and what each said, in order: (command, output).

    Workers share it, since it takes a minute: who comes second waits.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "readme"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "said.json").exists():
            said = follow_readme(copy_checkout(folder / "finished"))
            (folder / "said.json").write_text(json.dumps(said))
    return Project(folder / "finished", folder / "finished"), json.loads((folder / "said.json").read_text())


def follow_readme(project):
    """Run the README's commands; return what each said."""
    commands = "".join(re.findall(r"^```sh\n(.*?)^```", (CHECKOUT / "README.md").read_text(), re.M | re.S)).splitlines()
    said = []
    for command in commands:
        if command != "./geokiln test":  # that one is running right now: .ci/run calls it
            done = subprocess.run(["bash", "-ec", command], cwd=project.folder, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            said.append((command, done.stdout + done.stderr))
    return said


@pytest.fixture(scope="session")
def finished_tube(readme_run):
    """The default job in a copy of the checkout, built once; tests that edit take a copy (``tube``)."""
    return readme_run[0]


@pytest.fixture
def tube(finished_tube):
    """The default job after a successful run, in a checkout of its own: as if it had been moved."""
    folder = finished_tube.folder.with_name(f"copy_{os.getpid()}_{next(NUMBERS)}")
    return copy_project(finished_tube.folder, folder, folder)


@pytest.fixture
def write(tmp_path):
    """A function that writes a text, indented as the test is, to a file of the working directory."""

    def write(path, text):
        path = tmp_path / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    return write


@pytest.fixture
def read_only():
    """A function that makes a folder refuse to be written; root needs a mount for it, and the right to mount."""
    closed, mounted = [], []

    def read_only(folder):
        closed.append(folder)
        os.chmod(folder, 0o555)
        if os.access(folder, os.W_OK):
            for options in (["--bind", folder, folder], ["-o", "remount,ro,bind", folder]):
                if shutil.which("mount") is None or subprocess.run(["mount", *options], capture_output=True).returncode:
                    pytest.skip("nothing is read-only to root, who may not mount here")
                mounted.append(folder)

    yield read_only
    for folder in mounted[:1]:
        subprocess.run(["umount", folder], check=True)
    for folder in closed:
        os.chmod(folder, 0o755)


@pytest.fixture
def recipe():
    """A function that gives the settings of a preprocessing: the shipped ones, small, with what the test changes."""
    return lambda **changes: {**SHIPPED["preprocess"], "validation_share": 0.2, "target_components": 3, **changes}


@pytest.fixture
def wedge():
    """A function that gives the training settings of one wedge: the shipped ones, small, with what the test changes."""
    small = {"hidden_layers": 1, "hidden_width": 8, "learning_rate": 0.01, "schedule": "constant", "batch_size": 4}
    small |= {"epochs": 5, "epochs_per_evaluation": 1}
    return lambda **changes: {**SHIPPED["training"], **small, **changes}


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """The working directory of the test; what a user's module changes in the interpreter is undone afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    modules = set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        if os.path.abspath(getattr(sys.modules[name], "__file__", None) or "/").startswith(str(tmp_path)):
            del sys.modules[name]

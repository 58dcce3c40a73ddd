import json
import os
import sys
from pathlib import Path

import pytest

from geokiln.errors import UserError
from geokiln.storage.audit import audited
from geokiln.user_module import UserModule

PAST = 1e9


@pytest.fixture
def cook(write, tmp_path, monkeypatch, capsys):
    """A function that runs the statements of a cook in the folder ``project``, and gives what was warned of."""
    files = ("data.txt", "rest.obj", "items.npz", ".cache/a", "__pycache__/b")
    modules = ("near.py", "lib/far.py", "pkg/__init__.py", "pkg/part.py")
    for path in [*(f"project/{name}" for name in files + modules), *(f"assets/{number}" for number in range(7))]:
        os.utime(write(path, ""), (PAST, PAST))
    monkeypatch.chdir(tmp_path / "project")

    def cook(statements, before="", inputs=("rest.obj",), own=(), **options):
        text = f"import importlib, os, sqlite3, subprocess, sys\n{before}\ndef cook():\n    {statements}\n"
        Path("generator.py").write_text(text)
        with audited("cook", "generator.py", inputs, own, **options) as covered:
            module = UserModule("generator.py")
            covered()
            module.call("cook")
            covered()
        return capsys.readouterr().out.splitlines()

    return cook


@pytest.mark.parametrize(
    "statements",
    [
        "open('data.txt')",
        "open(os.path.abspath('data.txt'), 'rb')",
        "os.open(b'data.txt', os.O_RDONLY)",
        "open('data.txt', 'r+')",
        "os.chdir('lib'); open('../data.txt'); os.chdir('..')",
        "sqlite3.connect('data.txt')",
        "subprocess.run(['cat', 'data.txt'])",
        "subprocess.run(['cat', '../data.txt'], cwd='lib')",
        "import threading; t = threading.Thread(target=open, args=['data.txt']); t.start(); t.join()",
    ],
)
def test_a_file_that_is_read_and_no_input_is_named_once(statements, cook):
    result = cook(f"{statements}; {statements}")

    assert result == [
        "Geokiln warns: cook read data.txt, which is not under generator.inputs; an edit of it will go unnoticed"
    ]


@pytest.mark.parametrize(
    "statements",
    [
        "open('rest.obj'); open('./lib/../rest.obj')",
        "open('new.txt', 'w').close(); open('new.txt')",
        "open('new', 'w').close(); os.replace('new', 'new.txt'); open('new.txt')",
        "subprocess.run(['touch', 'new.txt']); open('new.txt')",
        "open('data.txt', 'a').close()",
        "open('.cache/a'); open('__pycache__/b')",
        "open(os.__file__); open('/proc/self/status'); os.listdir('.')",
        "open('items.npz')",
        "open('../assets/1')",  # no folder of the project's
        "import tempfile; f = tempfile.NamedTemporaryFile('w+'); open(f.name)",
    ],
)
def test_inputs_own_files_caches_and_the_systems_files_are_not_named(statements, cook):
    assert cook(statements, own=["items.npz"]) == []


def test_beside_an_input_elsewhere_files_count_and_many_are_told_in_short(cook, tmp_path):
    result = cook("for number in range(7): open(f'../assets/{number}')", inputs=["../assets/0"])

    assert len(result) == 6 and result[0].startswith(f"Geokiln warns: cook read {tmp_path}/assets/1, which is not")
    assert result[-1] == "Geokiln warns: cook read 1 more such files"


@pytest.mark.parametrize(
    ("statements", "before", "module"),
    [
        ("pass", "importlib.import_module('near')", "near.py"),
        ("__import__('near')", "", "near.py"),
        ("pass", "sys.path.insert(0, 'lib')\nimport far", "lib/far.py"),
        ("pass", "sys.path.append('../elsewhere')\nimport beyond", "/elsewhere/beyond.py"),
        ("pass", "import pkg\nimportlib.import_module('pkg.part')", "pkg/part.py"),
        ("import runpy; runpy.run_path('near.py')", "", "near.py"),
        ("exec(compile(open('near.py').read(), 'near.py', 'exec'))", "", "near.py"),
    ],
)
def test_code_that_runs_and_is_not_covered_is_an_error_unless_it_is_an_input(statements, before, module, cook, write):
    os.utime(write("elsewhere/beyond.py", ""), (PAST, PAST))

    with pytest.raises(UserError) as error:
        cook(statements, before)
    for name in ("near", "far", "beyond", "pkg", "pkg.part"):
        sys.modules.pop(name, None)

    assert module in str(error.value) and str(error.value).endswith(
        " imported in a way that Geokiln does not see (importlib, sys.path): put it beside generator.py and import it "
        "by name, or name it under generator.inputs"
    )
    assert cook(statements, before, inputs=[str(error.value).split(" is ")[0]]) == []


def test_code_from_pythonpath_counts_and_what_is_installed_does_not(cook, write, tmp_path, monkeypatch):
    for folder in ("shared", "site-packages"):
        os.utime(write(f"{folder}/of_{folder[:4]}.py", ""), (PAST, PAST))
        monkeypatch.syspath_prepend(tmp_path / folder)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}/shared:{tmp_path}/site-packages")

    with pytest.raises(UserError, match="/shared/of_shar.py is imported"):
        cook("import of_shar, of_site")


def test_a_package_that_the_environment_has_from_the_project_is_covered_by_its_name(cook, write, tmp_path, monkeypatch):
    about = {"url": f"file://{tmp_path}/project/lib", "dir_info": {"editable": True}}
    write("site-packages/far-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: far\nVersion: 1.0")
    write("site-packages/far-1.0.dist-info/direct_url.json", json.dumps(about))
    for folder in ("site-packages", "project/lib"):
        monkeypatch.syspath_prepend(tmp_path / folder)

    assert cook("import far") == []


def test_a_variable_of_the_environment_is_named_with_what_would_count(cook, monkeypatch):
    monkeypatch.setenv("QUALITY", "3")

    result = cook("return os.environ['QUALITY']")

    assert result == [
        "Geokiln warns: generator.py asks for the environment variable QUALITY: a change of it will go unnoticed; "
        "generator.parameters would count"
    ]


def test_without_a_script_and_after_the_block_nothing_is_watched(capsys, write):
    write("data.txt", "")
    with audited("training", None):
        open("data.txt").close()

    assert capsys.readouterr().out == ""

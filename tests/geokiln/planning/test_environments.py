import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from geokiln.planning.environments import environment_mistakes, environment_name, keep_names, plan_environments
from geokiln.planning.interpreters import interpreter_tag
from geokiln.storage.requirements import bytes_digest, files_digest, requirement_lines

CHECKOUT = Path(__file__).parents[3]
KINDS = ("cook", "train", "predict", "formats")


@pytest.fixture
def plan(tmp_path):
    """Plan the environment ``cook`` (or another *kind*) of settings that are otherwise small and plain."""

    def plan(value=(), kind="cook", **settings):
        settings = {"folder": str(tmp_path / "envs"), "python": "current", "wheels": None, **settings}
        others = {one: ["numpy"] for one in KINDS}
        return plan_environments({**others, **settings, kind: value if isinstance(value, (str, dict)) else list(value)},
                                 CHECKOUT)[kind]  # fmt: skip

    return plan


@pytest.fixture
def mistakes(tmp_path):
    def mistakes(**settings):
        plain = {"folder": "envs", "python": "current", "wheels": None, **{kind: ["numpy"] for kind in KINDS}}
        return list(environment_mistakes({"environments": {**plain, **settings}}, CHECKOUT))

    return mistakes


# Names


def test_other_requirements_their_order_or_another_python_make_another_environment(write, plan):
    other = write("python", "#!/bin/sh\necho CPython 3 9\n")
    other.chmod(0o755)
    lists = [["numpy==2.4.6", "libigl==1"], ["numpy==2.4.5", "libigl==1"], ["libigl==1", "numpy==2.4.6"], ["numpy"]]

    names = {plan(packages, python=python).name for packages in lists for python in ("current", str(other))}

    assert len(names) == 8


def test_the_name_is_that_which_earlier_versions_gave(write):
    """Results know their environment by name: another one would cook and train all that users made."""
    lines = requirement_lines(write("a.txt", "numpy==2.4.6  # arrays\n\nlibigl==1; python_version >= '3.9'\n"))

    names = [environment_name(kind, ["CPython 3 11 Linux x86_64", *lines]) for kind in ("cook", "train")]

    assert names == ["cook-8283705537", "train-8283705537"]


def test_a_file_a_list_and_a_mapping_of_the_same_are_the_same(write, plan):
    write("a.txt", "# what cooks need\nnumpy==2.4.6\nscipy>=1.10\nrich\n")
    listed = ["numpy==2.4.6", " scipy>=1.10 ", "rich"]

    plans = [plan("a.txt"), plan(listed), plan({"numpy": "2.4.6", "scipy": ">=1.10", "rich": None})]

    assert len({one.name for one in plans}) == 1
    assert [one.requirements for one in plans] == [["a.txt"], [], []]
    assert [one.package_lines for one in plans] == [[], ["numpy==2.4.6", "scipy>=1.10", "rich"]] + [
        ["numpy==2.4.6", "scipy>=1.10", "rich"]
    ]
    assert plan({"numpy": "*", "scipy": "1.10"}).package_lines == ["numpy", "scipy==1.10"]


def test_what_a_list_includes_counts_and_python_files_are_copied(write, plan):
    write("base.txt", "numpy==2.4.6\n")
    write("noise.py", "X = 1\n")
    write("lib/rig/pose.py", "X = 1\n")
    write("tools/pyproject.toml", "")
    packages = ["-r base.txt", "./noise.py", "./lib/rig", "-e ./tools"]
    before = plan(packages)

    names = [before.name]
    for path, text in [("base.txt", "numpy==2\n"), ("noise.py", "X = 2\n"), ("lib/rig/pose.py", "Y = 1\n"),
                       ("tools/tools.py", "")]:  # fmt: skip
        write(path, text)
        names.append(plan(packages).name)

    assert (before.package_lines, before.modules) == (["-r base.txt", "-e ./tools"], ["./noise.py", "./lib/rig"])
    assert len(set(names)) == 5


def test_comments_in_a_local_package_do_not_count_but_one_that_an_earlier_version_built_stays(write, plan, tmp_path):
    write("tools/pyproject.toml", "")
    write("tools/tools.py", "X = 1\n")
    packages = ["numpy", "./tools"]
    before = plan(packages).name
    write("tools/tools.py", "# a comment\nX = 1  # and one more\n")
    assert plan(packages).name == before
    lines = [*packages, bytes_digest(Path("tools"))]
    earlier = environment_name("cook", [interpreter_tag(sys.executable), *lines])
    write(f"envs/{earlier}/python", "")
    found = plan(packages)
    keep_names([found])
    os.unlink(f"envs/{earlier}/python")
    write("tools/tools.py", "X = 1\n")

    assert found.name == plan(packages).name == earlier != before == found.today
    write("tools/tools.py", "X = 2\n")
    assert plan(packages).name not in (earlier, before)


def test_code_in_local_packages_counts_alike_for_each_python(write):
    """The launcher's Python reads it, whatever environments are built on; newer ones know of more in a syntax tree."""
    write(
        "code.py",
        "@a\ndef f(x: int = 1, *, y=None) -> str:\n    return f'{x!r:>{y}}'\n\nclass A(B): z = [1, 2.5, b'c', ...]\n",
    )

    assert files_digest(Path("code.py")) == "ce9efd9e73a6754b4d85cb43ff75a06b"


def test_each_kind_has_an_interpreter_of_its_own(write, plan, tmp_path, monkeypatch):
    python = write("python", "#!/bin/sh\necho CPython 3 9\n")
    python.chmod(0o755)
    choice = {"cook": str(python)}

    assert [plan((), kind, python=choice).interpreter for kind in ("cook", "train")] == [str(python), sys.executable]


# An environment that is there


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """A virtualenv with a package that calls itself numpy, and one that is installed to be edited."""
    folder = tmp_path_factory.mktemp("there") / "an environment"
    subprocess.run([sys.executable, "-m", "virtualenv", "-q", folder], check=True)
    site = next(folder.glob("lib/python3*/site-packages"))
    for name in ("numpy-2.4.6.dist-info", "tools-1.0.dist-info", "old-1.0.egg-info"):
        (site / name).mkdir()
    (site / "numpy.py").write_text("")
    package = folder.parent / "my tools"
    package.mkdir()
    (package / "tools.py").write_text("X = 1\n")
    about = {"url": package.as_uri(), "dir_info": {"editable": True}}
    (site / "tools-1.0.dist-info/direct_url.json").write_text(json.dumps(about))
    return folder


def test_an_environment_that_is_there_counts_by_its_packages_wherever_it_is(there, plan):
    before = plan(str(there))
    moved = there.with_name("moved")
    os.rename(there, moved)
    names = [plan(str(moved)).name]
    site = next(moved.glob("lib/python3*/site-packages"))
    for old, new in [("numpy-2.4.6.dist-info", "numpy-2.4.7.dist-info"), ("old-1.0.egg-info", "old-1.1.egg-info")]:
        os.rename(site / old, site / new)
        names.append(plan(str(moved)).name)
    (there.parent / "my tools/tools.py").write_text("X = 2\n")
    names.append(plan(str(moved)).name)
    os.rename(moved, there)

    assert before.taken and before.interpreter == f"{there}/bin/python"
    assert before.python == f".kept/environments/{before.name}/python"  # the way is the project's own
    assert names[0] == before.name and len(set(names)) == 4


# Mistakes


NO_REQUIREMENT = "is no requirement; write it as numpy==1.2, or as a path, ./numpy"
NAMED = "is to be copied, and its name is"
NO_FOLDER = "folder is a folder without bin/python; name an environment's folder, or a requirements file"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"wheels": "no/wheels"}, "wheels: no/wheels is no folder in {here}"),
        ({"cook": ["numpy", "numpy=2"]}, f"cook: 'numpy=2' {NO_REQUIREMENT}"),
        ({"cook": {"numpy": "2 or 3"}}, f"cook: 'numpy==2 or 3' {NO_REQUIREMENT}"),
        ({"train": ["./no_tools"]}, "train: ./no_tools does not exist in {here}"),
        ({"train": ["-e ./no_tools"]}, "train: ./no_tools does not exist in {here}"),
        ({"train": ["-r no.txt"]}, "train: no.txt does not exist; it is named as a requirements file"),
        ({"cook": ["there.py"]}, "cook: there.py is a file; write ./there.py"),
        (
            {"cook": ["./json.py"]},
            "cook: ./json.py is to be copied, and its name is that of a module of Python's own; rename it",
        ),
        (
            {"cook": ["./my-rig"]},
            "cook: ./my-rig is to be copied, and its name is none that can be imported; rename it",
        ),
        ({"cook": ["there.txt"]}, "cook: there.txt is a file; write -r there.txt"),
        ({"cook": ["-r folder"]}, "cook: folder cannot be read as a requirements file (Is a directory)"),
        ({"cook": ["-r itself.txt"]}, "cook: itself.txt includes itself"),
        ({"cook": "folder"}, f"cook: {NO_FOLDER}"),
        ({"python": {"cook": "/no/python"}}, "python.cook: /no/python does not exist; use current, houdini or a path"),
    ],
)
def test_what_cannot_be_is_told_with_its_key(settings, sentence, write, mistakes, tmp_path):
    write("folder/there.txt", "")
    write("there.py", "")
    write("there.txt", "")
    write("itself.txt", "-r itself.txt")
    write("json.py", "")
    write("my-rig/pose.py", "")

    assert mistakes(**settings) == ["environments." + sentence.format(here=tmp_path)]


def test_an_environment_that_is_there_must_start_and_hold_what_jobs_need(there, mistakes, write):
    write("broken/bin/python", "no program")
    write("old/bin/python", "#!/bin/sh\necho CPython 3 8 Linux x86_64\n").chmod(0o755)

    lacks, broken, old = mistakes(train=str(there)), mistakes(predict="broken"), mistakes(cook="old")

    expected = "torch, safetensors, threadpoolctl, onnx, onnxruntime; every environment to train needs it"
    assert lacks == [f"environments.train: {there} lacks {expected}: install it there"]
    assert len(broken) == 1 and "environments.predict: " in broken[0] and "is no Python that starts" in broken[0]
    assert len(old) == 1 and old[0].endswith("is Python 3.8; Geokiln's scripts need Python 3.9 or newer")


@pytest.mark.parametrize("line", ["git+https://example.org/tools.git", "-e git+https://example.org/tools.git",
                                  "tools @ https://example.org/a.whl", "numpy[extra]>=2; python_version > '3.8'",
                                  "--pre", "--extra-index-url https://example.org/simple"])  # fmt: skip
def test_whatever_pip_takes_may_stand_in_a_list(line, mistakes):
    assert mistakes(cook=["numpy", line]) == []

import os
from pathlib import Path

import pytest

from geokiln.errors import UserError
from geokiln.storage.requirements import files_digest, requirement_lines


@pytest.fixture
def package(write):
    """A local package in ``libs/tools``."""
    write("libs/tools/pyproject.toml", "[project]\nname = 'tools'\n")
    write("libs/tools/tools/__init__.py", "X = 1\n")


LOCAL = [
    "./libs/tools",
    "-e ./libs/tools",
    "--editable=./libs/../libs/tools/",
    "./libs/tools[extra]",
    "tools @ file:libs/tools",
    "tools-1.0-py3-none-any.whl",
]
OTHERS = ["scipy==1.17.1", "https://example.org/a.whl"]


def test_a_local_package_counts_by_its_files_and_one_of_an_index_by_its_line(package, write):
    write("envs/cook.txt", "\n".join(LOCAL + OTHERS))
    write("tools-1.0-py3-none-any.whl", "one")
    before = requirement_lines("envs/cook.txt")
    write("libs/tools/tools/__pycache__/x.pyc", "built")
    write("libs/tools/.git/index", "hidden")
    unchanged = requirement_lines("envs/cook.txt")
    write("libs/tools/tools/table.csv", "1,2\n")
    write("tools-1.0-py3-none-any.whl", "two")

    after = requirement_lines("envs/cook.txt")

    same = [old == new for old, new in zip(before, after, strict=True)]
    assert before == unchanged
    assert before[: 2 * len(LOCAL) : 2] + before[2 * len(LOCAL) :] == LOCAL + OTHERS
    assert same == [True, False] * len(LOCAL) + [True] * len(OTHERS)


def test_all_that_is_copied_of_a_module_counts_also_what_links_lead_to(write):
    write("lib/rig/pose.py", "")
    write("lib/rig/build/rules.py", "W = 1\n")
    write("shared/deep/values.py", "V = 1\n")
    os.symlink("../../shared/deep", "lib/rig/deep")
    os.symlink("..", "lib/rig/round")
    digests = [files_digest(Path("lib/rig"))]
    for path in ("lib/rig/build/rules.py", "shared/deep/values.py"):
        write(path, "X = 2\n")
        digests.append(files_digest(Path("lib/rig")))
    write("lib/rig/pyproject.toml", "")  # now pip installs it, and leaves in build what it makes
    digests.append(files_digest(Path("lib/rig")))
    write("lib/rig/build/rules.py", "X = 3\n")

    assert len(set(digests)) == 4 and files_digest(Path("lib/rig")) == digests[-1]


def test_paths_are_relative_to_where_pip_runs(package, write, monkeypatch):
    write("project/cook.txt", "./libs/tools\n")
    here = requirement_lines("project/cook.txt", ".")
    os.chdir("project")

    assert requirement_lines("cook.txt", "..") == here and len(here) == 2
    assert requirement_lines("cook.txt") == ["./libs/tools"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("# what cooking needs\n  a==1  # arrays\n\n\tb\r\n", ["a==1", "b"]),
        ("pkg @ https://example.org/pkg.whl#sha256=abc", ["pkg @ https://example.org/pkg.whl#sha256=abc"]),
        ("a\n-r more/b.txt\nz", ["a", "b", "c", "z"]),
        ("--requirement more/b.txt", ["b", "c"]),
        ("--requirement=more/b.txt", ["b", "c"]),
        ("-rmore/b.txt", ["b", "c"]),
        ("-c more/b.txt", ["b", "c"]),
        ("--constraint more/b.txt", ["b", "c"]),
        ("-c https://example.org/more/b.txt", ["-c https://example.org/more/b.txt"]),
    ],
)
def test_requirements_are_lines_without_comments_and_those_of_files_that_pip_reads_with_them(text, lines, write):
    write("more/b.txt", "b\n-r c.txt  # beside it")
    write("more/c.txt", "c")
    Path("a.txt").write_text(text)

    assert requirement_lines("a.txt") == lines


@pytest.mark.parametrize(("path", "missing"), [("envs/cook.txt", "envs/cook.txt"), ("envs/a.txt", "envs/b.txt")])
def test_a_missing_file_is_named(path, missing, write):
    write("envs/a.txt", "-r b.txt")

    with pytest.raises(UserError) as error:
        requirement_lines(path)

    assert str(error.value) == f"{missing} does not exist; it is named as a requirements file"

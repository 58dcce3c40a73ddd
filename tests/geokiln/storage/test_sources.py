import sys
from pathlib import Path

import pytest

from geokiln.errors import UserError
from geokiln.storage.sources import closure, code_digest, defined_names, syntax_tree


def names(paths):
    return [str(path) for path in paths]


def test_a_script_without_imports_of_its_own_is_its_closure(write):
    write("main.py", "import json\nimport numpy as np\nfrom torch import nn\n")

    result = closure("main.py")

    assert names(result) == ["main.py"]


@pytest.mark.parametrize(
    "statement",
    [
        "import helper",
        "import helper as h",
        "from helper import value",
        "from helper import *",
        "import json, helper",
        "def cook(item):\n    import helper\n    return helper",
        "try:\n    import helper\nexcept ImportError:\n    helper = None",
    ],
)
def test_an_import_of_a_module_beside_the_script_is_followed_wherever_it_stands(statement, write):
    write("main.py", statement)
    write("helper.py", "value = 1")

    result = closure("main.py")

    assert names(result) == ["main.py", "helper.py"]


def test_imports_are_followed_through_modules_and_in_circles(write):
    write("main.py", "import a")
    write("a.py", "import b")
    write("b.py", "import a, c")
    write("c.py", "import main")
    write("unrelated.py", "import main")

    result = closure("main.py")

    assert names(result) == ["main.py", "a.py", "b.py", "c.py"]


@pytest.mark.parametrize("statement", ["import package.part", "from package.part import x", "from package import part"])
def test_importing_a_part_of_a_package_brings_its_init_file(statement, write):
    write("main.py", statement)
    write("package/__init__.py", "")
    write("package/part.py", "x = 1")
    write("package/other.py", "x = 1")

    result = closure("main.py")

    assert names(result) == ["main.py", "package/__init__.py", "package/part.py"]


def test_importing_deep_into_a_package_brings_every_init_file_on_the_way(write):
    write("main.py", "import a.b.c")
    for path in ("a/__init__.py", "a/b/__init__.py", "a/b/c.py"):
        write(path, "")

    result = closure("main.py")

    assert names(result) == ["main.py", "a/__init__.py", "a/b/__init__.py", "a/b/c.py"]


def test_what_an_init_file_imports_counts(write):
    write("main.py", "import package")
    write("package/__init__.py", "from .part import x\nfrom . import other")
    write("package/part.py", "x = 1")
    write("package/other.py", "x = 1")

    result = closure("main.py")

    assert names(result) == ["main.py", "package/__init__.py", "package/other.py", "package/part.py"]


def test_relative_imports_are_followed_up_and_down(write):
    write("main.py", "import a.b.c")
    write("a/__init__.py", "")
    write("a/side.py", "")
    write("a/b/__init__.py", "")
    write("a/b/c.py", "from ..side import x\nfrom .near import y\nfrom .. import far")
    write("a/b/near.py", "")
    write("a/far.py", "")
    write("side.py", "not reached")

    result = closure("main.py")

    expected = ["a/__init__.py", "a/b/__init__.py", "a/b/c.py", "a/b/near.py", "a/far.py", "a/side.py"]
    assert names(result) == ["main.py", *expected]


def test_a_folder_without_an_init_file_is_a_package_too(write):
    write("main.py", "from folder.part import x")
    write("folder/part.py", "x = 1")

    result = closure("main.py")

    assert names(result) == ["main.py", "folder/part.py"]


def test_an_installed_package_is_not_followed_although_it_can_be_imported(write, tmp_path, monkeypatch):
    write("installed/somewhere.py", "x = 1")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "installed"), *sys.path])
    write("project/main.py", "import somewhere")

    result = closure("project/main.py")

    assert names(result) == ["project/main.py"]


def test_the_script_is_named_as_it_was_given(write, tmp_path):
    write("folder/main.py", "import helper")
    write("folder/helper.py", "")

    relative, absolute = closure("folder/main.py"), closure(tmp_path / "folder/main.py")

    assert names(relative) == ["folder/main.py", "folder/helper.py"]
    assert names(absolute) == [str(tmp_path / "folder/main.py"), str(tmp_path / "folder/helper.py")]


def test_a_relative_import_that_leads_out_of_the_folder_is_no_crash(write):
    write("main.py", "from ... import x")

    result = closure("main.py")

    assert names(result) == ["main.py"]


def test_a_missing_script_is_named():
    with pytest.raises(UserError) as error:
        closure("main.py")

    assert str(error.value) == "main.py does not exist"


@pytest.mark.parametrize(
    ("text", "line"),
    [("def cook(item)\n    return 1\n", 1), ("x = 1\n\ny = (\n", 3), ("def a():\n    x\n  y\n", 3), ("x = 1 +\n", 1)],
)
def test_a_syntax_error_is_one_sentence_with_file_and_line(text, line, write):
    Path("main.py").write_text("import helper\n")
    Path("helper.py").write_text(text)

    with pytest.raises(UserError) as error:
        closure("main.py")

    assert str(error.value).startswith(f"helper.py, line {line}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content",
    [b"x = 1\0\n", "x = 'ä'\n".encode("latin-1")],
    ids=["null byte", "latin-1"],
)
def test_a_file_that_is_no_text_is_named_in_one_sentence(content):
    Path("main.py").write_bytes(content)

    with pytest.raises(UserError) as error:
        syntax_tree("main.py")

    assert str(error.value).startswith("main.py")
    assert "line None" not in str(error.value)


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbfx = 1\n", "# -*- coding: latin-1 -*-\nx = 'ä'\n".encode("latin-1"), b"x = 1\r\n"],
    ids=["byte order mark", "declared encoding", "windows line ends"],
)
def test_a_file_that_python_runs_has_a_syntax_tree(content):
    Path("main.py").write_bytes(content)
    exec(compile(content, "main.py", "exec"), {})

    names = defined_names("main.py")

    assert names == {"x"}


CODE = '''
import helper


def cook(item):
    """Return the height."""
    return {"height": item["time"] * helper.FACTOR}
'''
SAME = {
    "a comment": ("def cook", "# a comment\ndef cook"),
    "blank lines": ("def cook", "\n\n\n\ndef cook"),
    "a broken line": ('item["time"] * helper.FACTOR', '(item["time"]\n    * helper.FACTOR)'),
    "quotes": ('"height"', "'height'"),
    "trailing spaces": ("import helper", "import helper   "),
}
OTHER = {
    "a number": ("* helper.FACTOR", "* helper.FACTOR * 2"),
    "a name": ("def cook", "def other"),
    "a docstring": ("Return the height.", "Return it."),
    "an operator": ("*", "/"),
    "a decorator": ("def cook", "@staticmethod\ndef cook"),
}


@pytest.mark.parametrize("change", SAME)
def test_layout_and_comments_do_not_change_the_digest(change, write):
    write("main.py", CODE)
    write("helper.py", "FACTOR = 2")
    before = code_digest("main.py")

    write("main.py", CODE.replace(*SAME[change]))

    assert CODE.replace(*SAME[change]) != CODE
    assert code_digest("main.py") == before


@pytest.mark.parametrize("change", OTHER)
def test_code_changes_the_digest(change, write):
    write("main.py", CODE)
    write("helper.py", "FACTOR = 2")
    before = code_digest("main.py")

    write("main.py", CODE.replace(*OTHER[change]))

    assert code_digest("main.py") != before


def test_code_in_an_imported_module_changes_the_digest_and_its_comments_do_not(write):
    write("main.py", CODE)
    write("helper.py", "FACTOR = 2")
    before = code_digest("main.py")

    write("helper.py", "FACTOR = 2  # twice as high")
    commented = code_digest("main.py")
    write("helper.py", "FACTOR = 3")
    changed = code_digest("main.py")

    assert commented == before != changed


def test_moving_code_from_one_module_to_another_changes_the_digest(write):
    write("main.py", "import a, b")
    write("a.py", "x = 1")
    write("b.py", "")
    before = code_digest("main.py")

    write("a.py", "")
    write("b.py", "x = 1")

    assert code_digest("main.py") != before


def test_where_the_files_lie_does_not_change_the_digest(write, tmp_path):
    for folder in (".", "somewhere/else"):
        write(f"{folder}/main.py", "import package.part")
        write(f"{folder}/package/__init__.py", "")
        write(f"{folder}/package/part.py", "x = 1")

    digests = {code_digest(path) for path in ("main.py", "somewhere/else/main.py", tmp_path / "main.py")}

    assert len(digests) == 1


def test_a_file_that_is_not_imported_does_not_change_the_digest(write):
    write("main.py", "x = 1")
    before = code_digest("main.py")

    write("other.py", "x = 2")

    assert code_digest("main.py") == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def cook(item): ...", {"cook"}),
        ("class Cook: ...", {"Cook"}),
        ("cook = print", {"cook"}),
        ("cook = inputs = print", {"cook", "inputs"}),
        ("from helper import cook", {"cook"}),
        ("from helper import bake as cook", {"cook"}),
        ("import helper as cook", {"cook"}),
        ("@decorated\ndef cook(item): ...", {"cook"}),
        ("def outer():\n    def cook(item): ...", {"outer"}),
        ("cook, inputs = print, print", {"cook", "inputs"}),
        ("cook: object = print", {"cook"}),
        ("", set()),
    ],
)
def test_the_names_that_a_module_defines_are_found(text, expected, write):
    write("main.py", text)

    result = defined_names("main.py")

    assert result == expected


@pytest.mark.parametrize(
    "text",
    [
        "from helper import *",
        "if True:\n    def cook(item): ...",
        "try:\n    from fast import cook\nexcept ImportError:\n    from slow import cook",
        "with open('a'):\n    cook = 1",
        "for name in ['cook']:\n    globals()[name] = print",
        "while True:\n    cook = print\n    break",
    ],
)
def test_names_that_only_running_would_show_are_not_denied(text, write):
    write("main.py", text)

    result = defined_names("main.py")

    assert result is None or "cook" in result

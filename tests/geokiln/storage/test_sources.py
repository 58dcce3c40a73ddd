import sys
from pathlib import Path

import pytest

from geokiln.storage.sources import closure, code_digest, defined_names

PACKAGE = {"package/__init__.py": "", "package/part.py": "x = 1", "package/other.py": "x = 1"}
DEEP = {"a/__init__.py": "", "a/far.py": "", "a/side.py": "", "a/b/__init__.py": "", "a/b/c.py": "", "a/b/near.py": ""}
ANYWHERE = """
import json, a as h
from b import *
def cook(item):
    import c
try:
    import json
except ImportError:
    import d
"""
RELATIVE = "from ..side import x\nfrom .near import y\nfrom .. import far"


@pytest.mark.parametrize(
    ("files", "imported"),
    [
        ({"main.py": ANYWHERE, **dict.fromkeys(["a.py", "b.py", "c.py", "d.py"], "")}, "a.py b.py c.py d.py"),
        ({"main.py": "import a", "a.py": "import b", "b.py": "import a, main", "no.py": "import a"}, "a.py b.py"),
        ({"main.py": "from package import part", **PACKAGE}, "package/__init__.py package/part.py"),
        (
            {"main.py": "import package", **PACKAGE, "package/__init__.py": "from .part import x\nfrom . import other"},
            "package/__init__.py package/other.py package/part.py",
        ),
        (
            {"main.py": "import a.b.c", **DEEP, "a/b/c.py": RELATIVE, "side.py": "not reached"},
            "a/__init__.py a/b/__init__.py a/b/c.py a/b/near.py a/far.py a/side.py",
        ),
        ({"main.py": "from folder.part import x", "folder/part.py": "x = 1"}, "folder/part.py"),
        (
            {"main.py": "import a, package.b", "a.cpython-39-darwin.so": "", "package/b.pyd": "", "ab.so": ""},
            "a.cpython-39-darwin.so package/b.pyd",
        ),
        ({"main.py": "from ... import x"}, ""),
    ],
    ids=["anywhere", "circle", "a part", "init", "relative", "no init", "compiled", "out of the folder"],
)
def test_imports_are_followed_through_modules_and_packages(files, imported, write):
    for path, text in files.items():
        write(path, text)

    result = closure("main.py")

    assert [str(path) for path in result] == ["main.py", *imported.split()]


def test_an_installed_package_is_not_followed_although_it_can_be_imported(write, tmp_path, monkeypatch):
    write("installed/somewhere.py", "x = 1")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "installed"), *sys.path])
    write("project/main.py", "import somewhere")

    result = closure("project/main.py")

    assert result == [Path("project/main.py")]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "main.py does not exist"),
        ({"main.py": b"import helper", "helper.py": b"def a():\n    x\n  y\n"}, "helper.py, line 3: "),
        ({"main.py": b"x = 1\0\n"}, "main.py"),
        ({"main.py": b"x = '\xe4'\n"}, "main.py"),
    ],
    ids=["missing", "syntax error", "null byte", "latin-1"],
)
def test_a_file_that_python_does_not_read_is_named_in_one_sentence(files, sentence, told):
    for path, content in files.items():
        Path(path).write_bytes(content)

    result = told(closure, "main.py")

    assert result.startswith(sentence)
    assert "\n" not in result and "line None" not in result


CODE = '''
import helper


def cook(item):
    """Return the height."""
    return {"height": item["time"] * helper.FACTOR}
'''


@pytest.mark.parametrize(
    ("path", "old", "new", "counts"),
    [
        ("main.py", "* helper", "* 2 * helper", True),
        ("main.py", "def cook", "def other", True),
        ("main.py", "the height", "it", True),
        ("main.py", "helper\n\n", "helper  # a comment\n", False),
        ("main.py", '{"height": item["time"]', "{\n    'height': item['time']", False),
        ("helper.py", "2", "3", True),
        ("helper.py", "2", "2  # twice as high", False),
        ("other.py", "2", "3", False),
    ],
)
def test_code_names_and_docstrings_of_what_is_imported_count_and_layout_does_not(path, old, new, counts, write):
    texts = {"main.py": CODE, "helper.py": "FACTOR = 2", "other.py": "FACTOR = 2"}
    for file, text in texts.items():
        write(file, text)
    before = code_digest("main.py")

    write(path, texts[path].replace(old, new))

    assert (code_digest("main.py") != before) == counts


def test_of_a_compiled_module_the_bytes_count(write):
    write("main.py", "import a")
    digests = set()

    for content in ("1", "# 1"):
        write("a.abi3.so", content)
        digests.add(code_digest("main.py"))

    assert len(digests) == 2


def test_moving_code_from_one_module_to_another_changes_the_digest(write):
    for module in ("a", "b"):
        write(f"code in {module}/main.py", "import a, b")
        write(f"code in {module}/{module}.py", "x = 1")

    assert code_digest("code in a/main.py") != code_digest("code in b/main.py")


def test_where_the_files_lie_does_not_change_the_digest(write, tmp_path):
    for folder in (".", "somewhere/else"):
        write(f"{folder}/main.py", "import package.part")
        write(f"{folder}/package/__init__.py", "")
        write(f"{folder}/package/part.py", "x = 1")

    digests = {code_digest(path) for path in ("main.py", "somewhere/else/main.py", tmp_path / "main.py")}

    assert len(digests) == 1


NAMES = """
import j, os as k
from helper import l, x as m

@decorated
def a(item):
    def inner(): ...

class b: ...

c = d = print
e, (f, g) = 1, (2, 3)
h: object = print
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'"""Names a to m."""\n{NAMES}', set("abcdefgh") | set("jklm")),
        ("# -*- coding: latin-1 -*-\nx = '\xe4'\n", {"x"}),
        ("from helper import *", None),
        ("try:\n    from helper import *\nexcept ImportError: ...", None),
        ("globals().update(cook=print)", None),
        ("if True:\n    def a(item): b = 1\nelse:\n    c = 1", {"a", "c"}),
        ("try:\n    from fast import a\nexcept ImportError as b:\n    from slow import c as d", {"a", "b", "d"}),
        ("for a, b in []:\n    with open(b) as c: d += 1\nwhile (e := f): import os.path", set("abcde") | {"os"}),
        ("async def a(): ...\nassert b\ndel c\ndef d():\n    global e\n    e = f", set("ade")),
    ],
    ids=["names", "encoding", "star", "star in a branch", "globals", "if", "try", "loops", "others"],
)
def test_the_names_that_a_module_may_define_are_found_unless_only_running_would_tell(text, expected):
    Path("main.py").write_bytes(text.encode("latin-1"))

    result = defined_names("main.py")

    assert result == expected

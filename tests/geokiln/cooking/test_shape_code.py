"""What of a generator says how results look: an edit of it cooks nothing; a generator without it counts as ever."""

import re

import pytest

from geokiln.cooking import generator
from geokiln.cooking.shape_code import CALLED, without_shape
from geokiln.storage.sources import code_digest

COOK = """
import numpy as np

def grid():
    return np.zeros((3, 3))

def cook(item):
    return {"height": grid().reshape(9)}
"""
SHAPE = """
def shape(item, targets):
    return faces(grid())

def faces(points):
    return [corner(points), points.shape]

def corner(points):
    return faces if points is None else points[0]
"""


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        (SHAPE, False),
        (SHAPE.replace("(item, targets)", "(points, scale)"), True),  # a function of the user's own
        (SHAPE + "def baseline(item):\n    return shape(item, {})", True),
        (SHAPE + "DRAWN = shape", True),
        (SHAPE + 'NAMES = ["shape"]', True),
        (SHAPE + "def baseline(item):\n    return globals()[item['name']]", True),
        ("@np.vectorize" + SHAPE, True),
        (SHAPE.replace("def faces", "@functools.lru_cache(maxsize=1)\ndef faces"), False),
        (SHAPE.replace("points):\n    return faces", "points, at=np.seterr()):\n    return faces"), True),
        ("def unused():\n    pass", True),  # as ever
    ],
    ids=[
        "apart",
        "other arguments",
        "called",
        "kept",
        "by a text",
        "by any name",
        "decorated",
        "cached",
        "a default",
        "no shape",
    ],
)
def test_shape_and_what_it_alone_uses_count_for_no_cook_unless_something_else_may_use_them(more, counts, write):
    write("generator.py", COOK)
    before = code_digest("generator.py", without_shape)
    write("generator.py", COOK + more)

    assert (code_digest("generator.py", without_shape) != before) == counts
    assert code_digest("generator.py") != before  # of a training script, every function counts


@pytest.mark.parametrize("use", ["faces(grid())", "faces", "sys.modules[__name__].faces"])
def test_a_function_that_others_use_too_counts_with_what_it_calls(use, write):
    text = f"{COOK}{SHAPE}\ndef baseline(item):\n    return {use}\n"
    write("generator.py", text)
    before = code_digest("generator.py", without_shape)
    write("generator.py", text.replace("points[0]", "points[1]"))

    assert code_digest("generator.py", without_shape) != before


@pytest.mark.parametrize("called", CALLED)
def test_what_geokiln_calls_itself_counts_though_in_the_file_shape_alone_calls_it(called, write):
    text = f"def {called}(*about):\n    return 1\n\ndef shape(item, targets):\n    return {called}(item)\n"
    write("generator.py", text)
    before = code_digest("generator.py", without_shape)
    write("generator.py", text.replace("1", "2"))

    assert code_digest("generator.py", without_shape) != before


def test_all_functions_of_the_contract_are_known():
    table = re.findall(r"^(``.+?)  ", generator.__doc__, re.M)

    assert {*re.findall(r"``(\w+)", " ".join(table)), "baseline_batch"} == {*CALLED, "shape"}


def test_all_counts_where_another_module_imports_the_generator(write):
    write("helper.py", "import generator")
    write("generator.py", "import helper\n" + COOK)
    before = code_digest("generator.py", without_shape)
    write("generator.py", "import helper\n" + COOK + SHAPE)

    assert code_digest("generator.py", without_shape) != before

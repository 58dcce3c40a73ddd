import re
import sys
from pathlib import Path

import numpy as np
import pytest

from geokiln.cooking.generator import Generator
from geokiln.errors import UserError
from geokiln.geometry.geometry import Geometry
from geokiln.work_items.items import WorkItems

COOK = "def cook(item):\n    return {'height': 1.0}\n"
HEAD = "import numpy as np\nfrom geokiln.geometry.geometry import Geometry\n"


@pytest.fixture
def generator(write):
    """A function that loads a generator of the given text."""

    def generator(text, path="generator.py"):
        write(path, text)
        return Generator(path)

    return generator


def item(parameters=None, **attributes):
    columns = {name: np.array([value]) for name, value in attributes.items()}
    return WorkItems(np.array(["12"]), 1, columns).item(0, parameters or {})


# Loading


def test_a_generator_has_the_functions_of_its_file(generator):
    result = generator(COOK + "inputs = cook\nbaseline = None\n")

    assert [result.has(name) for name in ("cook", "inputs", "baseline", "geometry")] == [True, True, False, False]


def test_modules_beside_the_generator_are_found(generator, write):
    write("folder/my_helper.py", "HEIGHT = 7")

    result = generator("import my_helper\ndef cook(item): return {'h': my_helper.HEIGHT}", "folder/generator.py")

    assert result.targets(item())["h"] == 7


def test_loading_leaves_no_files_in_the_users_folder(generator, write, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    write("my_helper.py", "HEIGHT = 7")

    generator("import my_helper\n" + COOK)

    assert sorted(path.name for path in Path().iterdir()) == ["generator.py", "my_helper.py"]


def test_a_syntax_error_is_one_sentence(generator):
    with pytest.raises(UserError) as error:
        generator("def cook(item):\nreturn 1")

    assert str(error.value).startswith("generator.py, line 2: ")


def test_a_missing_generator_is_named():
    with pytest.raises(UserError) as error:
        Generator("generator.py")

    assert str(error.value) == "generator.py does not exist"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import no_such_package", "no_such_package"),
        ("RADIUS = 1 / 0", "ZeroDivisionError"),
        ("open('rest.obj')", "rest.obj"),
    ],
)
def test_a_generator_that_cannot_be_imported_is_named_with_the_reason(text, words, generator, capsys):
    with pytest.raises(UserError) as error:
        generator(f"{text}\n{COOK}")

    assert str(error.value).startswith("generator.py")
    assert words in str(error.value)
    assert "Traceback" in capsys.readouterr().err


def test_a_generator_may_define_a_dataclass_with_postponed_annotations(generator):
    text = """
    from __future__ import annotations
    from dataclasses import dataclass

    @dataclass
    class Spring:
        length: float = 3.0

    def cook(item):
        return {"length": Spring().length}
    """

    result = generator(text)

    assert result.targets(item())["length"] == 3


@pytest.mark.parametrize("path", ["numpy.py", "json.py", "my generator.py", "generator", "generator.v2.py"])
def test_a_generator_may_have_any_name(path, generator, monkeypatch):
    for module in (np, sys.modules["json"]):
        monkeypatch.setitem(sys.modules, module.__name__, module)

    result = generator(
        "import json\nimport numpy as np\ndef cook(item): return {'a': np.ones(2), 'b': item['v']}", path
    )

    assert result.targets(item(v=[1.0, 2.0]))["b"].tolist() == [1, 2]


def test_two_generators_do_not_mix(generator, write):
    first = generator("FACTOR = 1\ndef cook(item): return {'a': FACTOR}", "one/generator.py")

    second = generator("FACTOR = 2\ndef cook(item): return {'a': FACTOR}", "two/generator.py")

    assert (first.targets(item())["a"], second.targets(item())["a"]) == (1, 2)


# Geometry


def test_a_dict_of_attributes_becomes_a_geometry(generator):
    result = generator(COOK + "def geometry(c, s, p):\n    return {'time': [s] * c, 'name': [p['name']] * c}")

    geometry = result.geometry(3, 5, {"name": "a"})

    assert len(geometry.primitives) == 3
    assert {n: a.tolist() for n, a in geometry.primitive_attributes.items()} == {"time": [5, 5, 5], "name": ["a"] * 3}


def test_a_geometry_is_taken_as_it_is(generator):
    text = HEAD + COOK + "def unseen(n, c, p):\n    return Geometry(np.zeros((2, 3)), [[0, 1]] * c, {}, {})"

    geometry = generator(text).unseen("walk", 4, {})

    assert isinstance(geometry, Geometry)
    assert geometry.primitives == [[0, 1]] * 4


def test_unseen_knows_its_name_count_and_parameters(generator):
    result = generator(
        COOK + "def unseen(name, count, parameters):\n    return {'a': [f'{name} {parameters}'] * count}"
    )

    geometry = result.unseen("walk", 2, {"b": 1})

    assert geometry.primitive_attributes["a"].tolist() == ["walk {'b': 1}"] * 2


@pytest.mark.parametrize("function", ["geometry", "unseen"])
def test_a_function_that_the_config_asks_for_is_named_when_it_is_missing(function, generator):
    result = generator(COOK)

    with pytest.raises(UserError) as error:
        getattr(result, function)(3, 3, {})

    assert str(error.value) == f"generator.py defines no function {function}(...), which the config asks for"


def test_a_geometry_that_raises_is_named_with_the_reason(generator, capsys):
    result = generator(COOK + "def geometry(c, s, p):\n    return p['missing']")

    with pytest.raises(UserError) as error:
        result.geometry(3, 1, {})

    assert str(error.value) == "generator.py: geometry raised KeyError: 'missing'"
    assert "Traceback" in capsys.readouterr().err


def test_a_geometry_of_another_size_is_named(generator):
    result = generator(COOK + "def geometry(c, s, p):\n    return {'time': [0] * (c - 1)}")

    with pytest.raises(UserError) as error:
        result.geometry(3, 1, {})

    assert str(error.value) == "generator.py: geometry made 2 primitives, the config says 3"


@pytest.mark.parametrize(
    "value", ["None", "[1, 2]", "{'time': 1.0}", "{'time': np.array(1.0)}", "{}", "{'time': [1, 2], 'name': ['a']}"]
)
def test_what_is_no_geometry_is_refused_with_file_and_function(value, generator):
    result = generator(f"{HEAD}{COOK}def geometry(count, seed, parameters):\n    return {value}")

    with pytest.raises(UserError) as error:
        result.geometry(2, 1, {})

    assert str(error.value).startswith("generator.py: geometry")


# Components


def test_components_become_float32_arrays_of_any_shape(generator):
    result = generator(
        f"{HEAD}def cook(item): return {{'a': 1, 'b': [1.5, 2], 'c/d': np.ones((2, 3), int), 'e': True}}"
    )

    components = result.targets(item())

    assert {name: (a.shape, a.dtype.str) for name, a in components.items()} == {
        "a": ((), "<f4"),
        "b": ((2,), "<f4"),
        "c/d": ((2, 3), "<f4"),
        "e": ((), "<f4"),
    }


def test_by_default_every_number_among_the_attributes_is_an_input(generator):
    given = item(time=0.5, frame=3, name="left", rotation=[1.0, 2.0])

    components = generator(COOK).inputs(given)

    assert {name: array.tolist() for name, array in components.items()} == {
        "time": 0.5,
        "frame": 3,
        "rotation": [1, 2],
    }


def test_by_default_tuples_of_strings_are_no_inputs(generator):
    components = generator(COOK).inputs(item(time=0.5, names=["left", "foot"]))

    assert list(components) == ["time"]


def test_own_inputs_and_baseline_are_asked_for_the_item(generator):
    text = COOK + (
        "def inputs(item): return {'twice': 2 * item['time'], 'steps': item.parameters['steps']}\n"
        "def baseline(item): return {'height': item['time']}"
    )

    result = generator(text)

    assert result.inputs(item({"steps": 4}, time=3)) == {"twice": 6, "steps": 4}
    assert result.baseline(item(time=3)) == {"height": 3}


BAD = {
    "None": r"gave NoneType; it must give a dict of name -> array, not empty",
    "5": r"gave int; it must give a dict",
    "np.ones(3)": r"gave ndarray; it must give a dict",
    "{}": r"gave dict; it must give a dict of name -> array, not empty",
    "[('a', 1)]": r"gave list; it must give a dict",
    "{'a': 1, 'h': np.nan}": r"{kind} 'h' has 1 of 1 values that are not finite \(NaN, Inf\)",
    "{'h': [0, np.inf, -np.inf]}": r"{kind} 'h' has 2 of 3 values that are not finite",
    "{'h': 1e300}": r"{kind} 'h' has 1 of 1 values that are not finite",
    "{'h': None}": r"{kind} 'h' ",
    "{'h': 'text'}": r"{kind} 'h' is not an array of numbers",
    "{'h': '3.5'}": r"{kind} 'h' is not an array of numbers",
    "{'h': {}}": r"{kind} 'h' is not an array of numbers",
    "{'h': [[1], [1, 2]]}": r"{kind} 'h' is not an array of numbers",
    "{'h': np.array([object()])}": r"{kind} 'h' is not an array of numbers",
    "{'h': np.array([None, 1], object)}": r"{kind} 'h' ",
    "{'h': 1j}": r"{kind} 'h' is not an array of numbers",
    "{'h': np.array([1 + 1j])}": r"{kind} 'h' is not an array of numbers",
    "{'h': []}": r"{kind} 'h' is empty",
    "{'h': np.zeros((0, 3))}": r"{kind} 'h' is empty",
    "{'id': 1}": r"'id' names a column of the predictions; call the component something else",
    "{'source': 1}": r"'source' names a column of the predictions",
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore:.*[cC]omplex.*")
@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize(
    ("function", "method", "kind"),
    [("cook", "targets", "target"), ("inputs", "inputs", "input"), ("baseline", "baseline", "baseline")],
)
def test_a_bad_answer_is_named_with_file_function_item_and_component(function, method, kind, value, generator):
    result = generator(f"{HEAD}{COOK}def {function}(item): return {value}")

    with pytest.raises(UserError) as error:
        getattr(result, method)(item())

    assert str(error.value).startswith(f"generator.py: {function}(item 12)")
    assert re.search(BAD[value].replace("{kind}", kind), str(error.value))


def test_an_item_without_numbers_needs_inputs_of_the_generators_own(generator):
    with pytest.raises(UserError) as error:
        generator(COOK).inputs(item(name="left"))

    assert str(error.value).startswith("generator.py: attributes of item 12 gave dict; it must give a dict")


def test_an_attribute_that_has_the_name_of_a_column_is_named(generator):
    with pytest.raises(UserError) as error:
        generator(COOK).inputs(item(id=3))

    assert "attributes of item 12: 'id' names a column of the predictions" in str(error.value)


def test_an_attribute_that_a_function_misses_is_named(generator):
    result = generator("def cook(item): return {'h': item['speed']}")

    with pytest.raises(UserError) as error:
        result.targets(item(time=1))

    assert str(error.value) == "item 12 has no attribute 'speed'; it has time"


def test_whatever_a_function_raises_reaches_the_caller(generator):
    result = generator("def cook(item): raise MemoryError('too big')")

    with pytest.raises(MemoryError) as error:
        result.targets(item())

    assert str(error.value) == "too big"


def test_an_array_that_the_generator_changes_later_does_not_change_the_answer(generator):
    result = generator(f"{HEAD}a = np.zeros(2, np.float32)\ndef cook(item):\n    a[0] += 1\n    return {{'h': a}}")

    first = {name: array.copy() for name, array in result.targets(item()).items()}
    second = result.targets(item())

    assert (first["h"][0], second["h"][0]) == (1, 2)
    assert np.isfinite(second["h"]).all()

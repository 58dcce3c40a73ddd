import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import geokiln
from geokiln.cooking.generator import Generator
from geokiln.errors import InvalidExample, UserError
from geokiln.work_items.items import WorkItems

COOK = "def cook(item):\n    return {'height': 1.0}\n"
NOT_FINITE = "values that are not finite (NaN, Inf), or masked"
HEAD = "import numpy as np\nfrom geokiln.api import Geometry\n"


@pytest.fixture
def generator(write):
    """A function that loads a generator of the given text."""

    def generator(text):
        write("generator.py", text)
        return Generator("generator.py")

    return generator


def item(parameters=None, **attributes):
    columns = {name: np.array([value]) for name, value in attributes.items()}
    return WorkItems(np.array(["12"]), 1, columns).item(0, parameters or {})


# Geometry


def test_a_dict_of_attributes_becomes_a_geometry(generator):
    result = generator(COOK + "def geometry(c, s, p):\n    return {'time': [s] * c, 'name': [p['name']] * c}")

    geometry = result.geometry(3, 5, {"name": "a"})

    assert len(geometry.primitives) == 3
    assert {n: a.tolist() for n, a in geometry.primitive_attributes.items()} == {"time": [5, 5, 5], "name": ["a"] * 3}


def test_a_geometry_is_taken_as_it_is_and_unseen_knows_its_name_count_and_parameters(generator):
    text = "def unseen(n, c, p): return Geometry(np.zeros((2, 3)), [[0, 1]] * c, {}, {'a': [f'{n} {p}'] * c})"

    geometry = generator(HEAD + COOK + text).unseen("walk", 2, {"b": 1})

    assert geometry.primitives == [[0, 1]] * 2
    assert list(geometry.primitive_attributes["a"]) == ["walk {'b': 1}"] * 2


@pytest.mark.parametrize("function", ["geometry", "unseen"])
def test_a_function_that_the_config_asks_for_is_named_when_it_is_missing(function, generator):
    result = generator(COOK)

    with pytest.raises(UserError) as error:
        getattr(result, function)(3, 3, {})

    assert str(error.value) == f"generator.py defines no function {function}(...), which the config asks for"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("1 / 0", " raised ZeroDivisionError: division by zero"),
        ("None", " gave NoneType; it must give a Geometry or a dict of attributes"),
        ("{}", ": there are no geometry attributes; at least one is needed, with a row per primitive"),
        ("{'time': [0]}", " made 1 primitives, the config says 2"),
    ],
)
def test_what_is_no_geometry_is_refused_with_file_and_function(value, sentence, generator):
    result = generator(f"{COOK}def geometry(count, seed, parameters):\n    return {value}")

    with pytest.raises(UserError) as error:
        result.geometry(2, 1, {})

    assert str(error.value) == f"generator.py: geometry{sentence}"


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


def test_by_default_every_number_among_the_attributes_is_an_input_and_own_inputs_replace_them(generator):
    own = "def inputs(item): return {'twice': 2 * item['time'], 'steps': item.parameters['steps']}\n"
    given = item({"steps": 4}, time=0.5, frame=3, name="left", names=["left", "foot"], rotation=[1.0, 2.0])

    components = generator(COOK).inputs(given)
    result = generator(COOK + own + "def baseline(item): return {'height': item['time']}")

    assert {n: a.tolist() for n, a in components.items()} == {"time": 0.5, "frame": 3, "rotation": [1, 2]}
    assert (result.inputs(given), result.baseline(given)) == ({"twice": 1, "steps": 4}, {"height": 0.5})


@pytest.mark.parametrize(
    ("function", "value", "sentence"),
    [
        ("cook", "None", " gave NoneType; it must give a dict of name -> array, not empty"),
        ("cook", "{}", " gave dict; it must give a dict of name -> array, not empty"),
        ("cook", "{'h': np.zeros((0, 3))}", ": target 'h' is empty"),
        ("cook", "{'source': 1}", ": 'source' names a column of the predictions; call the component something else"),
        ("cook", "{'1': 1, 1: 2}", ": target 1 is there twice, as a text and as int"),
        ("cook", "{'h': [0, np.nan, -np.inf]}", f": target 'h' has 2 of 3 {NOT_FINITE}"),
        ("inputs", "{'h': np.ma.masked_equal([1, 2, 1], 1)}", f": input 'h' has 2 of 3 {NOT_FINITE}"),
        ("inputs", "{'h': [np.ma.masked_equal([1], 1), [3]]}", f": input 'h' has 1 of 2 {NOT_FINITE}"),
        ("baseline", "{'h': 1e300}", f": baseline 'h' has 1 of 1 {NOT_FINITE}"),
    ],
    ids=str,
)
def test_a_bad_answer_is_named_with_file_function_item_and_component(function, value, sentence, generator):
    result = generator(f"{HEAD}{COOK}def {function}(item): return {value}")
    method = {"cook": result.targets, "inputs": result.inputs, "baseline": result.baseline}[function]

    with pytest.raises(UserError) as error:
        method(item())

    assert str(error.value) == f"generator.py: {function}(item 12){sentence}"
    assert isinstance(error.value, InvalidExample) == ("not finite" in sentence)


def test_attributes_without_a_number_are_told_with_the_item(generator):
    with pytest.raises(UserError) as error:
        generator(COOK).inputs(item(name="left"))

    assert str(error.value).startswith("generator.py: attributes of item 12 gave dict; it must give a dict of name")


def test_an_array_that_the_generator_changes_later_does_not_change_the_answer(generator):
    result = generator(f"{HEAD}a = np.zeros(2, np.float32)\ndef cook(item):\n    a[0] += 1\n    return {{'h': a}}")

    first, second = result.targets(item()), result.targets(item())

    assert (first["h"].tolist(), second["h"].tolist()) == ([1, 0], [2, 0])


# Random numbers


def test_global_random_numbers_are_those_of_the_item_and_whoever_draws_them_is_told_once(generator, capsys):
    draws = "[random.random(), random.gauss(0, 1), np.random.random(), np.random.normal()]"
    text = f"import random\n{HEAD}def cook(item): return {{'h': {draws}}}\ndef inputs(item): return {{'x': 1}}\n"
    items = WorkItems(np.array(["1", "2", "3"]), 1, {"time": np.zeros(3)})
    orders, results = [[0, 1, 2], [2, 1], [1]], []
    for order in orders:
        made = generator(text)
        results.append({row: made.targets(items.item(row, {}))["h"].tolist() for row in order if made.inputs(item())})

    assert results[0][1] == results[1][1] == results[2][1] and results[0][2] == results[1][2] != results[0][1]
    said = [line.split(";")[0] for line in capsys.readouterr().out.splitlines()]
    warning = "Geokiln warns: generator.py: cook draws from the global random numbers of"
    assert said == 3 * [f"{warning} {name}" for name in ("random", "numpy.random")]


def test_a_random_generator_that_is_first_imported_within_a_call_is_seeded_there(write):
    write(
        "generator.py",
        "def cook(item):\n    import random, numpy\n    return {'h': [random.random(), numpy.random.rand()]}",
    )
    program = """if True:
        from geokiln.cooking.generator import Generator
        from geokiln.work_items.items import WorkItems
        import numpy, sys
        before = {"random", "numpy.random"} & set(sys.modules)
        print(before, Generator("generator.py").targets(WorkItems(numpy.array(["12"]), 1, {}).item(0, {})))
    """
    paths = {**os.environ, "PYTHONPATH": str(Path(geokiln.__file__).parents[1])}
    one, other = (subprocess.run([sys.executable, "-c", program], env=paths, capture_output=True) for _ in range(2))

    assert one.stdout == other.stdout and one.stdout.startswith(b"set() {'h': array(["), one.stderr

import sys
from pathlib import Path

import pytest

from geokiln.config.reading import read_yaml
from geokiln.config.wedge_script import run_wedge_script
from geokiln.errors import UserError

SCHEMA = read_yaml(Path(__file__).parents[3] / "schemas/config.schema.yaml")
TRAINING = SCHEMA["properties"]["training"]["properties"]


@pytest.fixture
def run(write):
    """A function that runs mine.py with two wedges; its text is the test's."""

    def run(text, wedges=({"hidden_layers": 1}, {"hidden_layers": 2}), settings=None, path="mine.py"):
        write(path, text)
        return run_wedge_script(path, list(wedges), settings or {"hidden_width": 8}, TRAINING)

    return run


def test_a_script_gets_the_wedges_so_far_and_the_settings_and_returns_all_wedges(run):
    result = run("""
        def wedges(wedges, settings):
            return [{**wedge, "hidden_width": settings["hidden_width"] * wedge["hidden_layers"]} for wedge in wedges]
    """)

    assert result == [{"hidden_layers": 1, "hidden_width": 8}, {"hidden_layers": 2, "hidden_width": 16}]


def test_a_script_may_change_what_it_gets(run):
    wedges, settings = [{"betas": [0.9, 0.99]}], {"betas": [0.5, 0.5]}
    text = """
        def wedges(wedges, settings):
            wedges[0]["betas"][0] = settings["betas"].pop()
            return wedges
    """

    result = run(text, wedges, settings)

    assert result == [{"betas": [0.5, 0.99]}]
    assert (wedges, settings) == ([{"betas": [0.9, 0.99]}], {"betas": [0.5, 0.5]})


def test_tuples_become_lists_and_floats_of_numpy_pythons_and_other_types_survive(run):
    result = run("""
        import numpy as np
        def wedges(wedges, settings):
            return [{"hidden_widths": (8, 4), "dropout": np.float64(0.5), "epochs": 5, "learning_rate": 1.0,
                     "shuffle": True, "snapshots": None}]
    """)

    expected = {"hidden_widths": [8, 4], "dropout": 0.5, "epochs": 5, "learning_rate": 1.0}
    assert repr(result) == repr([{**expected, "shuffle": True, "snapshots": None}])


def test_a_script_imports_modules_beside_it_and_leaves_nothing_of_itself(run, write):
    write("lib/widths.py", "WIDTHS = [3, 5]")
    before = set(sys.modules), [*sys.path]
    sys.dont_write_bytecode = False  # the test's fixture puts it back
    text = "import widths\n\ndef wedges(w, s):\n    return [{'hidden_width': n} for n in widths.WIDTHS]\n"

    result = run(text, path="lib/mine.py")

    assert result == [{"hidden_width": 3}, {"hidden_width": 5}]
    assert (set(sys.modules), sys.path, sys.dont_write_bytecode) == (*before, False)
    assert sorted(path.name for path in Path("lib").iterdir()) == ["mine.py", "widths.py"]


def test_what_a_script_prints_does_not_mix_with_what_snakemake_prints(run, capfd):
    run("print('read')\n\ndef wedges(wedges, settings):\n    print('called')\n    return wedges\n")

    assert capfd.readouterr() == ("", "read\ncalled\n")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return None", ": wedges gave NoneType; it must give a list of dicts, not empty"),
        ("return []", ": wedges gave an empty list; it must give a list of dicts, not empty"),
        ("return [{}, 3]", ": wedges gave a list with 3; it must give a list of dicts, not empty"),
        ("return [{}, {'hiden_layers': 1}]",
         ": wedges(...)[1].hiden_layers: unknown hyperparameter; did you mean hidden_layers?"),
        ("return [{'hidden_layers': 65}]", ": wedges(...)[0].hidden_layers: 65 is too large; at most 64"),
        ("return [{'dropout': float('nan')}]",
         ": wedges(...)[0].dropout: nan (float) is no finite number, text or list of Python's"),
        ("import numpy; return [{'epochs': numpy.int64(3)}]",
         ": wedges(...)[0].epochs: np.int64(3) (int64) is no finite number, text or list of Python's"),
        ("return [{5: 1}]", ": wedges(...)[0].5: unknown hyperparameter; known: model"),
        ("return wedges[2]", ": wedges raised IndexError: list index out of range"),
    ],
)  # fmt: skip
def test_what_a_script_gives_is_checked_like_the_config(body, sentence, run):
    with pytest.raises(UserError) as error:
        run(f"def wedges(wedges, settings):\n    {body}\n")

    assert str(error.value).startswith(f"mine.py{sentence}")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def wedge(w, s): ...", " defines no function wedges; wedges(wedges, settings) gives the list of wedges "
         "(did you mean wedge?)"),
        ("wedges = 5", " defines no function wedges(wedges, settings)"),
        ("def wedges(wedges, settings:", ", line 1: "),
        ("import no_such_module\nwedges = 1", " cannot be imported: ModuleNotFoundError: "),
        ("import sys\ndef wedges(w, s): sys.exit(3)", ": wedges called sys.exit(3)"),
        ("import sys\nsys.exit(0)\nwedges = 1", ": its import called sys.exit(0)"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_such_script_is_named(text, sentence, run):
    with pytest.raises(UserError) as error:
        run(text)

    assert str(error.value).startswith(f"mine.py{sentence}")

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

    def run(text, wedges=None, settings=None):
        write("mine.py", text)
        wedges = wedges or [{"hidden_layers": 1}, {"hidden_layers": 2}]
        return run_wedge_script("mine.py", wedges, settings or {"hidden_width": 8}, TRAINING)

    return run


def test_a_script_gets_the_wedges_so_far_and_the_settings_and_returns_all_wedges(run):
    result = run("""
        def wedges(wedges, settings):
            return [{**wedge, "hidden_width": settings["hidden_width"] * wedge["hidden_layers"]} for wedge in wedges]
    """)

    assert result == [{"hidden_layers": 1, "hidden_width": 8}, {"hidden_layers": 2, "hidden_width": 16}]


def test_a_script_may_change_what_it_gets(run):
    wedges, settings = [{"betas": [0.9, 0.99]}], {"betas": [0.5, 0.5]}

    result = run(
        """
        def wedges(wedges, settings):
            wedges[0]["betas"][0] = settings["betas"].pop()
            return wedges
        """,
        wedges,
        settings,
    )

    assert result == [{"betas": [0.5, 0.99]}]
    assert (wedges, settings) == ([{"betas": [0.9, 0.99]}], {"betas": [0.5, 0.5]})


def test_tuples_become_lists_and_other_types_survive(run):
    result = run("""
        def wedges(wedges, settings):
            return [{"hidden_widths": (8, 4), "epochs": 5, "learning_rate": 1.0, "shuffle": True, "snapshots": None}]
    """)

    assert repr(result) == repr(
        [{"hidden_widths": [8, 4], "epochs": 5, "learning_rate": 1.0, "shuffle": True, "snapshots": None}]
    )


def test_a_script_imports_modules_beside_it_and_leaves_nothing_of_itself(run, write):
    write("lib/widths.py", "WIDTHS = [3, 5]")
    before = set(sys.modules), [*sys.path]
    sys.dont_write_bytecode = False  # the test's fixture puts it back

    write(
        "lib/mine.py", "import widths\n\ndef wedges(w, s):\n    return [{'hidden_width': n} for n in widths.WIDTHS]\n"
    )
    result = run_wedge_script("lib/mine.py", [{}], {}, TRAINING)

    assert result == [{"hidden_width": 3}, {"hidden_width": 5}]
    assert (set(sys.modules), sys.path) == before
    assert sys.dont_write_bytecode is False
    assert sorted(path.name for path in Path("lib").iterdir()) == ["mine.py", "widths.py"]


def test_what_a_script_prints_does_not_mix_with_what_snakemake_prints(run, capsys):
    run("print('read')\n\ndef wedges(wedges, settings):\n    print('called')\n    return wedges\n")

    assert capsys.readouterr() == ("", "read\ncalled\n")


def test_an_edit_counts_at_once(run, write):
    texts = ["WIDTH = 3", "WIDTH = 4"]
    results = []
    for text in texts:
        write("widths.py", text)
        results += run("import widths\n\ndef wedges(wedges, settings):\n    return [{'hidden_width': widths.WIDTH}]\n")

    assert results == [{"hidden_width": 3}, {"hidden_width": 4}]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return None", "mine.py: wedges gave NoneType; it must give a list of dicts, not empty"),
        ("return {}", "mine.py: wedges gave dict; it must give a list of dicts, not empty"),
        ("return []", "mine.py: wedges gave an empty list; it must give a list of dicts, not empty"),
        ("return [{}, 3]", "mine.py: wedges gave a list with 3; it must give a list of dicts, not empty"),
        ("return [*wedges, {'hiden_layers': 1}]",
         "mine.py: wedges(...)[2].hiden_layers: unknown hyperparameter; did you mean hidden_layers?"),
        ("return [{'hidden_layers': 65}]", "mine.py: wedges(...)[0].hidden_layers: 65 is too large; at most 64"),
        ("return [{'hidden_layers': 2.0}]", "mine.py: wedges(...)[0].hidden_layers: 2.0 is not an integer"),
        ("return [{'script': 'a.py'}]",
         "mine.py: wedges(...)[0].script: a file is the same for all wedges; it can read their settings"),
        ("return [{'epochs': {1}}]",
         "mine.py: wedges(...)[0].epochs: {1} (set) is no finite number, text or list of Python's"),
        ("return [{'dropout': float('nan')}]",
         "mine.py: wedges(...)[0].dropout: nan (float) is no finite number, text or list of Python's"),
        ("return [{5: 1}]", "mine.py: wedges(...)[0].5: unknown hyperparameter; known: model"),
        ("return wedges[2]", "mine.py: wedges raised IndexError: list index out of range"),
    ],
)  # fmt: skip
def test_what_a_script_gives_is_checked_like_the_config(body, sentence, run, capsys):
    with pytest.raises(UserError) as error:
        run(f"def wedges(wedges, settings):\n    {body}\n")

    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "def wedge(w, s): ...",
            "mine.py defines no function wedges(wedges, settings); a script of wedges is called by it (did you mean wedge?)",
        ),
        ("if True:\n    x = 1\n", "mine.py defines no function wedges(wedges, settings)"),
        ("wedges = 5", "mine.py defines no function wedges(wedges, settings)"),
        ("def wedges(wedges, settings:", "mine.py, line 1: "),
        ("import no_such_module\nwedges = 1", "mine.py cannot be imported: ModuleNotFoundError: "),
        ("def wedges(): ...", "mine.py: wedges raised TypeError: "),
    ],
)
def test_a_file_that_is_no_such_script_is_named(text, sentence, run, capsys):
    with pytest.raises(UserError) as error:
        run(text)

    assert str(error.value).startswith(sentence)


def test_numpy_numbers_are_refused_or_made_pythons(run):
    result = run("""
        import numpy as np
        def wedges(wedges, settings):
            return [{"learning_rate": value} for value in np.linspace(0.1, 0.2, 2)]
    """)

    assert [type(wedge["learning_rate"]) for wedge in result] == [float, float]
    with pytest.raises(UserError, match="int64"):
        run("import numpy as np\ndef wedges(wedges, settings):\n    return [{'epochs': np.int64(3)}]\n")

from pathlib import Path

import pytest

from geokiln.planning.command_files import SHIPPED, command_files

FILES = {
    "cook.py": "import json\nimport sim.solve",
    "sim/__init__.py": "",
    "sim/solve.py": "from . import rest",
    "sim/rest.py": "",
    "sim/__main__.py": "",
    "future.py": "match match:\n    broken broken",
    "other.py": "",
    "a.json": "{}",
    "b.json": "{}",
    "run.sh": '# don\'t b.json\nset -e\npython3 cook.py --scene=a.json "$1" > other.py',
}
SIM = ["sim/__init__.py", "sim/solve.py", "sim/rest.py"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (None, []),
        (["hython", "cook.py", "{item}"], ["cook.py", *SIM]),
        (["python3", "-m", "sim.solve"], SIM),
        (["python3", "-m", "sim"], ["sim/__init__.py", "sim/__main__.py"]),
        (["python3", "-c", "import other; other.main('{item}')"], ["other.py"]),
        (["python3", "sim"], ["sim/__main__.py"]),
        (["python3", "future.py"], ["future.py"]),  # for another Python, perhaps
        (["solve", "--scene=a.json", "scene=b.json"], ["a.json", "b.json"]),
        (["solve", "-Ia.json", "@b.json", "--no=such.json"], ["a.json", "b.json"]),
        (["solve", "--scenes=a.json,b.json", "--mixed=a.json,{id}.json"], ["a.json", "b.json"]),
        (["solve", "--log=a.json", "{a}.json"], []),
        (["sh", "-c", "python3 cook.py < a.json > b.json"], ["cook.py", "a.json", *SIM]),
        (["bash", "run.sh"], ["run.sh", "cook.py", "a.json", *SIM]),
        (["bash", "-c", "no end of 'a.json"], []),
        (["solve", "config.yaml"], ["../checkout/config.yaml"]),
        (["hython", "houdini/cook_items.py", "houdini/mine.py"], ["../checkout/houdini/mine.py"]),  # not Geokiln's own
    ],
    ids=str,
)
def test_what_the_words_of_a_command_name_counts_and_what_that_runs(words, named, write, tmp_path, monkeypatch):
    for path, text in FILES.items():
        write(f"project/{path}", text)
    write("checkout/config.yaml", "")
    write("checkout/houdini/cook_items.py", "import item_scene")
    write("checkout/houdini/item_scene.py", "")
    write("checkout/houdini/mine.py", "")
    monkeypatch.chdir(tmp_path / "project")

    result = command_files(words, "../checkout")

    assert sorted(result) == sorted(named)


def test_geokilns_own_scripts_are_those_that_it_ships():
    shipped = {path.name for path in (Path(__file__).parents[3] / "houdini").glob("*.py")}

    assert shipped - {"submit.py"} == set(SHIPPED)  # that one is no command

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln import fingerprints
from geokiln.fingerprints import cook_context, cook_fingerprints, fingerprint, why_cooked

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def reversed_keys(value):
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(list(value))}
    return [reversed_keys(member) for member in value] if isinstance(value, list) else value


@given(JSON)
def test_the_order_of_keys_does_not_change_a_fingerprint(value):
    result = fingerprint(reversed_keys(value))

    assert result == fingerprint(value)
    assert len(result) == 32 and int(result, 16) >= 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ({"a": None}, {}),
        ("1", 1),
        (True, "true"),
        ([["a"], "b"], ["a", ["b"]]),
        (0.1, 0.1 + 1e-17 + 2e-17),
        (["ab", "c"], ["a", "bc"]),
    ],
)
def test_different_values_have_different_fingerprints(one, other):
    assert one != other

    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": -float("inf")}])
def test_a_number_that_json_lacks_is_refused(value):
    with pytest.raises(ValueError) as error:
        fingerprint(value)

    assert "JSON" in str(error.value)


def test_a_fingerprint_does_not_depend_on_the_process():
    program = "from geokiln.fingerprints import fingerprint; print(fingerprint({'b': [1, 'x'], 'a': 0.1}))"
    scripts = Path(__file__).parents[2] / "scripts"

    done = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": str(scripts), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert done[0] == done[1] == fingerprint({"a": 0.1, "b": [1, "x"]}) + "\n"


ITEMS = [
    {"id": "0", "seed": 1, "attributes": {"time": 0.5, "rotation": [0.0, 1.0]}},
    {"id": "1", "seed": 1, "attributes": {"time": 0.75, "rotation": [0.0, 2.0]}},
]
GENERATOR = "import helper\n\n\ndef cook(item):\n    return {'height': helper.FACTOR * item['time']}\n"


@pytest.fixture
def prints(write):
    """A function that gives the fingerprints of ITEMS, or what else the test says."""
    write("generator.py", GENERATOR)
    write("helper.py", "FACTOR = 2")
    write("rest.obj", "v 0 0 0")

    def prints(**changes):
        arguments = {
            "items": ITEMS,
            "generator": "generator.py",
            "generator_inputs": ["rest.obj"],
            "parameters": {"steps": 10, "name": "a"},
            "environment": "cook-0123456789",
            "parts": ["inputs", "targets"],
        }
        arguments.update(changes)
        return cook_fingerprints(arguments.pop("items"), cook_context(**arguments))

    return prints


def test_each_item_has_a_fingerprint_of_its_own(prints):
    result = prints()

    assert len(set(result)) == len(result) == 2


@pytest.mark.parametrize(
    "item",
    [
        {"id": "9", "seed": 1, "attributes": {"time": 0.5, "rotation": [0.0, 1.0]}},
        {"id": "0", "seed": 2, "attributes": {"time": 0.5, "rotation": [0.0, 1.0]}},
        {"id": "0", "seed": 1, "attributes": {"time": 0.6, "rotation": [0.0, 1.0]}},
        {"id": "0", "seed": 1, "attributes": {"time": 0.5, "rotation": [0.0, 1.1]}},
        {"id": "0", "seed": 1, "attributes": {"time": 0.5, "rotation": [1.0, 0.0]}},
        {"id": "0", "seed": 1, "attributes": {"time": 0.5, "rotation": [0.0, 1.0], "more": ""}},
        {"id": "0", "seed": 1, "attributes": {"rotation": [0.0, 1.0]}},
        {"id": "0", "seed": 1, "attributes": {"Time": 0.5, "rotation": [0.0, 1.0]}},
    ],
)
def test_what_an_item_is_changes_its_fingerprint_and_no_other_items(item, prints):
    before = prints()

    after = prints(items=[item, ITEMS[1]])

    assert after[0] != before[0]
    assert after[1] == before[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {"steps": 11, "name": "a"}},
        {"parameters": {"steps": 10}},
        {"environment": "cook-9876543210"},
        {"parts": ["inputs"]},
        {"parts": ["inputs", "targets", "baseline"]},
        {"generator_inputs": []},
    ],
    ids=str,
)
def test_what_the_cook_depends_on_changes_every_fingerprint(changes, prints):
    before = prints()

    after = prints(**changes)

    assert set(before).isdisjoint(after)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("generator.py", GENERATOR.replace("height", "depth")),
        ("helper.py", "FACTOR = 3"),
        ("rest.obj", "v 0 0 1"),
        ("rest.obj", "v 0 0 0 "),
    ],
)
def test_the_bytes_of_a_file_that_the_cook_reads_change_every_fingerprint(path, text, prints, write):
    before = prints()

    write(path, text)

    assert set(before).isdisjoint(prints())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("generator.py", GENERATOR + "# a comment\n"),
        ("helper.py", "FACTOR = 2  # a comment"),
        ("other.py", "FACTOR = 3"),
        ("other.obj", "v"),
    ],
)
def test_comments_and_other_files_change_no_fingerprint(path, text, prints, write):
    before = prints()

    write(path, text)

    assert prints() == before


def test_the_order_of_items_keys_and_parts_changes_no_fingerprint(prints):
    before = prints()

    after = prints(
        items=[reversed_keys(item) for item in reversed(ITEMS)],
        parameters={"name": "a", "steps": 10},
        parts=["targets", "inputs"],
    )

    assert after[::-1] == before


def test_a_raised_version_of_geokilns_own_changes_every_fingerprint(prints, monkeypatch):
    before = prints()

    monkeypatch.setattr(fingerprints, "COOK_VERSION", fingerprints.COOK_VERSION + 1)

    assert set(before).isdisjoint(prints())


def test_a_moved_project_keeps_its_fingerprints(prints, write, tmp_path, monkeypatch):
    before = prints()
    for name in ("generator.py", "helper.py", "rest.obj"):
        write(f"elsewhere/{name}", (tmp_path / name).read_text())

    monkeypatch.chdir(tmp_path / "elsewhere")

    assert prints() == before


def test_a_cook_is_explained_by_what_changed_since_the_last_one():
    before = {"the code changed": 1, "a file changed": {"a": 1}}

    assert why_cooked(before, {"the code changed": 2, "a file changed": {"a": 2}}) == "the code changed, a file changed"
    assert why_cooked(before, before) == "these items are new or changed"

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.cooking import context as fingerprints
from geokiln.cooking.context import cook_context, why_cooked
from geokiln.storage.fingerprints import fingerprint
from geokiln.work_items.batches import batch_key

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
    program = "from geokiln.storage.fingerprints import fingerprint; print(fingerprint({'b': [1, 'x'], 'a': 0.1}))"
    scripts = Path(__file__).parents[3] / "scripts"

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


GENERATOR = "import helper\n\n\ndef cook(item):\n    return {'height': helper.FACTOR * item['time']}\n"


@pytest.fixture
def prints(write):
    """A function that gives the fingerprint of a cook context, with what the test changes."""
    write("generator.py", GENERATOR)
    write("helper.py", "FACTOR = 2")
    write("rest.obj", "v 0 0 0")

    def prints(**changes):
        arguments = {
            "generator": "generator.py",
            "generator_inputs": ["rest.obj"],
            "parameters": {"steps": 10, "name": "a"},
            "environment": "cook-0123456789",
            "parts": ["inputs", "targets"],
        }
        arguments.update(changes)
        return fingerprint(cook_context(**arguments))

    return prints


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {"steps": 11, "name": "a"}},
        {"parameters": {"steps": 10}},
        {"environment": "cook-9876543210"},
        {"parts": ["inputs"]},
        {"parts": ["inputs", "targets", "baseline"]},
        {"generator_inputs": []},
        {"command": [["hython"], ["a.npz"]]},
    ],
    ids=str,
)
def test_what_the_cook_depends_on_changes_the_fingerprint(changes, prints):
    before = prints()

    after = prints(**changes)

    assert after != before


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("generator.py", GENERATOR.replace("height", "depth")),
        ("helper.py", "FACTOR = 3"),
        ("rest.obj", "v 0 0 1"),
        ("rest.obj", "v 0 0 0 "),
    ],
)
def test_the_bytes_of_a_file_that_the_cook_reads_change_the_fingerprint(path, text, prints, write):
    before = prints()

    write(path, text)

    assert prints() != before


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


def test_the_order_of_keys_and_parts_changes_no_fingerprint(prints):
    before = prints()

    after = prints(parameters={"name": "a", "steps": 10}, parts=["targets", "inputs"])

    assert after == before


def test_a_raised_version_of_geokilns_own_changes_the_fingerprint(prints, monkeypatch):
    before = prints()

    monkeypatch.setattr(fingerprints, "COOK_VERSION", fingerprints.COOK_VERSION + 1)

    assert prints() != before


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


def test_a_batch_is_its_items_in_their_order_and_what_becomes_of_invalid_ones():
    keys = {batch_key([b"a" * 16, b"b" * 16], "fail"), batch_key([b"b" * 16, b"a" * 16], "fail")}

    assert len(keys | {batch_key([b"a" * 16, b"b" * 16], "drop"), batch_key([b"a" * 16], "fail")}) == 4

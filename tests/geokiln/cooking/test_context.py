import pytest

from geokiln.cooking import context
from geokiln.cooking.context import cook_context, why_cooked
from geokiln.storage.fingerprints import fingerprint


@pytest.fixture
def prints(write):
    """A function that gives the fingerprint of a cook context, with what the test changes."""
    write("generator.py", "import helper\n\n\ndef cook(item):\n    return helper.FACTOR")
    write("helper.py", "FACTOR = 2")
    write("rest.obj", "v 0 0 0")
    arguments = {
        "generator": "generator.py",
        "generator_inputs": ["rest.obj"],
        "parameters": {"steps": 10, "name": "a"},
        "environment": "cook-0123456789",
        "parts": ["inputs", "targets"],
    }
    return lambda **changes: fingerprint(cook_context(**{**arguments, **changes}))


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({"parameters": {"steps": 11, "name": "a"}}, True),
        ({"parameters": {"name": "a", "steps": 10}}, False),
        ({"environment": "cook-9876543210"}, True),
        ({"recooked": 1}, True),
        ({"parts": ["inputs"]}, True),
        ({"parts": ["targets", "inputs"]}, False),
        ({"command": [["hython"], ["a.npz"]]}, True),
    ],
    ids=str,
)
def test_what_the_cook_depends_on_changes_the_fingerprint_and_its_order_does_not(settings, changes, prints):
    before = prints()

    after = prints(**settings)

    assert (after != before) == changes


def test_code_the_bytes_of_files_and_geokilns_own_version_change_the_fingerprint(prints, write, monkeypatch):
    found = [prints()]

    for path, text in (("helper.py", "FACTOR = 3"), ("rest.obj", "v 0 0 0 ")):
        write(path, text)
        found.append(prints())
    monkeypatch.setattr(context, "COOK_VERSION", context.COOK_VERSION + 1)

    assert len({*found, prints()}) == 4


def test_a_moved_project_keeps_its_fingerprints(prints, write, tmp_path, monkeypatch):
    before = prints()
    for name in ("generator.py", "helper.py", "rest.obj"):
        write(f"elsewhere/{name}", (tmp_path / name).read_text())

    monkeypatch.chdir(tmp_path / "elsewhere")

    assert prints() == before


def test_a_cook_is_explained_by_what_changed_since_the_last_one():
    before = {"the code changed": 1, "a file changed": {"a": 1}}
    after = {"the code changed": 2, "a file changed": {"a": 2}}

    assert why_cooked(before, after) == "the code changed, a file changed"
    assert why_cooked(before, before) == "these items are new or changed"

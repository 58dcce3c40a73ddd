import os
from pathlib import Path

import pytest

from geokiln.cooking import context
from geokiln.cooking.context import FILES, cook_context, kept_context, why_cooked
from geokiln.cooking.input_names import CHECKOUT, input_names
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
    (tmp_path / "link").symlink_to("elsewhere")

    monkeypatch.chdir(tmp_path / "elsewhere")

    for name in ("rest.obj", "./rest.obj", "../elsewhere/rest.obj", "../link/rest.obj", tmp_path / "rest.obj"):
        assert prints(generator_inputs=[name]) == before


def test_a_file_of_the_checkout_is_known_by_its_place_there(tmp_path):
    near = os.path.relpath(Path(CHECKOUT, "examples/ripple/generator.py"))

    assert input_names([near, f"{tmp_path}/a/b.obj"]) == ["examples/ripple/generator.py", "a/b.obj"]


def test_a_cook_is_explained_by_what_changed_since_the_last_one():
    before = {"the code changed": 1, "a file changed": {"a": 1}}
    after = {"the code changed": 2, "a file changed": {"a": 2}}

    assert why_cooked(before, after) == "the code changed, a file changed"
    assert why_cooked(before, before) == "these items are new or changed"


def test_what_an_earlier_version_kept_under_a_name_as_it_was_spelled_is_taken_over_in_any_spelling(prints, write):
    write("data.json", "{}")
    files = ["./rest.obj", "data.json"]
    context = cook_context("generator.py", files, {}, "cook-1", ["targets"])
    spelled = fingerprint({**context, FILES: dict(zip(files, context[FILES].values(), strict=True))})
    fresh = kept_context(context, files)
    Path(".kept/data_points", spelled).mkdir(parents=True)

    taken = [kept_context(context, names) for names in (files, ["rest.obj", "data.json"])]

    assert fresh == fingerprint(context) != spelled
    assert taken == [spelled, spelled]

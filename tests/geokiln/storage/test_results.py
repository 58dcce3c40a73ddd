import json
import os
from pathlib import Path

import pytest

from geokiln.errors import UserError
from geokiln.storage.files import content_digest, write_json
from geokiln.storage.results import check_vouched, made_from, read_result, sidecar_digest, told, write_result

DOCUMENT = {"count": 3, "names": ["a", "ü"]}
SIDECAR = "dataset/examples.json"


@pytest.fixture
def result(write):
    """dataset/examples.json and .raw, made from one other side-car."""
    write("batches/0-7.json", '{"items": 8}')
    write("dataset/examples.raw", "12345678")
    write_result(SIDECAR, DOCUMENT, made_from("plan", ["batches/0-7.json"]), ["dataset/examples.raw"])


def edit(path, old, new, seconds=1):
    """Edit a file in place, so many seconds after the side-car was written."""
    path = Path(path)
    path.write_text(path.read_text().replace(old, new))
    later = os.stat(SIDECAR).st_mtime + seconds
    os.utime(path, (later, later))


def test_what_a_sidecar_tells_is_what_was_written_and_counts_without_what_it_was_made_from(result):
    write_json("plain.json", DOCUMENT)

    assert read_result(SIDECAR) == read_result("plain.json") == DOCUMENT
    assert sidecar_digest(SIDECAR) == content_digest("plain.json")


@pytest.mark.parametrize(
    ("plan", "items", "same"), [("plan", 8, True), ("another", 8, False), ("plan", 9, False)], ids=str
)
def test_it_says_which_plan_and_which_inputs_it_was_made_from(result, write, plan, items, same):
    write("batches/0-7.json", f'{{"items": {items}}}')
    about, _ = told(SIDECAR)

    assert all(about[name] == value for name, value in made_from(plan, ["batches/0-7.json"]).items()) == same


def test_what_an_input_was_made_from_does_not_count_what_it_vouches_for_does(result, write):
    identities = [told(SIDECAR)[1]]
    write_result(SIDECAR, DOCUMENT, made_from("another", []), ["dataset/examples.raw"])
    identities.append(told(SIDECAR)[1])
    write("dataset/examples.raw", "87654321")
    write_result(SIDECAR, DOCUMENT, made_from("another", []), ["dataset/examples.raw"])
    identities.append(told(SIDECAR)[1])

    assert identities[0] == identities[1] != identities[2]


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (SIDECAR, '"count": 3', '"count": 4'),
        (SIDECAR, '"made_from"', '"made_of"'),
        (SIDECAR, '"plan": "plan"', '"plan": "pl'),
        ("dataset/examples.raw", "345", "3x5"),
        ("dataset/examples.raw", "345", ""),
    ],
)
def test_what_was_altered_or_damaged_does_not_say_what_it_was_made_from(result, path, old, new):
    edit(path, old, new)

    assert told(SIDECAR)[0] is None


def test_files_that_are_older_than_their_sidecar_are_known_by_their_size(result):
    edit("dataset/examples.raw", "345", "3x5", seconds=-1)

    assert told(SIDECAR)[0] is not None
    os.unlink("dataset/examples.raw")
    assert told(SIDECAR)[0] is None


def test_who_reads_an_altered_sidecar_or_a_damaged_file_puts_it_aside(result):
    edit("dataset/examples.raw", "345", "3x5", seconds=-1)
    with pytest.raises(UserError, match=r"^dataset/examples.raw is damaged .* run again to make it anew$"):
        check_vouched("dataset/examples.raw", SIDECAR)
    edit(SIDECAR, '"count": 3', '"count": 4')
    with pytest.raises(UserError, match=r"^dataset/examples.json is damaged \(its contents do not agree"):
        read_result(SIDECAR)

    assert sorted(os.listdir("dataset")) == ["examples.json.damaged", "examples.raw.damaged"]


def test_names_in_a_sidecar_lead_nowhere_else(result, write):
    write("secret", "12345678")
    document = json.loads(Path(SIDECAR).read_text())
    document["made_from"]["files"] = {"../secret": document["made_from"]["files"]["examples.raw"]}
    write_json(SIDECAR, document)

    assert told(SIDECAR)[0] is None

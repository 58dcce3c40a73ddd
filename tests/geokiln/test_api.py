"""What users import stays: under the present name, under earlier ones, and with the same fingerprint."""

import ast
import hashlib
from pathlib import Path

import pytest

from geokiln.api import DropItem, Geometry
from geokiln.storage.sources import code_digest
from geokiln.user_module import UserModule

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.mark.parametrize(
    "lines",
    [
        "from geokiln.api import DropItem, Geometry",
        "from geokiln.geo import Geometry\nfrom geokiln.errors import DropItem",
        "import geokiln.geo\nfrom geokiln.errors import DropItem\nGeometry = geokiln.geo.Geometry",
        "from geokiln.api import *",
    ],
)
def test_a_users_file_gets_the_same_classes_by_earlier_names(lines, write):
    write("mine.py", lines)

    mine = UserModule("mine.py")

    assert (mine.module.Geometry, mine.module.DropItem) == (Geometry, DropItem)


@pytest.mark.parametrize(
    ("earlier", "present"),
    [
        ("from geokiln.geo import Geometry", "from geokiln.api import Geometry"),
        (
            "from geokiln.errors import DropItem\nfrom geokiln.geo import Geometry",
            "from geokiln.api import Geometry, DropItem",
        ),
        (
            "def cook(item):\n    from geokiln.errors import DropItem",
            "def cook(item):\n    from geokiln.api import DropItem",
        ),
    ],
)
def test_a_file_brought_to_the_present_name_keeps_its_digest(earlier, present, write):
    write("earlier/mine.py", earlier)
    write("present/mine.py", present)

    assert code_digest("earlier/mine.py") == code_digest("present/mine.py")


def test_an_import_by_an_earlier_name_counts_as_it_always_did(write):
    text = "from geokiln.geo import Geometry\n\n\ndef cook(item):\n    return {'y': item['x']}\n"
    write("mine.py", text)

    expected = hashlib.blake2b(b"mine.py" + ast.dump(ast.parse(text)).encode(), digest_size=16).hexdigest()
    assert code_digest("mine.py") == expected

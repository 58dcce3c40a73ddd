import json
from pathlib import Path

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.geometry.element_count import primitive_count
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import Geometry


@pytest.mark.parametrize("count", [0, 1, 12345])
def test_the_header_tells_the_number_of_primitives(count):
    Path("a.geo").write_text(json.dumps(["fileversion", "20.5.278", "pointcount", 4, "primitivecount", count]))

    result = primitive_count("a.geo")

    assert result == count


def test_the_header_of_a_pretty_printed_file_is_read():
    Path("a.geo").write_text('[\n\t"pointcount" ,4,\n\t"primitivecount" ,\n\t 17,\n')

    result = primitive_count("a.geo")

    assert result == 17


def test_the_header_agrees_with_what_is_written():
    write_geo("a.geo", Geometry.from_attributes({"time": np.arange(5.0)}))

    result = primitive_count("a.geo")

    assert result == len(read_geo("a.geo").primitives) == 5


@pytest.mark.parametrize("content", [b"", b"\x7fNSJb\x00\x01", b"{}", b" " * 5000 + b'"primitivecount",3'])
def test_a_header_without_the_number_names_the_file(content):
    Path("a.geo").write_bytes(content)

    with pytest.raises(UserError) as error:
        primitive_count("a.geo")

    assert str(error.value).startswith("a.geo: no primitivecount in the first 4 KB; save it as ASCII geometry")

from pathlib import Path

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.geometry.element_count import primitive_count
from geokiln.geometry.geo_file import write_geo
from geokiln.geometry.geometry import Geometry


def test_the_header_tells_the_number_of_primitives_however_it_is_printed():
    write_geo("written.geo", Geometry.from_attributes({"time": np.arange(5.0)}))
    Path("pretty.geo").write_text('[\n\t"pointcount" ,4,\n\t"primitivecount" ,\n\t 17,\n')

    counts = [primitive_count(path) for path in ("written.geo", "pretty.geo")]

    assert counts == [5, 17]


@pytest.mark.parametrize("content", [b"\x7fNSJb\x00\x01", b" " * 5000 + b'"primitivecount",3'], ids=["binary", "late"])
def test_a_header_without_the_number_names_the_file(content):
    Path("a.geo").write_bytes(content)

    with pytest.raises(UserError, match="^a.geo: no primitivecount in the first 4 KB; save it as ASCII geometry"):
        primitive_count("a.geo")

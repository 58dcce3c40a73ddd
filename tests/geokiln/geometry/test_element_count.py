from pathlib import Path

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.geometry.element_count import primitive_count
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import Geometry


def test_the_header_tells_the_number_of_primitives_however_it_is_printed():
    write_geo("written.geo", Geometry.from_attributes({"time": np.arange(5.0)}))
    Path("pretty.geo").write_text('[\n\t"pointcount" ,4,\n\t"primitivecount" ,\n\t 17,\n')

    counts = [primitive_count(path) for path in ("written.geo", "pretty.geo")]

    assert counts == [5, 17]


CLASSIC = "is classic geometry of Houdini 11 and older; save it as .geo from a newer one"
BINARY = "is binary; save it as ASCII geometry (.geo) from Houdini"
FORMATS = [(b"PGEOMETRY V5\nNPoints 3 NPrims 1\n", CLASSIC), (b"BgeoV\0\0", BINARY), (b"\x7fNSJb\0", BINARY)]


@pytest.mark.parametrize(("content", "sentence"), [*FORMATS, (b"\x1f\x8b\x08\0", BINARY), (b"scf1\0", BINARY)])
@pytest.mark.parametrize("read", [primitive_count, read_geo])
def test_another_format_of_houdinis_is_told_by_its_first_bytes(read, content, sentence):
    Path("a.geo").write_bytes(content)

    with pytest.raises(UserError) as error:
        read("a.geo")

    assert str(error.value) == f"a.geo {sentence}"


def test_a_header_without_the_number_names_the_file():
    Path("a.geo").write_bytes(b" " * 5000 + b'"primitivecount",3')

    with pytest.raises(UserError, match="^a.geo: no primitivecount in the first 4 KB; save it as ASCII geometry"):
        primitive_count("a.geo")

import struct
from pathlib import Path

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.geometry import binary_json, scf
from geokiln.geometry.element_count import element_count, primitive_count
from geokiln.geometry.geo_file import document_of, read_geo, write_geo
from geokiln.geometry.geometry import Geometry


def test_the_header_tells_the_number_of_primitives_however_it_is_printed():
    write_geo("written.geo", Geometry.from_attributes({"time": np.arange(5.0)}))
    Path("pretty.geo").write_text('[\n\t"pointcount" ,4,\n\t"primitivecount" ,\n\t 17,\n')

    counts = [primitive_count(path) for path in ("written.geo", "pretty.geo")]

    assert counts == [5, 17]


@pytest.mark.parametrize("count", [0, 5, 200, 70_000])
@pytest.mark.parametrize("packed", [False, True])
def test_the_header_of_a_binary_file_tells_it_whatever_the_width(count, packed):
    data = binary_json.dump(document_of(Geometry(np.zeros((count, 3)), [[0]] * min(count, 3))))
    Path("a.bgeo").write_bytes(scf.packed(data) if packed else data)

    assert [primitive_count("a.bgeo", element) for element in ("point", "primitive")] == [count, min(count, 3)]
    assert len(read_geo("a.bgeo").points) == count


def test_a_key_that_is_no_number_of_the_token_table_and_another_byte_order_are_read():
    text = b"\x27\x0eprimitivecount"
    Path("plain.bgeo").write_bytes(b"\x7fNSJb[" + text + b"\x13" + struct.pack("<i", 70_000))
    Path("big.bgeo").write_bytes(b"\x7fbJSN[\x2b\x07\x0eprimitivecount\x26\x07\x12" + struct.pack(">h", 300))

    assert [primitive_count(path) for path in ("plain.bgeo", "big.bgeo")] == [70_000, 300]


CLASSIC = "is classic geometry of Houdini 11 and older; save it as .geo or .bgeo from a newer one"


@pytest.mark.parametrize("content", [b"PGEOMETRY V5\nNPoints 3 NPrims 1\n", b"BgeoV\0\0"])
@pytest.mark.parametrize("read", [primitive_count, read_geo])
def test_classic_geometry_is_told_by_its_first_bytes(read, content):
    Path("a.geo").write_bytes(content)

    with pytest.raises(UserError) as error:
        read("a.geo")

    assert str(error.value) == f"a.geo {CLASSIC}"


@pytest.mark.parametrize(
    "content", [b"[" + b" " * 70_000 + b'"primitivecount",3', b"\x7fNSJb[", b"\x7fNSJb\x27\x0eprimitivecount\x13\0"]
)
def test_a_header_without_the_number_names_the_file(content):
    Path("a.geo").write_bytes(content)

    with pytest.raises(UserError, match="^a.geo: no primitivecount in its first 64 KB; save it again from Houdini"):
        element_count("a.geo", "primitive")

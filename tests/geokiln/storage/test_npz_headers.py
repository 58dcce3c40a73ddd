import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.storage.arrays import write_arrays
from geokiln.storage.npz_headers import row_count


@pytest.mark.parametrize(
    "header", ["(" * 9000, "-" * 9000 + "1", "3", "{'shape': 3}", "{'shape': (-1,)}", "{'shape': ('a',)}", " " * 20_000]
)
def test_a_header_that_nobody_would_write_is_no_array(header, told):
    with zipfile.ZipFile("a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header.encode())

    assert told(row_count, "a.npz").startswith("a.npz is no complete .npz (")


@pytest.mark.parametrize("save", [write_arrays, lambda path, arrays: np.savez_compressed(path, **arrays)])
def test_a_damaged_byte_never_ends_in_another_error(save):
    save("a.npz", {"x": np.arange(6.0)})
    whole = Path("a.npz").read_bytes()

    for place, byte in enumerate(whole):
        Path("b.npz").write_bytes(whole[:place] + bytes([byte ^ 0x21]) + whole[place + 1 :])
        try:
            assert row_count("b.npz") >= 0
        except UserError as error:
            assert "b.npz" in str(error)

"""How many elements a geometry file has, told without loading it. Only the standard library is imported here."""

import re
import struct

from geokiln.errors import UserError
from geokiln.geometry.layers import start_of
from geokiln.storage.npz_headers import row_count

WORD = {0x11: "b", 0x12: "h", 0x13: "i", 0x14: "q", 0x21: "B", 0x22: "H"}  # tokens of whole numbers in binary files
NUMBER = rb"[\x00-\xf0]|\xf2.{2}|\xf4.{4}|\xf8.{8}"  # of a text that is named by its number


def element_count(file, element):
    """Return the number of primitives, points or vertices in a geometry file; in an .npz the rows are the elements."""
    if file.endswith(".npz"):
        return row_count(file)
    return primitive_count(file, element)


def primitive_count(path, element="primitive"):
    """Return the number of primitives (points, vertices) that the header of a file states, without reading the rest.

    Raises
    ------
    UserError
        If the file is no geometry of Houdini's, or its first 64 KB do not tell.
    """
    start, key = bytes(start_of(path)), f"{element}count".encode()
    if start[:1] == b"\x7f":
        found = re.search(key + rb"(?:\x26(?:" + NUMBER + rb"))?([\x11-\x14\x21\x22])", start, re.DOTALL)
        word = found and struct.Struct(("<" if start[1:5] == b"NSJb" else ">") + WORD[found[1][0]])
        count = word.unpack_from(start, found.end())[0] if found and len(start) >= found.end() + word.size else -1
    else:
        found = re.search(rb'"%s"\s*,\s*(\d+)' % key, start)
        count = int(found[1]) if found else -1
    if count < 0:
        raise UserError(f"{path}: no {element}count in its first 64 KB; save it again from Houdini")
    return count

"""How many elements a geometry file has, told without loading it. Only the standard library is imported here."""

import re

from geokiln.errors import UserError
from geokiln.storage.npz_headers import row_count


def element_count(file, element):
    """Return the number of primitives or points in a geometry file; in an .npz the rows are the elements."""
    if file.endswith(".npz"):
        return row_count(file)
    return primitive_count(file, element)


BINARY = (b"\x7fNSJb", b"Bgeo", b"\x1f\x8b", b"scf1")  # .bgeo, the classic one, .geo.gz and .bgeo.sc


def refuse_other_formats(path, start):
    """Refuse a .geo file whose first bytes are those of another of Houdini's formats."""
    if start.startswith(b"PGEOMETRY"):
        raise UserError(f"{path} is classic geometry of Houdini 11 and older; save it as .geo from a newer one")
    if start.startswith(BINARY):
        raise UserError(f"{path} is binary; save it as ASCII geometry (.geo) from Houdini")


def primitive_count(path, element="primitive"):
    """Return the number of primitives (or points) that the header of a .geo file states, without reading the rest."""
    with open(path, "rb") as file:
        header = file.read(4096)
    refuse_other_formats(path, header)
    found = re.search(rb'"%scount"\s*,\s*(\d+)' % element.encode(), header)
    if not found:
        raise UserError(f"{path}: no {element}count in the first 4 KB; save it as ASCII geometry (.geo) from Houdini")
    return int(found.group(1))

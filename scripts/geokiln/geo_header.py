"""The header of Houdini's ASCII geometry: how many primitives there are, known before anything is loaded.

Apart from geo.py, since the rules read it at every start and must not pay for numpy.
"""

import re

from geokiln.errors import UserError


def primitive_count(path):
    """Return the number of primitives that the header of a .geo file states, without reading the rest."""
    with open(path, "rb") as file:
        header = file.read(4096)
    found = re.search(rb'"primitivecount"\s*,\s*(\d+)', header)
    if not found:
        raise UserError(f"{path}: no primitivecount in the first 4 KB; save it as ASCII geometry (.geo) from Houdini")
    return int(found.group(1))

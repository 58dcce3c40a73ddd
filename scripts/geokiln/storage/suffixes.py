"""Suffixes of geometry files and of tables. Only the standard library is imported here."""

import os

HOUDINI = (".geo", ".bgeo", ".geo.sc", ".bgeo.sc", ".geo.gz", ".bgeo.gz", ".geosc", ".bgeosc", ".geogz", ".bgeogz")
GEOMETRY = (*HOUDINI, ".npz")
TABLES = (".csv", ".tsv", ".parquet")


def suffix_of(path):
    """Return the suffix of a geometry file, both parts of a packed one's; of another file, what follows its last dot.

    >>> suffix_of("rigs/hand.v2.bgeo.sc"), suffix_of("hand.v2.npz"), suffix_of("hand.obj")
    ('.bgeo.sc', '.npz', '.obj')
    """
    known = [suffix for suffix in GEOMETRY if str(path).endswith(suffix)]
    return max(known, key=len, default=os.path.splitext(path)[1])

"""Suffixes of geometry files and of tables. Only the standard library is imported here."""

import os

HOUDINI = (".geo", ".bgeo", ".geo.sc", ".bgeo.sc", ".geo.gz", ".bgeo.gz", ".geosc", ".bgeosc", ".geogz", ".bgeogz")
GEOMETRY = (*HOUDINI, ".npz")
TABLES = (".csv", ".tsv", ".parquet")
MESHES = (".obj", ".ply", ".stl", ".off", ".vtk", ".vtu", ".msh", ".inp")
STAGES = (".usd", ".usda", ".usdc", ".usdz")
FOREIGN = (*TABLES, *MESHES, *STAGES)  # files of other programs, which become one of the former


def suffix_of(path):
    """Return the suffix of a geometry file, both parts of a packed one's; of another file, what follows its last dot.

    >>> suffix_of("rigs/hand.v2.bgeo.sc"), suffix_of("hand.v2.npz"), suffix_of("hand.obj")
    ('.bgeo.sc', '.npz', '.obj')
    """
    known = [suffix for suffix in GEOMETRY if str(path).endswith(suffix)]
    return max(known, key=len, default=os.path.splitext(path)[1])


def is_foreign(path):
    """Whether a file is one of another program's that Geokiln converts; capitals do not matter.

    >>> is_foreign("scan.PLY"), is_foreign("scan.bgeo")
    (True, False)
    """
    return suffix_of(path).lower() in FOREIGN


def made_suffix(path):
    """Return the suffix of the geometry that is made of a file: its own, or that of what it is converted to.

    >>> made_suffix("walk.geo"), made_suffix("runs.csv"), made_suffix("scan.PLY")
    ('.geo', '.npz', '.bgeo')
    """
    if not is_foreign(path):
        return suffix_of(path)
    return ".npz" if suffix_of(path).lower() in TABLES else ".bgeo"


def made_name(path):
    """Return the name of the geometry that is made of a file: its own, with the suffix of what it becomes.

    >>> made_name("scans/hand.v2.ply")
    'hand.v2.bgeo'
    """
    name = os.path.basename(path)
    return name[: len(name) - len(suffix_of(name))] + made_suffix(name)

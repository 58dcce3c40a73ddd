"""What primitives of a geometry share: packed geometry and voxels, which a file holds once.

Packed geometry is a document, as a file has it, or a Geometry that becomes one when it is written.
"""

EMBEDDED = "gu:embeddedgeo"


def shared(geometry, kind, name):
    """Return the data of a *kind* (``gu:embeddedgeo``, ``geo:voxels``) that primitives refer to by *name*.

    Raises
    ------
    KeyError
        If the geometry holds none.
    """
    for entries in geometry.kept.get("sharedprimitivedata", [])[1::2]:  # a kind of primitive may stand there twice
        for key, given, data in zip(entries[::3], entries[1::3], entries[2::3]):
            if (key, given) == (kind, name):
                return data
    raise KeyError(name)

"""Named outputs of a cooked node as arrays."""

import os

import hou
import numpy as np

OUTPUT = "targets.npz"
ELEMENTS = {  # how hou.Geometry finds an attribute of an element, and reads its values
    "point": ("findPointAttrib", "pointFloatAttribValuesAsString"),
    "vertex": ("findVertexAttrib", "vertexFloatAttribValuesAsString"),
    "primitive": ("findPrimAttrib", "primFloatAttribValuesAsString"),
    "detail": ("findGlobalAttrib", None),
    "volume": None,
}


class Failed(Exception):
    """Why an item cannot be cooked, or none can, in one sentence."""


def read(geometry, element, name, where):
    """Return an attribute, (elements,) or (elements, size), or the voxels of a volume; *where* names the node."""
    if element == "volume":
        return voxels(geometry, name, where)
    find, values = ELEMENTS[element]
    attribute = getattr(geometry, find)(name)
    if attribute is None:
        raise Failed(f"{where} has no {element} attribute {name!r}")
    if attribute.dataType() not in (hou.attribData.Int, hou.attribData.Float) or attribute.isArrayType():
        raise Failed(f"{where}: the {element} attribute {name!r} is of texts, or of arrays; a target takes numbers")
    if element == "detail":
        return np.array(geometry.attribValue(name), np.float32).reshape(-1)
    numbers = np.frombuffer(getattr(geometry, values)(name), np.float32)
    return numbers.reshape(-1, attribute.size()) if attribute.size() > 1 else numbers


def voxels(geometry, name, where):
    """Return the voxels of the volume whose primitive attribute ``name`` is *name*: (z, y, x)."""
    named = geometry.findPrimAttrib("name") is not None
    volumes = geometry.primsOfType(hou.primType.Volume) if named else ()
    found = [volume for volume in volumes if volume.attribValue("name") == name]
    if len(found) != 1:
        hint = "; the node Convert VDB makes volumes of VDBs" if geometry.primsOfType(hou.primType.VDB) else ""
        raise Failed(f"{where} has {len(found) or 'no'} volumes of the name {name!r}{hint}")
    resolution = [int(size) for size in found[0].resolution()]
    return np.frombuffer(found[0].allVoxelsAsString(), np.float32).reshape(resolution[::-1])


def save(folder, arrays):
    """Write the arrays to an item's folder, where the file appears complete."""
    temporary = os.path.join(folder, "." + OUTPUT)
    with open(temporary, "wb") as file:
        np.savez(file, **arrays)
    os.replace(temporary, os.path.join(folder, OUTPUT))


def reason(error):
    """Return the words of an exception, one of Houdini's or our own, in one line."""
    if isinstance(error, hou.Error):
        return flat([error.instanceMessage() or error.description()])
    return flat([str(error)]) if isinstance(error, Failed) else flat([f"{type(error).__name__}: {error}"])


def flat(texts):
    return "; ".join(" ".join(text.split()) for text in texts)

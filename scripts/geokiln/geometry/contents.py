"""What a geometry holds, as a digest."""

import json

import numpy as np

from geokiln.geometry.geometry import Geometry
from geokiln.geometry.primitives import Primitives
from geokiln.storage.fingerprints import blake2b


def contents_digest(geometry):
    """Return 16 bytes that identify what a Geometry holds, whichever file format and encoding it was read from."""
    primitives = Primitives.of(geometry.primitives)
    digest = blake2b(digest_size=16)
    kinds = np.array(primitives.kinds, dtype=str)[primitives.codes] if len(primitives) else np.zeros(0, "U1")
    arrays = [
        ("points", geometry.points),
        ("vertex_points", np.asarray(primitives.vertex_points, np.int64)),
        ("vertices", np.asarray(primitives.vertices, np.int64)),
        ("starts", np.asarray(primitives.starts, np.int64)),
        ("kinds", kinds),
    ]
    owners = ("point", "vertex", "primitive", "detail")
    for owner in owners:
        arrays += [(f"{owner} {name}", array) for name, array in getattr(geometry, f"{owner}_attributes").items()]
    arrays += [(f"{owner} group {name}", members) for (owner, name), members in geometry.groups.items()]
    for name, array in sorted(arrays, key=lambda pair: pair[0]):
        array = np.asarray(array)
        if array.dtype.kind == "U":
            layout, data = "text", json.dumps(array.tolist()).encode()
        else:
            array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            layout, data = array.dtype.str, array.tobytes()
        digest.update(json.dumps([name, layout, array.shape, len(data)]).encode())
        digest.update(data)
    kept = [[list(key), value] for key, value in geometry.kept.items() if isinstance(key, tuple)]
    shared, names = _shared(geometry), {}
    fields = [[number, _renamed(one, shared, names)] for number, one in sorted(primitives.fields.items())]
    rest = [fields, sorted(kept, key=lambda pair: pair[0]), [shared[name] for name in names]]
    digest.update(json.dumps(rest, default=_listed, sort_keys=True).encode())
    return digest.digest()


def _shared(geometry):
    """Return what primitives share, by the name that they refer to it by."""
    shared = {}
    for entries in geometry.kept.get("sharedprimitivedata", [])[1::2]:
        shared.update({name: [kind, data] for kind, name, data in zip(entries[::3], entries[1::3], entries[2::3])})
    return shared


def _renamed(value, shared, names):
    """Return a value with its references to *shared* data numbered: Houdini names these anew whenever it saves."""
    if isinstance(value, dict):
        return {key: _renamed(one, shared, names) for key, one in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [_renamed(one, shared, names) for one in value]
    if isinstance(value, str) and value in shared:
        return names.setdefault(value, len(names))
    return value


def _listed(value):
    if isinstance(value, Geometry):
        return contents_digest(value).hex()
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)

"""``work_items/items.npz``: all work items of a geometry, column by column, and a digest of each.

Arrays: ``id`` (n,) text; ``seed`` (); ``digest`` (n, 2) uint64, see `geokiln.work_items.items.WorkItems.digests`;
``attribute/{name}`` (n,) or (n, tuple size). Where an attribute of numbers identifies elements, there is an empty array
``identity/{name}``: its name stands in the header, where a job reads it without numpy. Where items bring their
geometry, there are ``geometry/file``, ``geometry/place`` (n,), ``geometry/digest`` (n, 2) and ``geometry/settings``,
see `geokiln.work_items.parts.Parts`. Readers touch only the rows that they ask for.
"""

import os

from geokiln.errors import UserError
from geokiln.storage.files import put_aside
from geokiln.storage.npz_headers import array_headers
from geokiln.work_items.items import WorkItems

PREFIX = "attribute/"
IDENTITY = "identity/"
GEOMETRY = "geometry/"


def write_items(path, items):
    """Write WorkItems to an .npz, and return their digests (n, 2) uint64."""
    from geokiln.storage.arrays import write_arrays

    digests = items.digests()
    columns = {PREFIX + name: column for name, column in items.attributes.items()}
    identity = {IDENTITY + items.id_attribute: []} if items.id_attribute else {}
    parts = {GEOMETRY + name: array for name, array in items.parts.arrays().items()} if items.parts else {}
    write_arrays(path, {"id": items.ids, "seed": items.seed, "digest": digests, **columns, **identity, **parts})
    return digests


def id_attribute_of(arrays):
    """Return the attribute of numbers that identifies elements, or None; *arrays* are those of an items.npz."""
    return next((name[len(IDENTITY) :] for name in arrays if name.startswith(IDENTITY)), None)


def with_identity(word, id_attribute):
    """Return a *word* of a key, with the attribute that identifies, if there is one: it is no input of a model.

    >>> with_identity("fail", None), with_identity("fail", "frame")
    ('fail', 'fail, frame identifies')
    """
    return f"{word}, {id_attribute} identifies" if id_attribute else word


def read_digests(path, rows):
    """Return the digests of the items in the range *rows* (of all that there are, for None) as a list of 16 bytes.

    Without numpy: a job that finds all its items in the store must not pay for it.

    Raises
    ------
    UserError
        If there is none of the rows; says how many items there are.
    """
    if not os.path.exists(path):
        raise UserError(f"{path} does not exist")
    try:
        _, (count, _), _, offset = array_headers(path)["digest"]
    except (UserError, KeyError, ValueError):
        raise put_aside(path, "it holds no digests of items") from None
    rows = range(count) if rows is None else range(rows.start, min(rows.stop, count))
    if not rows:
        raise UserError(f"{path}: there are {count} data points, 0 to {count - 1}; none of those asked for")
    with open(path, "rb") as file:
        file.seek(offset + 16 * rows.start)
        stored = file.read(16 * len(rows))
    return [stored[at : at + 16] for at in range(0, len(stored), 16)]


def read_items(path, first, count, geometry=()):
    """Return *count* WorkItems from row *first* on; a damaged file is put aside and named.

    *geometry* are the files that the items were imported from, where they bring their own.
    """
    from geokiln.storage.arrays import open_arrays

    arrays = open_arrays(path)
    columns = {name[len(PREFIX) :]: array for name, array in arrays.items() if name.startswith(PREFIX)}
    parts = {name[len(GEOMETRY) :]: array for name, array in arrays.items() if name.startswith(GEOMETRY)}
    if parts:
        from geokiln.work_items.parts import Parts

        parts = Parts.from_arrays(parts, geometry)
    table = WorkItems(arrays["id"], arrays["seed"], columns, id_attribute_of(arrays), parts or None)
    items = table.rows(slice(first, first + count))
    if items.digests().tobytes() != arrays["digest"][first : first + count].tobytes():
        raise put_aside(path, "the items do not agree with their digests")
    return items

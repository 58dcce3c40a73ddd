"""Headerless files, written from a geometry as Houdini's Geometry Raw does, with a sidecar that describes them."""

import contextlib
import os
from pathlib import Path

import numpy as np

from geokiln.errors import UserError
from geokiln.geometry.volumes import voxels_of
from geokiln.raw.blocks import blocks_of, groups_of
from geokiln.raw.reading import number_type
from geokiln.storage.files import write_json

ELEMENTS = ("point", "vertex", "primitive", "detail", "volume")
CACHED_BYTES = 1 << 21  # written at a time: a processor keeps so much at hand
OWN_KEYS = ("element", "value")  # beside those of a block


def write_raw(path, geometry, blocks, byte_order="little"):
    """Write attributes and volumes of a geometry as a headerless binary file, and ``{path}.json``, which describes it.

    Parameters
    ----------
    path : path
    geometry : geokiln.geometry.geometry.Geometry
    blocks : list of dict
        What to write, in order. Keys are those of `geokiln.raw.blocks.Block` (``type``, ``precision``, ``bfloat16``,
        ``collate``, ``order``), and ``name``: of an attribute of the ``element`` (``point``, unless one is given;
        ``vertex``, ``primitive``, ``detail``), or with ``volume`` the name of a volume, the primitive attribute
        ``name``. A block with a ``value`` (a number or a list) writes that instead: a header of your own; collated, it
        is repeated. ``P`` are the positions of points.
    byte_order : str
        ``little`` or ``big``.

    Raises
    ------
    UserError
        If there is no such attribute, it holds texts, or its values do not fit the type; names the block.
    """
    sources, documents = [], []
    for number, block in enumerate(blocks):
        source = _source(geometry, block, f"blocks[{number}]")
        if "value" in block and block.get("collate") and sources:
            source = np.broadcast_to(source, (len(sources[-1]), *source.shape[1:]))
        sources.append(source)
        documents.append(_document(block, source, f"blocks[{number}]"))
    planned = blocks_of(documents, "blocks")
    sign = {"little": "<", "big": ">"}.get(byte_order)
    if sign is None:
        raise UserError(f"byte_order: {byte_order!r} is neither little nor big")
    remaining = iter(zip(planned, sources))
    temporary, sidecar = Path(f"{path}.partial"), Path(f"{path}.json.partial")
    try:
        with open(temporary, "wb", buffering=0) as file:
            for members in groups_of(planned):
                _write_group(file, [next(remaining) for _ in members], sign)
        about = {"bytes": os.path.getsize(temporary), "byte_order": byte_order, "blocks": documents}
        write_json(sidecar, about)
        os.replace(temporary, path)
        os.replace(sidecar, f"{path}.json")
    finally:
        for left in (temporary, sidecar):
            with contextlib.suppress(FileNotFoundError):
                left.unlink()


def _source(geometry, block, where):
    """Return what a block writes, a row for each element: an array (n, ...)."""
    if "value" in block:
        array = np.atleast_1d(np.asarray(block["value"]))[np.newaxis]
    else:
        array = _attribute(geometry, block, where)
    if array.dtype.kind not in "biuf":
        raise UserError(f"{where}: {block.get('name') or block.get('value')!r} holds no numbers")
    return array


def _attribute(geometry, block, where):
    element, name = block.get("element", "point"), block.get("name")
    if element not in ELEMENTS:
        raise UserError(f"{where}.element: {element!r} is none of {', '.join(ELEMENTS)}")
    if element == "volume":
        names = geometry.primitive_attributes.get("name", [])
        found = [n for n, one in enumerate(names) if one == name and geometry.primitives.kind(n) == "Volume"]
        if not found:
            raise UserError(f"{where}: there is no volume called {name!r}")
        return voxels_of(geometry, found[0])[np.newaxis]
    owners = {
        "point": {"P": geometry.points, **geometry.point_attributes},
        "vertex": geometry.vertex_attributes,
        "primitive": geometry.primitive_attributes,
        "detail": geometry.detail_attributes,
    }
    if name not in owners[element]:
        known = ", ".join(owners[element]) or "none"
        raise UserError(f"{where}: there is no {element} attribute {name!r}; there are: {known}")
    return np.asarray(owners[element][name])


def _document(block, source, where):
    """Return a block as the sidecar has it: what reads it again."""
    shape = source.shape[1:]
    found = {"resolution": list(shape[::-1])} if block.get("element") == "volume" else {"size": int(np.prod(shape))}
    for key, value in {**found, "rows": len(source)}.items():
        if block.get(key, value) != value:
            raise UserError(f"{where}.{key}: {block[key]} is written there, but {block.get('name')!r} has {value}")
    given = {key: value for key, value in block.items() if key not in OWN_KEYS}
    return {**given, **found, **({} if block.get("name") else {"ignored": True}), "rows": len(source)}


def _write_group(file, members, sign):
    """Write a block and those that are collated with it, some rows at a time."""
    for records in _records(members, sign):
        _write(file, records)


def _records(members, sign):
    """Yield the bytes of some rows after the other, as an array that lasts until the next one is made."""
    row_bytes, count = sum(block.row_bytes for block, _ in members), len(members[0][1])
    step = max(1, CACHED_BYTES // row_bytes)
    together = np.empty(row_bytes * min(step, count) if len(members) > 1 else 0, np.uint8)
    for first in range(0, count, step):
        parts = [_encoded(source[first : first + step], block, sign) for block, source in members]
        if len(members) == 1:
            yield np.ascontiguousarray(parts[0])
            continue
        place = 0
        for (block, _), part in zip(members, parts):
            row = f"V{block.row_bytes}"  # a row is copied as so many bytes, which is fast
            target = np.ndarray((len(part),), row, together, place, (row_bytes,))
            target[:] = np.ascontiguousarray(part).reshape(len(part), -1).view(row)[:, 0]
            place += block.row_bytes
        yield together[: len(parts[0]) * row_bytes]


def _write(file, array):
    """Write all bytes of an array."""
    left = memoryview(array.reshape(-1).view(np.uint8))
    while left:
        left = left[file.write(left) :]


def _encoded(rows, block, sign):
    """Return rows as they stand in the file; UserError if the type does not hold their values."""
    rows = rows.reshape(len(rows), *block.shape)
    if block.resolution and block.order == "xyz":
        rows = np.moveaxis(rows, (1, 2, 3), (3, 2, 1))
    dtype = number_type(block, sign)
    if rows.dtype == dtype:
        return rows
    with np.errstate(all="ignore"):
        if block.bfloat16:
            bits = rows.astype(np.float32).view(np.uint32)
            nearest = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16  # rounds to even
            encoded = np.where(np.isnan(rows), 0x7FC0, nearest).astype(dtype)
            lost = np.isfinite(rows) & (encoded & 0x7F80 == 0x7F80)
        elif block.type == "float":
            encoded = rows.astype(dtype)
            lost = encoded != rows if rows.dtype.kind in "iu" else np.isfinite(rows) & ~np.isfinite(encoded)
        else:
            encoded = rows.astype(dtype)
            lost = encoded != rows
    if lost.any():
        value = rows[tuple(np.argwhere(lost)[0])]
        raise UserError(f"block {block.name!r}: {value} is no {block.type} of {block.precision} bits")
    return encoded

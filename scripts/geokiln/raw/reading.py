"""Headerless files, read: as memory maps, or some rows at a time."""

import json
import math
import os
from pathlib import Path

import numpy as np

from geokiln.errors import UserError
from geokiln.raw.blocks import BYTE_ORDERS, blocks_of, groups_of, rows_in

LETTERS = {"float": "f", "integer": "i", "unsigned": "u"}


def read_raw(path, blocks=None, byte_order="little", header=0):
    """Return the arrays of a headerless binary file, such as Houdini's Geometry Raw writes.

    Parameters
    ----------
    path : path
    blocks : list of dict, optional
        What stands in the file, in order, with the keys of `geokiln.raw.blocks.Block`. Without it, ``{path}.json``
        tells all, as `write_raw` writes it.
    byte_order : str
        ``little`` or ``big``.
    header : int
        Bytes to skip at the start.

    Returns
    -------
    dict
        Name -> array (n, *shape of a row*), a read-only memory map: what is not touched is not read. Arrays of
        bfloat16, which numpy lacks, are float32 in memory. Volumes are (n, nz, ny, nx) in either order.

    Raises
    ------
    UserError
        If the file is missing, or its size is no multiple of a row's; if a block is described wrongly.
    """
    if blocks is None:
        blocks, byte_order = _described(f"{path}.json")
    file = RawFile(path, blocks, byte_order, header)
    arrays = {}
    for group in file.groups:
        size = group.rows * group.row_bytes
        mapped = np.memmap(path, np.uint8, "r", group.offset, (size,)) if size else np.zeros(0, np.uint8)
        arrays.update(group.arrays(mapped, group.names))
    return arrays


def _described(sidecar):
    """Return the blocks and the byte order that a sidecar tells; it is a user's file, so it is never put aside."""
    try:
        about = json.loads(Path(sidecar).read_text(encoding="utf-8"))
        return about["blocks"], about["byte_order"]
    except FileNotFoundError:
        raise UserError(f"{sidecar} does not exist; give the blocks that stand in the file") from None
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{sidecar} is none that write_raw wrote; give the blocks that stand in the file") from None


class RawFile:
    """A headerless file, of which some rows are read at a time: memory holds these alone.

    Parameters are those of `read_raw`; *blocks* are documents, *where* begins a sentence about them.

    Attributes
    ----------
    count : int
        Rows of the blocks that do not state their number.
    shapes : dict
        Name -> shape of a row.
    """

    def __init__(self, path, blocks, byte_order="little", header=0, where="blocks"):
        if byte_order not in BYTE_ORDERS:
            raise UserError(f"byte_order: {byte_order!r} is neither little nor big")
        if isinstance(header, bool) or not isinstance(header, int) or header < 0:
            raise UserError(f"header: {header!r} is no number of bytes")
        self.path, blocks = str(path), blocks_of(blocks, where)
        if not os.path.isfile(path):
            raise UserError(f"{path} does not exist")
        self.count = rows_in(path, os.path.getsize(path), blocks, header)
        self.shapes = {block.name: block.shape for block in blocks if not block.ignored}
        self.groups, offset = [], header
        for members in groups_of(blocks):
            rows = self.count if members[0].rows is None else members[0].rows
            self.groups.append(Group(members, offset, rows, byte_order))
            offset += rows * self.groups[-1].row_bytes

    def row_bytes(self, names):
        """Return what is read for a row of the blocks that *names* name: what they are collated with, too."""
        return sum(group.row_bytes for group in self.groups if any(name in names for name in group.names))

    def rows(self, names, rows):
        """Return the rows of a slice: name -> array (n, *shape*), of those blocks that *names* name.

        Raises
        ------
        UserError
            If the file has become shorter.
        """
        arrays = {}
        for group in self.groups:
            wanted = [name for name in group.names if name in names]
            if wanted:
                arrays.update(group.arrays(group.read(self.path, rows), wanted))
        return arrays


class Group:
    """A block and those that are collated with it: *rows* records of *row_bytes* bytes from an *offset* on."""

    def __init__(self, blocks, offset, rows, byte_order):
        self.offset, self.rows = offset, rows
        self.sign = "<" if byte_order == "little" else ">"
        self.places, self.row_bytes = {}, 0  # name -> (block, where it begins in a record)
        for block in blocks:
            if not block.ignored:
                self.places[block.name] = block, self.row_bytes
            self.row_bytes += block.row_bytes

    @property
    def names(self):
        """The blocks that are not ignored."""
        return list(self.places)

    def read(self, path, rows):
        """Return the bytes of some records, a slice."""
        with open(path, "rb", buffering=0) as file:
            file.seek(self.offset + rows.start * self.row_bytes)
            records = np.fromfile(file, np.uint8, (rows.stop - rows.start) * self.row_bytes)
        if len(records) < (rows.stop - rows.start) * self.row_bytes:
            raise UserError(f"{path} became shorter while it was read; nothing was made of it, run again")
        return records

    def arrays(self, records, names):
        """Return what the bytes of some records hold, as views of them: name -> array (n, *shape*)."""
        count, arrays = len(records) // self.row_bytes, {}
        for name in names:
            block, start = self.places[name]
            if not count:
                arrays[name] = decoded(np.zeros((0, *block.stored_shape), number_type(block, self.sign)), block)
                continue
            dtype, shape = number_type(block, self.sign), block.stored_shape
            steps = [dtype.itemsize * math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
            array = np.ndarray((count, *shape), dtype, records, start, (self.row_bytes, *steps))
            arrays[name] = decoded(array, block)
        return arrays


def number_type(block, sign):
    """Return numpy's type of a block's numbers; bfloat16 is as many bits without a meaning."""
    letter = "u" if block.bfloat16 else LETTERS[block.type]
    return np.dtype(f"{sign}{letter}{block.precision // 8}")


def decoded(array, block):
    """Return a block's rows as numbers, volumes as (n, nz, ny, nx)."""
    if block.bfloat16:  # a float32 without its lower half
        array = (array.astype(np.uint32) << 16).view(np.float32)
    if block.resolution and block.order == "xyz":
        array = np.moveaxis(array, (1, 2, 3), (3, 2, 1))
    return array

"""Tables of examples: ``.raw`` and its JSON sidecar.

The ``.raw`` file is rows of float32, little-endian, row-major, ``[example][component, ...]``, without a header.
The sidecar names the components in their order with shapes and offsets, the number of rows, a checksum per block of
rows and a digest of the whole: it vouches for the big file, and whoever needs the big file depends on the sidecar.
"""

import math
import zlib
from pathlib import Path

import numpy as np

from geokiln.errors import UserError
from geokiln.storage.arrays import BLOCK_BYTES
from geokiln.storage.files import put_aside, write_json
from geokiln.storage.fingerprints import blake2b
from geokiln.storage.results import read_result


def components_of(shapes):
    """Return the components of a row: a list of dicts with name, shape, offset and size (in floats), in order.

    >>> components_of({"a": (2,), "b": ()})
    [{'name': 'a', 'shape': [2], 'offset': 0, 'size': 2}, {'name': 'b', 'shape': [], 'offset': 2, 'size': 1}]
    """
    components, offset = [], 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        components.append({"name": name, "shape": list(shape), "offset": offset, "size": size})
        offset += size
    return components


def kind_of(components, kind):
    """Return the components whose names start with ``{kind}/``, the prefix taken off and offsets within *kind*.

    >>> kind_of(components_of({"input/a": (2,), "target/b": ()}), "target")
    [{'name': 'b', 'shape': [], 'offset': 0, 'size': 1}]
    """
    prefix = f"{kind}/"
    return components_of({c["name"][len(prefix) :]: c["shape"] for c in components if c["name"].startswith(prefix)})


def columns_of(component):
    """Return the columns of a component in a flat row, as a slice."""
    return slice(component["offset"], component["offset"] + component["size"])


def flat_rows(arrays, kind, components, rows, source):
    """Return some *rows* of named arrays side by side, float32 (n, width), in the order of the *components*.

    *arrays* maps ``{kind}/{name}`` to (n, *shape*), perhaps in a file.

    Raises
    ------
    UserError
        If a component is missing or has another shape; names *source* and the component.
    """
    parts = []
    for component in components:
        name, shape = f"{kind}/{component['name']}", tuple(component["shape"])
        given = arrays[name].shape[1:] if name in arrays else "missing"
        if given != shape:
            raise UserError(f"{source}: {name} has shape {given}; the dataset's is {shape}")
        parts.append(np.float32(arrays[name][rows]).reshape(-1, component["size"]))
    return np.hstack(parts)


class TableWriter:
    """Write rows as they come, in memory bounded by one call of ``write``; use in a ``with`` block.

    Parameters
    ----------
    raw, sidecar : path
        The two files; the sidecar is written when the block ends well.
    inputs, targets : dict
        Component name -> shape of one example.
    about : dict, optional
        Further keys of the sidecar.
    """

    def __init__(self, raw, sidecar, inputs, targets, about=None):
        self.raw, self.sidecar, self.about = raw, sidecar, about or {}
        self.components = components_of({**{f"input/{n}": s for n, s in inputs.items()},
                                         **{f"target/{n}": s for n, s in targets.items()}})  # fmt: skip
        self.width = sum(component["size"] for component in self.components)
        self.rows = 0
        self.block_rows = max(1, BLOCK_BYTES // (4 * self.width))
        self._digest = blake2b(digest_size=16)
        self._checksums, self._crc, self._crc_rows = [], 0, 0

    def __enter__(self):
        self._file = open(self.raw, "wb")
        return self

    def write(self, rows):
        """Append *rows* (n, width)."""
        rows = np.ascontiguousarray(rows, "<f4")
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise ValueError(f"rows of shape {rows.shape} for a table of width {self.width}")
        while len(rows):
            part = rows[: self.block_rows - self._crc_rows]
            rows = rows[len(part) :]
            self._file.write(part.data)
            self._digest.update(part.data)
            self._crc = zlib.crc32(part.data, self._crc)
            self._crc_rows += len(part)
            self.rows += len(part)
            if self._crc_rows == self.block_rows:
                self._end_block()

    def _end_block(self):
        self._checksums.append(self._crc)
        self._crc, self._crc_rows = 0, 0

    def __exit__(self, kind, error, trace):
        self._file.close()
        if kind is None:
            if self._crc_rows:
                self._end_block()
            write_json(
                self.sidecar,
                {
                    "count": self.rows,
                    "width": self.width,
                    "dtype": "float32",
                    "byte_order": "little",
                    "components": self.components,
                    "digest": self._digest.hexdigest(),
                    "block_rows": self.block_rows,
                    "block_crc32": self._checksums,
                    **self.about,
                },
            )


class Table:
    """A table on disk, read as a memory map; whatever is read through it is checked first.

    Attributes
    ----------
    count, width : int
        Rows, and floats per row.
    components : list of dict
        As `components_of` gives them; names start with ``input/`` or ``target/``.
    digest : str
        Identifies the contents.
    """

    def __init__(self, raw, sidecar):
        self.raw = Path(raw)
        self.about = read_result(sidecar)
        self.count, self.width = self.about["count"], self.about["width"]
        self.components, self.digest = self.about["components"], self.about["digest"]
        if not self.raw.exists():
            raise UserError(f"{raw} does not exist, though {sidecar} does: delete {sidecar} and run again")
        size, expected = self.raw.stat().st_size, self.count * self.width * 4
        if size != expected:
            raise put_aside(self.raw, f"{size} bytes instead of {expected}")
        self.array = (
            np.memmap(self.raw, "<f4", "r", shape=(self.count, self.width))
            if expected
            else np.zeros((self.count, self.width), np.float32)
        )
        self._checked = np.zeros(len(self.about["block_crc32"]), bool)

    def kind(self, kind):
        """Return the components of a *kind*, as `kind_of` does."""
        return kind_of(self.components, kind)

    @property
    def input_width(self):
        """Number of floats of a row that are inputs; they stand before the targets."""
        return sum(component["size"] for component in self.kind("input"))

    def blocks(self, rows=None):
        """Yield (first row, array (rows, width)), a block of the table at a time; memory holds one block.

        With *rows* (count,) bool, a block holds those of its rows alone, and blocks without any are passed over.
        A block's checksum is compared when it is read for the first time; later passes trust it.
        """
        step = self.about["block_rows"]
        for number, first in enumerate(range(0, self.count, step)):
            chosen = slice(None) if rows is None else rows[first : first + step]
            if rows is not None and not chosen.any():
                continue
            block = np.array(self.array[first : first + step])
            if not self._checked[number]:
                if zlib.crc32(block.data) != self.about["block_crc32"][number]:
                    raise put_aside(self.raw, f"checksum of rows {first} to {first + len(block) - 1}")
                self._checked[number] = True
            yield first, block[chosen]

    def check(self):
        """Compare all checksums, a block at a time: afterwards rows may be taken from ``array`` in any order."""
        for _ in self.blocks():
            pass

    def read(self):
        """Return all rows as one checked array (count, width) in memory."""
        rows = np.empty((self.count, self.width), np.float32)
        for first, block in self.blocks():
            rows[first : first + len(block)] = block
        return rows


def is_constant(mean, deviation):
    """Return which columns vary by no more than the rounding of float32: they are constants, which tell nothing."""
    return deviation <= 1e-7 * np.abs(mean)


def moments(blocks):
    """Return (count, mean, standard deviation) of each column over all *blocks* (rows, width), in float64.

    Sums run over deviations from the first row: a large mean costs no digits, and a constant column is exact.
    """
    count, shift, total, square = 0, 0.0, 0.0, 0.0
    for block in blocks:
        if not len(block):
            continue
        if not count:
            shift = block[0].astype(np.float64)
        deviations = block - shift
        count += len(block)
        total = total + deviations.sum(0)
        square = square + np.square(deviations, out=deviations).sum(0)
    mean = total / max(count, 1)
    return count, mean + shift, np.sqrt(np.maximum(square / max(count, 1) - mean**2, 0))

"""A user's file of examples: named arrays with a row for each, of which some rows are read at a time."""

import math

import numpy as np

from geokiln.errors import UserError
from geokiln.raw.reading import RawFile
from geokiln.storage.arrays import block_slices
from geokiln.storage.suffixes import TABLES
from geokiln.storage.users_arrays import read_users_arrays


class Arrays:
    """A table in memory, or mapped; it offers what `geokiln.raw.reading.RawFile` does.

    Attributes
    ----------
    count : int
        Number of rows.
    shapes : dict
        Name -> shape of a row.
    """

    def __init__(self, path, arrays):
        self.path, self.arrays = str(path), arrays
        lengths = {name: len(array) if array.ndim else None for name, array in arrays.items()}
        if len(set(lengths.values())) > 1 or None in lengths.values():
            told = ", ".join(f"{name} has {length or 'no'} rows" for name, length in list(lengths.items())[:5])
            raise UserError(f"{path}: each array needs a row for each example, all as many; {told}")
        self.count = max(lengths.values(), default=0)
        self.shapes = {name: array.shape[1:] for name, array in arrays.items()}

    def row_bytes(self, names):
        """Return what is read for a row of some columns."""
        return sum(self.arrays[name].itemsize * math.prod(self.shapes[name]) for name in names)

    def rows(self, names, rows):
        """Return the rows of a slice: name -> array (n, *shape*)."""
        return {name: self.arrays[name][rows] for name in names}


def open_source(path, layout):
    """Return the examples in a file.

    Parameters
    ----------
    path : path
        A ``.csv``, ``.tsv``, ``.parquet`` or ``.npz``; or a headerless file that the layout describes.
    layout : dict
        ``dataset.layout``: ``blocks``, ``byte_order``, ``header``; without blocks the file names its columns itself.

    Raises
    ------
    UserError
        If the file is damaged, or has no rows.
    """
    if layout["blocks"]:
        source = RawFile(path, layout["blocks"], layout["byte_order"], layout["header"], "dataset.layout.blocks")
    elif str(path).lower().endswith(TABLES):
        from geokiln.formats.tables import read_table  # in the environment of the formats alone

        source = Arrays(path, read_table(path))
    else:
        source = Arrays(path, read_users_arrays(path))
    if not source.count:
        raise UserError(f"{path}: there are no rows; each example needs one")
    return source


def number_blocks(source, names, row_bytes):
    """Yield (first row, name -> array (n, ...)) of some columns, a block of rows at a time.

    *row_bytes* are those that are made of a row; what is read of it may be more.

    Raises
    ------
    UserError
        If a column holds no numbers; names it.
    """
    for rows in block_slices(source.count, max(row_bytes, source.row_bytes(names))):
        arrays = source.rows(names, rows)
        for name, array in arrays.items():
            if array.dtype.kind not in "biuf":
                row, text = _first_text(source.arrays[name])
                mend = "code it in numbers, or leave it out of dataset.inputs and dataset.targets"
                raise UserError(f"{source.path}: column {name!r} holds text: {text!r} in row {row} (from 0); {mend}")
        yield rows.start, arrays


def _first_text(array):
    """Return row and text of the first value that is no number; the first value, if all could be numbers."""
    for row, text in enumerate(array.tolist()):
        try:
            float(text)
        except (TypeError, ValueError):
            return row, text
    return 0, array[0]


def float_rows(names, arrays):
    """Return rows (n, width) of float32: the columns of some *names*, side by side."""
    columns = [np.asarray(arrays[name]).reshape(len(arrays[name]), -1) for name in names]
    flat, place = np.empty((len(columns[0]), sum(column.shape[1] for column in columns)), np.float32), 0
    with np.errstate(all="ignore"):  # what float32 cannot hold becomes infinite, and is named
        for column in columns:
            flat[:, place : place + column.shape[1]] = column
            place += column.shape[1]
    return flat


def first_odd(path, first, flat, components):
    """Return a sentence that names the first value of some rows that is not finite; *first* is the first one's number.

    *components* are those of a table (`geokiln.storage.tables.components_of`).
    """
    row, column = np.argwhere(~np.isfinite(flat))[0]
    name = next(c["name"] for c in components if c["offset"] <= column < c["offset"] + c["size"])
    where = f"{path}: row {first + row} (from 0): {name.split('/', 1)[1]!r}"
    return f"{where} is missing, or no finite number of float32"

"""Unseen inputs that were not cooked: from a file, or the test split of the dataset."""

import numpy as np

from geokiln.dataset.preprocessing import held_out
from geokiln.dataset.source import first_odd, float_rows, number_blocks
from geokiln.errors import UserError, near_match
from geokiln.storage.arrays import block_slices, write_arrays_in_blocks
from geokiln.storage.tables import columns_of


def read_unseen(source, components, path):
    """Write the columns of a file that the dataset has, as an .npz with ``id`` and the components; return the rows.

    Parameters
    ----------
    source : geokiln.dataset.source.Arrays or geokiln.raw.reading.RawFile
    components : list of dict
        Those of ``dataset/examples.json`` that are wanted: inputs, and targets where the truth is there.
    path : path
        ``unseen/{unseen}.npz`` to write.

    Raises
    ------
    UserError
        If a column is missing or has another shape, or a value is not finite: all items of unseen inputs are predicted.
    """
    for component in components:
        kind, name = component["name"].split("/", 1)
        if name not in source.shapes:
            raise UserError(f"{source.path}: {kind} {name!r} is missing; {near_match(name, source.shapes)}")
        if list(source.shapes[name]) != component["shape"]:
            here, there = list(source.shapes[name]), component["shape"]
            raise UserError(f"{source.path}: {kind} {name!r} has shape {here}, in the dataset {there}")

    def blocks(component):
        _, name = component["name"].split("/", 1)
        for first, arrays in number_blocks(source, [name], 4 * component["size"]):
            flat = float_rows([name], arrays)
            if not np.isfinite(flat).all():
                raise UserError(first_odd(source.path, first, flat, [{**component, "offset": 0}]))
            yield flat.reshape(-1, *component["shape"])

    shapes = {component["name"]: (source.count, *component["shape"]) for component in components}
    arrays = {one["name"]: (np.float32, shapes[one["name"]], blocks(one)) for one in components}
    write_arrays_in_blocks(path, {"id": _texts(np.arange(source.count)), **arrays})
    return source.count


def take_test_split(table, ids, components, path, validation_share, test_share, split_seed):
    """Write the examples of a dataset that no preprocessing with these settings trains on, as `read_unseen` does.

    The array ``row`` has their places in the dataset: what is compared with a model must not know them either.
    *table* is a `geokiln.storage.tables.Table`, *ids* the text of ``dataset/examples.ids``.
    """
    names = ids.split("\n")[:-1]
    _, test = held_out(names, validation_share, test_share, split_seed)
    numbers = np.flatnonzero(test)
    if not len(numbers):
        raise UserError(f"{len(names)} examples are too few for a test split; give more, or unseen inputs in a file")

    def blocks(component):
        for _, block in table.blocks(test):
            yield block[:, columns_of(component)].reshape(-1, *component["shape"])

    arrays = {one["name"]: (np.float32, (len(numbers), *one["shape"]), blocks(one)) for one in components}
    where = {"id": _texts(np.array(names)[numbers]), "row": (np.int64, numbers.shape, [numbers])}
    write_arrays_in_blocks(path, {**where, **arrays})
    return len(numbers)


def _texts(values):
    """Return identities as `write_arrays_in_blocks` takes them: texts, a block at a time."""
    dtype = values.dtype if values.dtype.kind == "U" else np.dtype(f"U{len(str(values.max()))}")
    return dtype, values.shape, (values[rows].astype(dtype) for rows in block_slices(len(values), dtype.itemsize))


def wanted(components, truth):
    """Return the components of a dataset that an unseen input has: its targets only with ground *truth*."""
    return [one for one in components if truth or one["name"].startswith("input/")]

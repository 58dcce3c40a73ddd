"""Merge batches of data points into one table."""

import numpy as np

from geokiln.arrays import check_same_layout, read_arrays
from geokiln.tables import TableWriter


def merge_batches(batches, raw, ids, sidecar):
    """Write the rows of all *batches* (.npz files, in the order of the items), holding one batch at a time in memory.

    Returns
    -------
    TableWriter
        With its number of ``rows`` and its ``width``.

    Raises
    ------
    UserError
        If the batches' components differ in name or shape; names the odd batch.
    """
    shapes = _layout(read_arrays(batches[0]))
    inputs, targets = _part(shapes, "input/"), _part(shapes, "target/")
    with TableWriter(raw, sidecar, inputs, targets) as table, open(ids, "w", encoding="utf-8") as id_file:
        for path in batches:
            batch = read_arrays(path)
            if _layout(batch) != shapes:
                check_same_layout({other: _layout(read_arrays(other)) for other in batches})
            count = len(batch["id"])
            table.write(np.hstack([batch[part["name"]].reshape(count, -1) for part in table.components]))
            id_file.writelines(f"{name}\n" for name in batch["id"])
    return table


def _layout(batch):
    return {name: array.shape[1:] for name, array in batch.items() if name != "id"}


def _part(shapes, prefix):
    return {name[len(prefix) :]: shape for name, shape in shapes.items() if name.startswith(prefix)}

"""Merge batches of data points into one table."""

from pathlib import Path

import numpy as np

from geokiln.errors import UserError
from geokiln.storage.arrays import block_slices, check_same_layout, layout_of, open_arrays
from geokiln.storage.results import read_result
from geokiln.storage.tables import TableWriter


def check_reports(reports, failure_share=0.0):
    """Return how many items the batches' *reports* (.json files) leave out: ``dropped`` and ``failed``.

    Raises
    ------
    UserError
        If more than *failure_share* of the items failed. The reports of their batches are removed, so that the next
        run cooks the failed items again, and only them.
    """
    counts, failed_in = {"dropped": 0, "failed": 0}, {}
    items = 0
    for path in reports:
        report = read_result(path)
        items += report["items"] + len(report["dropped"]) + len(report["failed"])
        for reason in counts:
            counts[reason] += len(report[reason])
        failed_in.update({path: report["failed"]} if report["failed"] else {})
    if counts["failed"] > failure_share * items:
        first = next(iter(next(iter(failed_in.values())).values()))
        for path in failed_in:
            Path(path).unlink()
        share = f"{counts['failed']} of {items} items failed, more than work_items.failure_share allows"
        raise UserError(f"{share}: {first}; the next run cooks only those that failed")
    return counts


def merge_batches(batches, raw, ids, sidecar, left_out=None):
    """Write the rows of all *batches* (.npz files, in the order of the items), holding a block of them in memory.

    *left_out* counts the items that have no row, by reason; it is recorded in the sidecar.

    Returns
    -------
    TableWriter
        With its number of ``rows`` and its ``width``.

    Raises
    ------
    UserError
        If the batches' components differ in name or shape; names the odd batch.
    """
    opened = [path for path in batches if len(open_arrays(path)["id"])]  # an empty one: all its items were left out
    if not opened:
        raise UserError(f"{batches[0]} and all others: every item was left out, so there is no data point")
    shapes = layout_of(open_arrays(opened[0]))
    inputs, targets = _part(shapes, "input/"), _part(shapes, "target/")
    with TableWriter(raw, sidecar, inputs, targets, left_out) as table, open(ids, "w", encoding="utf-8") as id_file:
        for path in opened:
            batch = open_arrays(path, check=True)
            if layout_of(batch) != shapes:
                check_same_layout({other: layout_of(open_arrays(other)) for other in opened})
            count = len(batch["id"])
            parts = [batch[part["name"]].reshape(count, -1) for part in table.components]
            for rows in block_slices(count, 4 * table.width):
                table.write(np.hstack([part[rows] for part in parts]))
            id_file.writelines(f"{name}\n" for name in batch["id"])
    return table


def _part(shapes, prefix):
    return {name[len(prefix) :]: shape for name, shape in shapes.items() if name.startswith(prefix)}

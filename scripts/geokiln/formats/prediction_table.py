"""Predictions as a table, CSV or Parquet, through Apache Arrow: a row is an item."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from geokiln.errors import UserError
from geokiln.formats.columns import column_of
from geokiln.storage.arrays import block_slices

MOST_COLUMNS = 10_000  # of a CSV: programs for tables open no wider ones


def write_predictions(path, cooked, predicted):
    """Write the predictions of an unseen input, a block of items at a time.

    Columns: ``id``; ``input/{name}``; ``{target}``, the prediction; where there is ground truth, ``truth/{target}`` and
    ``error/{target}``, the RMS error of the item. Where a row has several numbers, a Parquet has a list (nested as the
    shape is), a CSV a column for each: ``height_0``, ``height_1`` ..., row-major.

    Parameters
    ----------
    path : path
        Ends in ``.csv`` or ``.parquet``.
    cooked, predicted : dict
        Arrays of ``unseen/{unseen}.npz`` and ``predictions/{unseen}.npz``, perhaps in files.

    Raises
    ------
    UserError
        If a CSV would have more than 10,000 columns.
    """
    columns = {"id": predicted["id"], **{name: array for name, array in cooked.items() if name.startswith("input/")}}
    targets = [name for name in predicted if name != "id"]
    columns.update({name: predicted[name] for name in targets})
    judged = all(f"target/{name}" in cooked for name in targets)
    truth = {f"truth/{name}": cooked[f"target/{name}"] for name in targets} if judged else {}
    columns.update(truth)
    is_csv = str(path).endswith(".csv")
    count = sum(math.prod(array.shape[1:]) for array in columns.values()) + len(truth)
    if is_csv and count > MOST_COLUMNS:
        better = "ask for the .parquet, which holds lists, or take the .npz"
        raise UserError(
            f"a .csv of these predictions would have {count:,} columns, more than {MOST_COLUMNS:,}; {better}"
        )
    writer = None
    row_bytes = sum(array.nbytes for array in columns.values()) // max(1, len(predicted["id"]))
    for rows in block_slices(len(predicted["id"]), row_bytes):
        block = {name: np.asarray(array[rows]) for name, array in columns.items()}
        for name in targets if judged else ():
            difference = (block[name] - block[f"truth/{name}"]).reshape(len(block[name]), -1)
            block[f"error/{name}"] = np.sqrt(np.square(difference, dtype=np.float64).mean(1)).astype(np.float32)
        table = _flat_table(block) if is_csv else pa.table({name: column_of(array) for name, array in block.items()})
        if writer is None:
            opened = pyarrow.csv.CSVWriter if is_csv else pyarrow.parquet.ParquetWriter
            writer = opened(str(path), table.schema)
        writer.write_table(table)
    writer.close()


def _flat_table(block):
    columns = {}
    for name, array in block.items():
        rows = array.reshape(len(array), -1)
        for number, column in enumerate(rows.T):
            flat = name if array.ndim == 1 else f"{name}_{number}"
            if flat in columns:
                raise UserError(f"two columns would be called {flat!r}; rename a target, or ask for the .parquet")
            columns[flat] = column_of(column)
    return pa.table(columns)

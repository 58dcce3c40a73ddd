"""From a user's file of examples to the dataset, a block of rows at a time."""

import numpy as np

from geokiln.dataset.columns import chosen_columns, column_mistakes
from geokiln.dataset.source import first_odd, float_rows, number_blocks
from geokiln.dataset.suspects import check_lost
from geokiln.errors import UserError
from geokiln.storage.rounding import rounding_of, rounds
from geokiln.storage.tables import TableWriter

DROP = "work_items.invalid: drop leaves such rows out"
MEND = "subtract an origin or take a smaller unit in the file, or store float32 there if these digits do not matter"


def read_examples(source, inputs, targets, raw, ids, sidecar, drop=False):
    """Write the dataset: a row for each row of the file, whose number (from 0) is the example's identity.

    Parameters
    ----------
    source : geokiln.dataset.source.Arrays or geokiln.raw.reading.RawFile
    inputs, targets : str
        Patterns of columns, ``dataset.inputs`` and ``dataset.targets``.
    raw, ids, sidecar : path
        ``dataset/examples.raw``, ``.ids`` and ``.json`` to write.
    drop : bool
        Whether rows with a value that is not finite are left out (and counted in the sidecar), or refused.

    Returns
    -------
    TableWriter
        With its number of ``rows`` and its ``width``.

    Raises
    ------
    UserError
        Names the column that is text, the row that is not finite, the column whose digits float32 does not hold.
    """
    for mistake in column_mistakes(list(source.shapes), inputs, targets):
        raise UserError(f"{source.path}: {mistake}")
    given, outputs = chosen_columns(list(source.shapes), inputs, targets)
    kinds = {**dict.fromkeys(given, "input"), **dict.fromkeys(outputs, "target")}
    shapes = [{name: source.shapes[name] for name in names} for names in (given, outputs)]
    lost, left_out = Lost(), 0
    with TableWriter(raw, sidecar, *shapes) as table, open(ids, "w", encoding="utf-8") as id_file:
        for first, arrays in number_blocks(source, kinds, 4 * table.width):
            flat = float_rows(kinds, arrays)
            numbers = range(first, first + len(flat))
            if not np.isfinite(flat).all():
                if not drop:
                    raise UserError(f"{first_odd(source.path, first, flat, table.components)}; {DROP}")
                finite = np.isfinite(flat).all(1)
                left_out += len(flat) - finite.sum()
                flat, numbers = flat[finite], (first + np.flatnonzero(finite)).tolist()
                arrays = {name: array[finite] for name, array in arrays.items()}
            for name, array in arrays.items() if len(flat) else ():
                lost.add(kinds[name], name, array)
            table.write(flat)
            id_file.write("%d\n" * len(numbers) % tuple(numbers))
        if not table.rows:
            raise UserError(f"{source.path}: every row has a value that is missing or not finite, so none is left")
        table.about.update(dropped=int(left_out), failed=0)
    lost.check(source.path)
    return table


class Lost:
    """What float32 took away from columns, and between which values they lie."""

    def __init__(self):
        self.ranges = {}  # component -> [lowest and highest lost, lowest and highest value]

    def add(self, kind, name, array):
        """Note some rows of a column, all finite."""
        if not rounds(array.dtype):
            return
        rounded = array.astype(np.float32)
        lost, rows = rounding_of(kind, array, rounded), rounded.reshape(len(rounded), -1)
        found = [lost.min(0), lost.max(0), rows.min(0), rows.max(0)]
        before = self.ranges.get(f"{kind}/{name}", found)
        merge = (np.minimum, np.maximum) * 2
        self.ranges[f"{kind}/{name}"] = [how(*pair) for how, pair in zip(merge, zip(before, found))]

    def check(self, path):
        """Raise a UserError for the first column in which digits are lost that tell rows apart."""
        for name, (least, most, low, high) in self.ranges.items():
            try:
                check_lost(name, most - least, low, high, MEND)
            except UserError as error:
                raise UserError(f"{path}: {error}") from None

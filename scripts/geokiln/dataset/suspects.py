"""What only all items together tell of a mistake: digits that float32 took away, and answers among the inputs.

Batches that earlier versions cooked record nothing of either; then nothing is said.
"""

import numpy as np

from geokiln.errors import UserError
from geokiln.storage.arrays import open_arrays
from geokiln.storage.rounding import rounding_of, rounds
from geokiln.storage.tables import columns_of

LOST_SHARE = 1e-3  # of a column's range that float32 may take away: about 10 bits are left then
NOISE = 1e-13  # of a value: what float64 itself rounds in a computation of a few hundred steps; whole steps are none
FIRST_ROWS = 64  # which tell most columns apart
EQUAL_SHARE = 1e-5  # of a target's range by which a copy of it may differ: as text it has six digits


def check_rounding(reports, batches):
    """Check that float32 holds what tells the items apart.

    Parameters
    ----------
    reports : list of dict
        ``batches/{batch}.json``: their ``rounding`` is the lowest and highest of what float32 took away.
    batches : list of path
        ``batches/{batch}.npz``.

    Raises
    ------
    UserError
        If it took more than ``LOST_SHARE`` of the range of an input's column, or of a target; names the component.
    """
    for name, lost in _lost(reports).items():
        low, high = np.inf, -np.inf
        for path in batches if lost.any() else ():
            rows = open_arrays(path).get(name, np.zeros(0))
            if len(rows):
                rows = rows.reshape(len(rows), -1)
                low, high = np.minimum(low, rows.min(0)), np.maximum(high, rows.max(0))
                if (lost <= LOST_SHARE * _range(low, high, lost)).all():
                    break  # as most often after the first batch
        else:
            if lost.any():
                check_lost(name, lost, low, high)


def check_lost(name, lost, low, high, mend=None):
    """Check that float32 holds what tells the rows of a component apart.

    Parameters
    ----------
    name : str
        Of the component, ``input/x`` or ``target/y``.
    lost : (k,)
        How much what float32 took away differs from row to row, of each column or (k = 1) of all together.
    low, high : (n_columns,)
        Smallest and largest values.
    mend : str, optional
        What to do about it; what a generator can do, unless it is given.

    Raises
    ------
    UserError
        As `check_rounding` does.
    """
    _tell(name, lost, _range(low, high, lost), np.maximum(abs(low), abs(high)), mend)


def check_attributes(items):
    """Check, before anything is cooked, the attributes that a model is to see as they are; *items* are WorkItems.

    Raises
    ------
    UserError
        As `check_rounding` does.
    """
    for name in items.input_names:
        column = items.attributes[name]
        if not rounds(column.dtype):
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = column.astype(np.float32)
            lost = np.ptp(rounding_of("input", column, rounded), 0)
        if lost.any() and np.isfinite(rounded).all():
            rows = rounded.reshape(len(rounded), -1)
            check_lost(f"input/{name}", lost, rows.min(0), rows.max(0))


def _lost(reports):
    """Return how much what float32 took away differs from item to item: component -> (k,)."""
    low, high = {}, {}
    for report in reports:
        for name, pairs in report.get("rounding", {}).items():
            lowest, highest = np.array(pairs).T
            low[name], high[name] = (
                np.minimum(low.get(name, lowest), lowest),
                np.maximum(high.get(name, highest), highest),
            )
    return {name: high[name] - low[name] for name in low}


def _range(low, high, lost):
    """Return the range of each column, or of a component that is judged as a whole (the RMS of its columns')."""
    spread = high.astype(np.float64) - low
    return spread if len(lost) == len(spread) else np.sqrt(np.mean(spread**2, keepdims=True))


def _tell(name, lost, spread, size, mend):
    size = size if len(size) == len(lost) else size.max(keepdims=True)
    bad = (lost > LOST_SHARE * spread) & (lost > np.minimum(NOISE * size, 0.5))
    if not bad.any():
        return
    worst = np.flatnonzero(bad)[np.argmax(lost[bad])]
    kind, _, component = name.partition("/")
    by = f"about {spread[worst] + lost[worst]:.2g} at {size[worst]:.6g}"
    step = f"which float32 cannot hold (it has steps of {np.spacing(np.float32(size[worst])):.4g} there)"
    where = "inputs(item)" if kind == "input" else "cook(item)"
    how = "subtract an origin" if size[worst] > np.finfo(np.float32).tiny else "take a smaller unit"
    mend = mend or f"{how} in {where}, or give np.float32(...) there if these digits do not matter"
    raise UserError(f"{kind} {component!r} differs from item to item by {by}, {step}; {mend}")


def check_copies(reports, batches):
    """Check that no input is a target, where a model sees all attributes since the generator does not say what.

    Raises
    ------
    UserError
        If an input, or a number of one, equals a target of the same size on all examples; names both.
    """
    if not any(report.get("default_inputs") for report in reports):
        return
    batches = [path for path, report in zip(batches, reports) if report["items"]]
    first = open_arrays(batches[0])
    for target in [name for name in first if name.startswith("target/")]:
        for source in [name for name in first if name.startswith("input/")]:
            for column in _columns(first[source], first[target]):
                if _are_equal(_pairs(batches, source, column, target)):
                    _, name = source.split("/", 1)
                    raise UserError(
                        f"input {name!r} is the target {target[7:]!r}, in every example: a model would only copy it; "
                        f'leave it out, work_items.attributes: "* ^{name}", or name all inputs in inputs(item)'
                    )


def _columns(source, target):
    """Return the parts of an input that are as wide as a target: all of it, or each of its columns."""
    widths = [int(np.prod(array.shape[1:])) for array in (source, target)]
    if widths[0] == widths[1]:
        return [slice(None)]
    return [slice(column, column + 1) for column in range(widths[0])] if widths[1] == 1 else []


def check_copied_columns(table, named):
    """Check the same of a dataset that was read from a file; inputs that the config has *named* may be what they are.

    Raises
    ------
    UserError
        If an input equals a target of the same size on all examples; names both.
    """
    kinds = [[one for one in table.components if one["name"].startswith(kind)] for kind in ("input/", "target/")]
    inputs = [one for one in kinds[0] if one["name"][6:] not in named]
    start = table.array[:FIRST_ROWS]
    for target in kinds[1]:
        truth = start[:, columns_of(target)]
        near = 1e-3 * np.abs(truth).max()
        for source in inputs:
            if source["size"] == target["size"] and np.allclose(start[:, columns_of(source)], truth, 0, near):
                pairs = ((block[:, columns_of(target)], block[:, columns_of(source)]) for _, block in table.blocks())
                if _are_equal(pairs):
                    name, answer = source["name"][6:], target["name"][7:]
                    raise UserError(
                        f"input {name!r} is the target {answer!r}, in every example: a model would only copy it; "
                        f'leave it out, dataset.inputs: "* ^{name}", or name it there'
                    )


def _pairs(batches, source, column, target):
    """Yield a target and an input, (n, k) each, of one batch after the other."""
    for batch in map(open_arrays, batches):
        count = len(batch["id"])
        yield batch[target].reshape(count, -1), batch[source].reshape(count, -1)[:, column]


def _are_equal(pairs):
    """Whether two components are equal on all examples, and no constant."""
    difference, low, high = 0.0, np.inf, -np.inf
    for truth, given in pairs:
        difference = max(difference, np.abs(truth.astype(np.float64) - given).max())
        low, high = np.minimum(low, truth.min(0)), np.maximum(high, truth.max(0))
        if difference > 10 * EQUAL_SHARE * np.abs(truth).max():
            return False
    spread = (high.astype(np.float64) - low).max()
    return spread > 0 and difference <= EQUAL_SHARE * spread

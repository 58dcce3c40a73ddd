"""Cooked items in the store: found whichever batch they were in.

A kept result of ``data_points/{context}`` is a folder with ``rows.npz`` (the components, a row per item),
``items.npz`` (``digest`` (n, 2), ``seconds`` (n,), ``partial``: whether it is a piece of an unfinished batch;
``rounding/{component}`` (n, k): what float32 took away, not there in results of earlier versions).
"""

import math

import numpy as np

from geokiln.errors import UserError
from geokiln.storage.arrays import block_slices, check_same_layout, layout_of, open_arrays, read_arrays, write_arrays
from geokiln.storage.rounding import ROUNDING
from geokiln.work_items.batches import batch_key


class Found:
    """Where some items are kept.

    Attributes
    ----------
    source, row : (n,) int arrays
        For each item the number of the kept result in ``keys``, -1 if there is none, and the row in it.
    keys : list of str
    """

    def __init__(self, count):
        self.source, self.row, self.keys = np.full(count, -1), np.zeros(count, int), []

    def add(self, key, rows, rows_there):
        self.source[rows], self.row[rows] = len(self.keys), rows_there
        self.keys.append(key)

    @property
    def missing(self):
        return np.flatnonzero(self.source < 0)


def find_items(store, wanted, needed=frozenset()):
    """Return where the items with the digests *wanted* (n, 2) are kept, whole, with all components *needed* (names)."""
    found = Found(len(wanted))
    for index in sorted(store.folder.glob("[0-9a-f]*/items.npz")):
        missing = found.missing
        if not len(missing):
            break
        try:
            digests = np.array(open_arrays(index)["digest"])
        except (UserError, KeyError, ValueError, OSError):  # folded into its batch a moment ago, or damaged
            continue
        rows, rows_there = _matches(wanted[missing], digests)
        if len(rows) and store.is_whole(index.parent.name) and needed <= open_arrays(index.parent / "rows.npz").keys():
            found.add(index.parent.name, missing[rows], rows_there)
    return found


def _matches(wanted, digests):
    """Return the rows of *wanted* that are among *digests*, and where."""
    if not len(digests):  # of a batch whose items were all left out
        return np.zeros(0, int), np.zeros(0, int)
    order = np.argsort(digests[:, 0])
    place = order[np.minimum(np.searchsorted(digests[order, 0], wanted[:, 0]), len(order) - 1)]
    rows = np.flatnonzero((digests[place] == wanted).all(1))
    return rows, place[rows]


def keep_items(store, key, rows, digests, seconds, partial=False):
    """Keep the mapping *rows* (component -> array with a row per item) under *key*, appearing at once and whole."""
    rounding = {name: array for name, array in rows.items() if name.startswith(ROUNDING)}
    with store.keep(key) as folder:
        write_arrays(folder / "rows.npz", {name: array for name, array in rows.items() if name not in rounding})
        write_index(folder, digests, seconds, rounding, partial)


def write_index(folder, digests, seconds, rounding, partial=False):
    """Write ``items.npz`` of a kept result."""
    about = {"digest": digests, "seconds": np.float32(seconds), "partial": partial, **rounding}
    write_arrays(folder / "items.npz", about)


def gather(store, found, names, unwanted=frozenset()):
    """Return the rows of items that are all kept, in their order; what stands in the index; the keys of pieces.

    Returns
    -------
    rows : dict
        Without the components *unwanted*, as below.
    seconds : (n,) float32
    rounding : dict
        ``rounding/{component}`` -> (n, k), NaN where nothing is known.
    pieces : list of str
        Keys of the unfinished pieces among the kept results.

    The rows are component -> (dtype, shape, blocks), as `geokiln.storage.arrays.write_arrays_in_blocks` takes them: a
    big batch is never in memory as a whole. *names* are the items' identities, for the sentence that says whose shapes
    differ from the others'.
    """
    kept = [open_arrays(store.folder / key / "rows.npz") for key in found.keys]
    about = [read_arrays(store.folder / key / "items.npz") for key in found.keys]
    layouts = [{name: shape for name, shape in layout_of(rows).items() if name not in unwanted} for rows in kept]
    used = {f"item {names[row]}": layouts[source] for row, source in enumerate(found.source)}
    check_same_layout(used)
    count = len(found.source)
    seconds = np.zeros(count, np.float32)
    for source, part in enumerate(about):
        here = found.source == source
        seconds[here] = part["seconds"][found.row[here]]
    arrays = {
        name: (np.float32, (count, *shape), _blocks([rows[name] for rows in kept], found, shape))
        for name, shape in layouts[found.source[0]].items()
    }
    pieces = [key for key, part in zip(found.keys, about) if part["partial"]]
    return arrays, seconds, _rounding(about, found, arrays), pieces


def _rounding(about, found, components):
    """Return what float32 took away from each of the *components*, NaN where a kept result does not tell."""
    rounding = {}
    for source, part in enumerate(about):
        here = found.source == source
        for name in part.keys() & {ROUNDING + component for component in components}:
            array = rounding.setdefault(name, np.full((len(found.source), part[name].shape[1]), np.nan))
            array[here] = part[name][found.row[here]]
    return dict(sorted(rounding.items()))


def _blocks(kept, found, shape):
    """Yield the rows of one component a block at a time, from the arrays of all kept results."""
    for block in block_slices(len(found.source), 4 * math.prod(shape)):
        source, row = found.source[block], found.row[block]
        rows = np.empty((len(source), *shape), np.float32)
        for number in np.unique(source):
            here = source == number
            rows[here] = kept[number][row[here]]
        yield rows


def piece_key(digests):
    """Return the key of a piece of a batch."""
    return batch_key([digests.tobytes()], "piece")

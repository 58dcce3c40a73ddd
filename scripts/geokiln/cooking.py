"""Cook the work items of a batch, keeping each result as soon as it is there."""

import json
import time
import traceback

import numpy as np

from geokiln.arrays import check_same_layout, read_arrays, write_arrays
from geokiln.errors import UserError
from geokiln.fingerprints import fingerprint
from geokiln.generator import Generator
from geokiln.work_items import Item

TRACEBACKS = 3  # of failed items in a log; the others' messages tell enough
KEEP_SECONDS = 0.05  # what is cooked within this time is kept together: a kill loses no more than that
PARTS = {"inputs": "input", "targets": "target", "baseline": "baseline"}


def cook_batch(items, prints, key, generator_path, parameters, parts, store, check=lambda: None):
    """Cook what *store* lacks of a batch, then keep the whole batch under *key*.

    Parameters
    ----------
    items, prints : lists of the same length
        Work items and their fingerprints.
    key : str
        Fingerprint of the batch.
    parts : list of str
        ``inputs``, ``targets``, ``baseline``: what to compute. A baseline that the generator lacks is left out.
    check : function
        Called before anything is kept; raises if what the fingerprints were made of has changed meanwhile.
    store : geokiln.store.Store
        Items are kept as soon as they are cooked, so that a killed or failed job loses (next to) nothing.

    Returns
    -------
    dict
        ``cooked`` and ``reused``: number of items.

    Raises
    ------
    UserError
        After all items were tried: if some failed, or if an item's shapes differ from the others'. Names them.
    """
    generator = Generator(generator_path)
    found = store.find_items(prints)
    missing = [(item, print_) for item, print_ in zip(items, prints) if print_ not in found]
    failures, cooked = {}, _Cooked(store, check)
    try:
        for item, item_print in missing:
            start = time.perf_counter()
            try:
                components = _cook(generator, Item(item, parameters), parts)
            except UserError as error:
                failures[item["id"]] = str(error)
            except Exception as error:  # whatever the user's code raises is that item's failure
                if len(failures) < TRACEBACKS:
                    traceback.print_exc()
                failures[item["id"]] = f"{generator_path}: item {item['id']} raised {type(error).__name__}: {error}"
            else:
                cooked.add(item_print, components, start)
    finally:  # Ctrl-C, too, keeps what is there
        cooked.keep()
    found.update(cooked.places)
    if failures:
        raise UserError(_failure(failures, len(items)))
    arrays, seconds, partial = _gather(items, prints, found, store)
    _keep(store, key, {"id": np.array([item["id"] for item in items]), **arrays}, prints, seconds)
    for part in partial:  # now in the batch
        store.discard(part)
    return {"cooked": len(missing), "reused": len(items) - len(missing)}


def _cook(generator, item, parts):
    components = {}
    for part in parts:
        if part == "baseline" and not generator.has("baseline"):
            continue
        for name, array in getattr(generator, part)(item).items():
            components[f"{PARTS[part]}/{name}"] = array
    return components


class _Cooked:
    """Items that were cooked: a few at a time are kept in the store until their batch is complete.

    ``places`` tells where: fingerprint -> (key of the kept result, row in it).
    """

    def __init__(self, store, check):
        self.store, self.check = store, check
        self.places = {}
        self._pending = []  # (fingerprint, components, seconds), all with the same components and shapes
        self._since = None

    def add(self, item_print, components, start):
        now = time.perf_counter()
        if self._pending and not _same_layout(self._pending[0][1], components):
            self.keep()
        self._since = self._since or start
        self._pending.append((item_print, components, now - start))
        if now - self._since >= KEEP_SECONDS:
            self.keep()

    def keep(self):
        if self._pending:
            self.check()
            prints, components, seconds = zip(*self._pending)
            rows = {name: np.stack([part[name] for part in components]) for name in components[0]}
            key = fingerprint(["partial", *prints])
            _keep(self.store, key, rows, list(prints), list(seconds), partial=True)
            self.places.update((item_print, (key, row)) for row, item_print in enumerate(prints))
        self._pending, self._since = [], None


def _same_layout(one, other):
    return {name: array.shape for name, array in one.items()} == {name: array.shape for name, array in other.items()}


def _keep(store, key, rows, prints, seconds, partial=False):
    with store.keep(key) as folder:
        write_arrays(folder / "rows.npz", rows)
        about = {"fingerprints": prints, "seconds": seconds, "partial": partial}
        (folder / "items.json").write_text(json.dumps(about))


def _gather(items, prints, found, store):
    """Return the batch's arrays, a row per item in the items' order, and each item's seconds of cooking.

    Third come the keys of what was kept of an unfinished batch: not needed once the batch is whole.
    """
    folders = {key for key, _ in found.values()}
    kept = {key: read_arrays(store.folder / key / "rows.npz") for key in folders}
    about = {key: json.loads((store.folder / key / "items.json").read_text()) for key in folders}
    places = [found[item_print] for item_print in prints]
    layouts = [{n: a.shape[1:] for n, a in kept[key].items() if n != "id"} for key, _ in places]
    check_same_layout(dict(zip((f"item {item['id']}" for item in items), layouts)))
    arrays = {name: np.stack([kept[key][name][row] for key, row in places]) for name in layouts[0]}
    partial = [key for key in folders if about[key]["partial"]]
    return arrays, [about[key]["seconds"][row] for key, row in places], partial


def _failure(failures, count):
    """Return one sentence for failed items: the first one's own, and how many more there are."""
    first = next(iter(failures.values()))
    others = list(failures)[1:]
    names = ", ".join(others[:10]) + (" ..." if len(others) > 10 else "")
    more = f"; {len(others)} more failed: {names}" if others else ""
    return f"{first}{more}; {count - len(failures)} of {count} items are kept, the next run cooks only the rest"

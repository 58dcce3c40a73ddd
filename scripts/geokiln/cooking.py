"""Cook the work items of a batch, keeping each result as soon as it is there."""

import json
import time
import traceback

import numpy as np

from geokiln.arrays import check_same_layout, read_arrays, write_arrays
from geokiln.errors import UserError
from geokiln.generator import Generator
from geokiln.work_items import Item

TRACEBACKS = 3  # of failed items in a log; the others' messages tell enough
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
        Each item is kept as soon as it is cooked, so that a killed or failed job loses nothing.

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
    failures = {}
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
            check()
            rows = {name: array[np.newaxis] for name, array in components.items()}
            _keep(store, item_print, rows, [item_print], [time.perf_counter() - start])
            found[item_print] = (item_print, 0)
    if failures:
        raise UserError(_failure(failures, len(items)))
    arrays, seconds = _gather(items, prints, found, store)
    _keep(store, key, {"id": np.array([item["id"] for item in items]), **arrays}, prints, seconds)
    for item_print in prints:  # now in the batch: the single items are not needed any more
        store.discard(item_print)
    return {"cooked": len(missing), "reused": len(items) - len(missing)}


def _cook(generator, item, parts):
    components = {}
    for part in parts:
        if part == "baseline" and not generator.has("baseline"):
            continue
        for name, array in getattr(generator, part)(item).items():
            components[f"{PARTS[part]}/{name}"] = array
    return components


def _keep(store, key, rows, prints, seconds):
    with store.keep(key) as folder:
        write_arrays(folder / "rows.npz", rows)
        (folder / "items.json").write_text(json.dumps({"fingerprints": prints, "seconds": seconds}))


def _gather(items, prints, found, store):
    """Return the batch's arrays, a row per item in the items' order, and each item's seconds of cooking."""
    folders = {key for key, _ in found.values()}
    kept = {key: read_arrays(store.folder / key / "rows.npz") for key in folders}
    times = {key: json.loads((store.folder / key / "items.json").read_text())["seconds"] for key in folders}
    places = [found[item_print] for item_print in prints]
    layouts = [{n: a.shape[1:] for n, a in kept[key].items() if n != "id"} for key, _ in places]
    check_same_layout(dict(zip((f"item {item['id']}" for item in items), layouts)))
    arrays = {name: np.stack([kept[key][name][row] for key, row in places]) for name in layouts[0]}
    return arrays, [times[key][row] for key, row in places]


def _failure(failures, count):
    """Return one sentence for failed items: the first one's own, and how many more there are."""
    first = next(iter(failures.values()))
    others = list(failures)[1:]
    names = ", ".join(others[:10]) + (" ..." if len(others) > 10 else "")
    more = f"; {len(others)} more failed: {names}" if others else ""
    return f"{first}{more}; {count - len(failures)} of {count} items are kept, the next run cooks only the rest"

"""Cook the work items of a batch, keeping each result as soon as it is there."""

import time
import traceback
from contextlib import closing

import numpy as np

from geokiln.cooking.kept_items import find_items, gather, keep_items, piece_key, write_index
from geokiln.errors import DropItem, InvalidExample, UserError, text_of
from geokiln.storage.arrays import layout_of, write_arrays_in_blocks
from geokiln.storage.files import content_digest, write_json
from geokiln.storage.rounding import ROUNDING
from geokiln.user_code import running

TRACEBACKS = 3  # of failed items in a log; the others' messages tell enough
KEEP_SECONDS = 0.05  # what is cooked within this time is kept together: a kill loses no more than that, or
KEEP_SHARE = 0.01  # than keeps keeping at this share of the time
SLOWEST = 10  # items that a report names


def cook_batch(items, digests, key, kind, store, drop_invalid=False, tolerate=False, check=lambda: None, policy=""):
    """Cook what *store* lacks of a batch, then keep the whole batch with its report.

    Parameters
    ----------
    items : WorkItems
    digests : (n, 2) uint64
        What identifies the items.
    key : str
        Fingerprint of the batch: it is kept under this, or, if items failed, under it with ``-incomplete``.
    kind : geokiln.cooking.kinds.CookKind
        How items are cooked.
    store : geokiln.storage.store.Store
        Items are kept as soon as they are cooked, so that a killed or failed job loses (next to) nothing.
    drop_invalid : bool
        Leave items out whose values are not finite, instead of failing.
    tolerate : bool
        Leave failed items out; the merge decides whether they are too many.
    policy : str
        What decides which items are dropped; the report has it.
    check : function
        Called before anything is kept; raises if what the fingerprints were made of has changed meanwhile.

    Returns
    -------
    dict
        ``cooked``, ``reused``, ``dropped``, ``failed``: numbers of items; ``key``: what the batch is kept under.

    Raises
    ------
    UserError
        After all items were tried: if some failed, or if an item's shapes differ from the others'. Names them.
    """
    needed = {f"input/{name}" for name in items.input_names} if kind.default_inputs else set()
    found = find_items(store, digests, needed)
    missing = found.missing
    dropped, failures, cooked = {}, {}, _Cooked(store, digests, found, check, lambda rows: kind.kept(items.ids[rows]))
    calls = _calls(kind, items, digests, missing)
    try:
        start = time.perf_counter()  # an item's time begins where that of the one before it ended
        for rows, crash in calls:
            if crash and crash.times > 1:
                ended = UserError(f"{crash.where} ended the process ({crash.how})")
                good, components, errors = rows[:0], {}, dict.fromkeys(range(len(rows)), ended)
            else:
                if crash:
                    cooked.keep()
                running.page.items(rows[0], rows[-1], crash.times if crash else 0)
                good, components, errors = _cook(kind, items.rows(rows))
                running.page.survived()
            cooked.add(rows[good], components, (time.perf_counter() - start) / len(rows))
            for row, error in errors.items():
                drop = isinstance(error, DropItem) or (drop_invalid and isinstance(error, InvalidExample))
                reasons = dropped if drop else failures
                cause = error.__cause__ if isinstance(error, (UserError, DropItem)) else error
                if cause and len(failures) < TRACEBACKS:
                    traceback.print_exception(type(cause), cause, cause.__traceback__)
                reasons[str(items.ids[rows[row]])] = _reason(kind, items.ids[rows[row]], error)
            start = time.perf_counter()
    finally:  # Ctrl-C, too, keeps what is there
        calls.close()
        running.page.items(-1, -1, 0)
        cooked.keep()
    done = {"cooked": len(missing), "reused": len(items) - len(missing)}
    if failures and not tolerate:
        raise UserError(_failure(failures, len(items)))
    for id_, reason in {**dropped, **failures}.items():
        print(f"warning: item {id_} is left out: {reason}")
    kept_rows = np.flatnonzero(found.source >= 0)
    report = {"dropped": dropped, "failed": failures, "policy": policy, "default_inputs": kind.default_inputs}
    key = f"{key}-incomplete" if failures else key
    _keep_batch(store, key, items.rows(kept_rows), digests[kept_rows], _only(found, kept_rows), report, done["cooked"])
    return {**done, "dropped": len(dropped), "failed": len(failures), "key": key}


def _calls(kind, items, digests, missing):
    """Yield the rows of each call, and a Crash if they ended the process before: those come last."""
    crashes = {(crash.first, crash.last): crash for crash in running.crashes if crash.first >= 0}
    groups = [(missing[(missing >= first) & (missing <= last)], crash) for (first, last), crash in crashes.items()]
    calm = np.setdiff1d(missing, np.concatenate([rows for rows, _ in groups])) if groups else missing
    for rows, crash in [(calm, None), *groups]:
        if crash and crash.times > 1 and len(rows):  # it is not to be asked again
            yield rows, crash
        elif len(rows):
            with closing(kind.calls(items.rows(rows), digests[rows])) as calls:
                for call in calls:
                    yield rows[call.start : call.stop], crash


def _cook(kind, items):
    """Cook the items of one call; return the rows that are good, their components, and row -> error of the others."""
    try:
        components, bad = kind.cook(items)
    except Exception as error:  # whatever the user's code raises is these items' failure
        return np.zeros(0, int), {}, dict.fromkeys(range(len(items)), error)
    if not bad:
        return np.arange(len(items)), components, bad
    good = np.array([row for row in range(len(items)) if row not in bad], int)
    return good, {name: array[good] for name, array in components.items()}, bad


class _Cooked:
    """Items that were cooked: a few at a time are kept in the store until their batch is complete."""

    def __init__(self, store, digests, found, check, kept):
        self.store, self.digests, self.found, self.check, self.kept = store, digests, found, check, kept
        self._pending = []  # (rows, components, seconds of each), all with the same components and shapes
        self._since, self._wait = None, KEEP_SECONDS

    def add(self, rows, components, seconds):
        """Take the *components* of the items *rows*, each of which took so many *seconds*."""
        if not len(rows):
            return
        if self._pending and layout_of(self._pending[0][1]) != layout_of(components):
            self.keep()
        now = time.perf_counter()
        self._since = self._since or now - seconds * len(rows)
        self._pending.append((rows, components, np.full(len(rows), seconds)))
        if now - self._since >= self._wait:
            self.keep()

    def keep(self):
        if self._pending:
            start = time.perf_counter()
            self.check()
            rows = np.concatenate([part[0] for part in self._pending])
            seconds = np.concatenate([part[2] for part in self._pending])
            arrays = {name: np.concatenate([part[1][name] for part in self._pending]) for name in self._pending[0][1]}
            key = piece_key(self.digests[rows])
            keep_items(self.store, key, arrays, self.digests[rows], seconds, partial=True)
            self.found.add(key, rows, np.arange(len(rows)))
            self.kept(rows)
            self._wait = max(KEEP_SECONDS, (time.perf_counter() - start) / KEEP_SHARE)
        self._pending, self._since = [], None


def _only(found, rows):
    found.source, found.row = found.source[rows], found.row[rows]
    return found


def _keep_batch(store, key, items, digests, found, report, cooked):
    """Keep a batch and its report in one piece, and throw away the pieces that it was cooked in."""
    arrays, seconds, rounding, pieces = {}, np.zeros(0, np.float32), {}, []
    if len(items):
        unwanted = {f"input/{name}" for name in items.no_inputs} if report["default_inputs"] else set()
        arrays, seconds, rounding, pieces = gather(store, found, items.ids, unwanted)
    with store.keep(key, anew=bool(cooked)) as folder:
        write_arrays_in_blocks(folder / "rows.npz", {"id": (items.ids.dtype, items.ids.shape, [items.ids]), **arrays})
        write_index(folder, digests, seconds, rounding)
        slowest = np.argsort(-seconds, kind="stable")[:SLOWEST]
        times = {
            "total": round(float(seconds.sum()), 6),
            "median": round(float(np.median(seconds)), 6) if len(seconds) else 0.0,
            "slowest": {str(items.ids[row]): round(float(seconds[row]), 6) for row in slowest},
        }
        digest, lost = content_digest(folder / "rows.npz"), _ranges(rounding)
        about = {"digest": digest, "items": len(items), **report, "seconds": times, "rounding": lost}
        write_json(folder / "report.json", about)
    for piece in pieces:
        store.discard(piece)


def _ranges(rounding):
    """Return the lowest and the highest of what float32 took away: component -> a pair for each of its columns."""
    ranges = {}
    for name, array in rounding.items():
        known = array[~np.isnan(array).any(1)]
        if len(known):
            pairs = zip(known.min(0).tolist(), known.max(0).tolist())
            ranges[name[len(ROUNDING) :]] = [[float(f"{low:.9g}"), float(f"{high:.9g}")] for low, high in pairs]
    return ranges


def _reason(kind, id_, error):
    if isinstance(error, (UserError, DropItem)):
        return text_of(error)
    return f"{kind.generator.path}: item {id_} raised {type(error).__name__}: {text_of(error)}"


def _failure(failures, count):
    """Return one sentence for failed items: the first one's own, and how many more there are."""
    first = next(iter(failures.values()))
    others = list(failures)[1:]
    names = ", ".join(others[:10]) + (" ..." if len(others) > 10 else "")
    more = f"; {len(others)} more failed: {names}" if others else ""
    return f"{first}{more}; {count - len(failures)} of {count} items are kept, the next run cooks only the rest"

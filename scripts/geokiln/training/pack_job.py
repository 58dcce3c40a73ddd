"""A job that trains a pack of wedges: it finds in the store what was trained before, and trains and keeps the rest.

Nothing heavy is imported before it is known that something must be trained.
"""

import atexit
import contextlib
import gc

from geokiln.storage.audit import audited
from geokiln.storage.files import watch
from geokiln.storage.fingerprints import fingerprint
from geokiln.storage.results import read_result
from geokiln.storage.sources import closure
from geokiln.storage.store import STORE, Store
from geokiln.training.context import STATE_VERSION, train_context
from geokiln.training.halving import dropped_wedges, settings_of_rung
from geokiln.training.settings import of_the_way, streamed_within, that_count


def run_pack_job(
    data, settings, wedges, environment, script=None, initial_weights=None, until=None, earlier=None, chosen=None
):
    """Train the wedges of a pack that the store lacks.

    Parameters
    ----------
    data : geokiln.training.context.PackData
    settings : dict
        All keys of ``training:``.
    wedges : dict
        Wedge -> its own values of them.
    environment : str
        Name of the environment, part of the fingerprint.
    script, initial_weights : path, optional
        The user's code, and weights to start from.
    until : int, optional
        Epochs to train for now, of those that the settings say: a rung of successive halving.
    earlier, chosen : path, optional
        ``rungs/{rung}/{pack}.json``, ``rungs/{rung}.json``: what the pack came to at the rung before, and which wedges
        go on from there.

    Returns
    -------
    wedges : dict
        Wedge -> ``settings``, ``key`` (where the store keeps it), and ``dropped`` for one that did not go on.
    trained : list of str
        Those that were trained now.
    """
    table = read_result(data.training[1])
    context = train_context(data, environment, script, initial_weights)
    about = {wedge: {"settings": {**settings, **values}} for wedge, values in wedges.items()}
    if chosen:
        about.update(dropped_wedges(read_result(earlier)["wedges"], read_result(chosen)))
    members = {wedge: one["settings"] for wedge, one in about.items() if "dropped" not in one}
    if until:
        members = {wedge: settings_of_rung(one, until) for wedge, one in members.items()}

    def fingerprint_with(one, **more):
        return fingerprint({**context, "memory": streamed_within(one, table), **more})

    store = Store("wedges")
    keys = {wedge: fingerprint_with(one, settings=that_count(one)) for wedge, one in members.items()}
    missing = {key: wedge for wedge, key in keys.items() if not store.is_whole(key)}  # equal ones are trained once
    trained = {wedge: members[wedge] for wedge in members if wedge in missing.values()}
    if trained:
        ways = {w: fingerprint_with(one, way=of_the_way(one), state=STATE_VERSION) for w, one in trained.items()}
        _train(data, trained, keys, ways, store, script, initial_weights)
    for wedge, key in keys.items():
        about[wedge]["key"] = key
    return about, list(trained)


def _train(data, members, keys, ways, store, script, initial_weights):
    """Train *members* (wedge -> settings) and keep each under its key as soon as it is done."""
    atexit.register(gc.freeze)  # at the end Python would look through all of PyTorch for garbage, for 0.3 s
    from geokiln.training.own_script import OwnScript
    from geokiln.training.states import States
    from geokiln.training.train_pack import train_pack

    unchanged = watch([*(closure(script) if script else []), *filter(None, [initial_weights])])
    states = {wedge: States(STORE / "states" / ways[wedge], settings) for wedge, settings in members.items()}

    @contextlib.contextmanager
    def keep(wedge):
        with store.keep(keys[wedge]) as folder:
            yield folder
            unchanged()
            covered()

    files = [*data.training, *data.validation, data.basis, *data.examples, *filter(None, [initial_weights])]
    with audited("training", script, own=files, key=None) as covered:
        own = OwnScript(script) if script else None
        covered()
        diverged = train_pack(data, members, states, keep, own, initial_weights)
    if diverged:
        print(f"diverged (the loss was not finite any more): {', '.join(diverged)}")

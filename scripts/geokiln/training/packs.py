"""Packs: which wedges one job trains.

Small networks of one shape are trained as one stacked network, in a small part of the time that they take one by one.
Only the standard library is imported here.
"""

import json
from pathlib import Path

from geokiln.storage.store import Store
from geokiln.wedges.expansion import wedge_name
from geokiln.wedges.hyperparameters import SHARED

STACKED_WEIGHTS = 1 << 16  # of a hidden layer: more leave a core's cache, and stacking gains nothing
LARGEST = 32


def pack_wedges(wedges, axes, settings_of, recipe_keys, stackable=True):
    """Return name of a pack -> its wedges, sorted.

    A pack is named by the values that its wedges share, and numbered; a pack of one has the wedge's name.

    Parameters
    ----------
    wedges : list of str
    axes : list of str
        The keys that any wedge has values of.
    settings_of : function
        ``settings_of(wedge)`` returns all keys of ``training:`` and ``preprocess:``, the wedge's values laid over.
    recipe_keys : collection of str
        The keys of ``preprocess:``: wedges of one pack share their preprocessing.
    stackable : bool
        Whether built-in networks are trained; others are packs of one.
    """
    alike = {}
    for wedge in sorted(wedges):
        settings = settings_of(wedge)
        shared = {axis: settings[axis] for axis in axes if axis in SHARED or axis in recipe_keys}
        alike.setdefault(wedge_name(shared) if shared else "base", []).append(wedge)
    packs = {}
    for name, members in alike.items():
        settings = settings_of(members[0])
        size = pack_size(settings) if stackable and settings["model"] == "network" else 1
        for number, part in enumerate(_even_parts(members, -(-len(members) // size))):
            packs[part[0] if len(part) == 1 else f"{name}_{number}"] = part
    return packs


def pack_size(settings):
    """Return how many wedges with these settings are trained at once, at most: ``training.pack_size``.

    ``auto`` was measured on one core (docs/wedges.md). On small networks most of the time is Python's and PyTorch's,
    and is paid once for all of a stack; large ones keep the processor busy by themselves.

    >>> [pack_size({"pack_size": "auto", "hidden_widths": None, "hidden_layers": 2, "hidden_width": width})
    ...  for width in (32, 64, 96, 128, 256, 1024)]
    [32, 16, 7, 4, 1, 1]
    """
    if settings["pack_size"] != "auto":
        return settings["pack_size"]
    widest = max(settings["hidden_widths"] or [settings["hidden_width"]])
    return min(LARGEST, max(1, STACKED_WEIGHTS // widest**2))


def _even_parts(members, count):
    """Return *members* in *count* parts as even as can be, in their order."""
    ends = [number * len(members) // count for number in range(count + 1)]
    return [members[first:last] for first, last in zip(ends, ends[1:])]


def pack_file(wedge, pack, asked, lost=()):
    """Return the file of the pack that trains a wedge: a pack of its own, where the wedge alone is asked for.

    Once its *pack* is there, the wedge comes from it: what is finished stays finished, however it is asked for.

    Parameters
    ----------
    asked : set of str, or None
        The wedges that the command line asks for alone; None in a job of a farm, which sees another command line.
    lost : collection of str
        Pack files that are to be made again (`lost_wedges`): it is as if they were not there.
    """
    together, alone = f"packs/{pack}.json", f"packs/{wedge}.json"
    if Path(together).exists() and together not in lost:
        return together
    by_name = (Path(alone).exists() and alone not in lost) if asked is None else wedge in asked
    return alone if by_name else together


def lost_wedges(file, stale):
    """Return the wedges for which a pack's file vouches, which are to be published anew, and are not in the store.

    They were deleted, or damaged. A job finds out too late that they must be trained anew: the plan would be made.
    *stale* holds the results that are made anew.
    """
    try:
        wedges = json.loads(Path(file).read_text(encoding="utf-8"))["wedges"]
        return [
            wedge
            for wedge, about in wedges.items()
            if _is_gone(f"wedges/{wedge}/training.json", stale) and not Store("wedges").agrees(about["key"])
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # others tell what is wrong with it
        return []


def _is_gone(result, stale):
    return result in stale or not Path(result).exists()

"""The files between a pack and its wedges. Only the standard library is imported here."""

import contextlib
import json
import os
from pathlib import Path

from geokiln.store import STORE

# the last vouches for all
WEDGE_FILES = ("weights.safetensors", "losses.csv", "snapshots.safetensors", "training.json")
# targets that every wedge leads to, and folders of such
OF_ALL = ("all", "model.onnx", "wedges.csv", "wedges_on_unseen.json")
FOLDERS_OF_ALL = ("packs/", "predictions/", "rungs/")


def asked_alone(arguments, wedges):
    """Return the wedges that a command line asks for by a file of theirs, where it asks for nothing of all wedges.

    >>> asked_alone(["--cores", "2", "wedges/seed-1/model.onnx"], ["seed-1", "seed-2"])
    {'seed-1'}
    >>> asked_alone(["wedges/seed-1/model.onnx", "predictions/all.npz"], ["seed-1", "seed-2"])
    set()
    """
    if any(word in OF_ALL or word.startswith(FOLDERS_OF_ALL) for word in arguments):
        return set()
    parts = [Path(word).parts for word in arguments]
    return {part[1] for part in parts if part[0:1] == ("wedges",) and part[1:2] and part[1] in wedges}


def pack_file(wedge, pack, asked):
    """Return the file of the pack that trains a wedge: a pack of its own, where the wedge alone is asked for.

    Once its *pack* is there, the wedge comes from it: what is finished stays finished, however it is asked for.

    Parameters
    ----------
    asked : set of str, or None
        The wedges that the command line asks for alone; None in a job of a farm, which sees another command line.
    """
    together, alone = f"packs/{pack}.json", f"packs/{wedge}.json"
    if Path(together).exists():
        return together
    by_name = Path(alone).exists() if asked is None else wedge in asked
    return alone if by_name else together


def forget_lost_packs(files):
    """Delete the pack files that vouch for a wedge which is neither published nor kept in the store any more.

    It was deleted by hand. A job finds out too late that it must be trained anew: the plan would be made.
    """
    for file in filter(os.path.exists, files):
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):  # others tell what is wrong with it
            wedges = json.loads(Path(file).read_text(encoding="utf-8"))["wedges"]
            for wedge, about in wedges.items():
                published = all(os.path.exists(f"wedges/{wedge}/{name}") for name in WEDGE_FILES)
                if not published and not (STORE / "wedges" / about["key"]).exists():
                    os.remove(file)
                    break

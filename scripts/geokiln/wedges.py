"""Wedges: combinations of hyperparameters, named after their values."""

import hashlib
import itertools

LONGEST_NAME = 100


def expand_wedges(axes):
    """Return all combinations of *axes* (key -> list of values): wedge name -> {key: value}.

    Axes are sorted, so their order in the config does not matter; a repeated value counts once.

    >>> list(expand_wedges({"weight_decay": [0.0, 0.01], "hidden_layers": [2]}))
    ['hidden_layers-2_weight_decay-0.0', 'hidden_layers-2_weight_decay-0.01']
    """
    keys = sorted(axes)
    combinations = itertools.product(*(axes[key] for key in keys))
    wedges = (dict(zip(keys, values)) for values in combinations)
    return {wedge_name(wedge): wedge for wedge in wedges}


def wedge_name(wedge):
    """Return the name of a wedge: its keys and values, without commas (farm executors split wildcards on them)."""
    texts = {key: "x".join(map(str, value)) if isinstance(value, list) else value for key, value in wedge.items()}
    name = "_".join(f"{key}-{value}" for key, value in texts.items()) or "single"
    name = "".join(letter if letter.isalnum() or letter in "-_.+" else "~" for letter in name)
    if len(name) <= LONGEST_NAME:
        return name
    return "wedge-" + hashlib.blake2b(name.encode(), digest_size=8).hexdigest()

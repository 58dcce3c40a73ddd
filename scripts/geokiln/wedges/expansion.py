"""Wedges: combinations of hyperparameters, named after their values.

A list of nodes makes them, as stacked Wedge TOPs do (SideFX, tops/wedge): each takes the wedges made so far, and gives
more.
"""

import itertools
import json

from geokiln.errors import UserError
from geokiln.storage.fingerprints import blake2b
from geokiln.wedges.conditions import condition
from geokiln.wedges.nodes import expand_node

LONGEST_NAME = 100
MOST = 100_000


def expand_wedges(wedges, settings=None, run_script=None):
    """Return the wedges that a config asks for, checked before: wedge name -> {key: value}, keys sorted.

    The short form, key -> list of values, is a node for each key, sorted: all combinations, whatever the order of the
    keys. Of equal wedges the first counts. A value that a later node sets replaces an earlier one.

    Parameters
    ----------
    wedges : dict or list of dict
        The short form, or nodes.
    settings : dict, optional
        All of ``training:``; what a wedge does not vary is what they say, in conditions and for seeds.
    run_script : function of (script, wedges so far, where), optional
        Runs a user's file.

    Raises
    ------
    UserError
        If there would be more than 100,000 wedges or none at all, or if a condition or a user's file fails.

    >>> list(expand_wedges({"weight_decay": [0.0, 0.01], "hidden_layers": [2]}))
    ['hidden_layers-2_weight_decay-0.0', 'hidden_layers-2_weight_decay-0.01']
    >>> list(expand_wedges([{"hidden_layers": [1, 2]}, {"extra": {"epochs": 5}}]))
    ['hidden_layers-1', 'hidden_layers-2', 'epochs-5']
    """
    if isinstance(wedges, dict):
        nodes = [("wedges", {key: wedges[key]}) for key in sorted(wedges)]
    else:
        nodes = [(f"wedges[{number}]", node) for number, node in enumerate(wedges)]
    made = []  # nothing yet: one wedge without values to all nodes but extra
    for where, node in nodes:
        made = _distinct(_apply(node, where, made, settings or {}, run_script))
        _check_count(len(made), where)
    return _named(made or [{}])


def _apply(node, where, made, settings, run_script):
    if "extra" in node:
        return made + (node["extra"] if isinstance(node["extra"], list) else [node["extra"]])
    made = made or [{}]
    if "script" in node:
        return run_script(node["script"], made, where)
    if "skip" in node:
        return _without(node["skip"], where, made, settings)
    if "repeats" in node:
        _check_count(len(made) * node["repeats"], where)
        seeds = [wedge.get("seed", settings.get("seed", 0)) for wedge in made]
        return [{**wedge, "seed": seed + i} for wedge, seed in zip(made, seeds) for i in range(node["repeats"])]
    try:
        variants = expand_node(node)
    except UserError as error:
        raise UserError(f"config.yaml: {where}: {error}") from None
    _check_count(len(made) * len(variants), where)
    return [{**wedge, **values} for wedge, values in itertools.product(made, variants)]


def _without(text, where, made, settings):
    try:
        skip = condition(text, {*settings, *itertools.chain(*made)})
        left = [wedge for wedge in made if not skip({**settings, **wedge})]
    except UserError as error:
        raise UserError(f"config.yaml: {where}.skip: {error}") from None
    if not left:
        raise UserError(f"config.yaml: {where}.skip: {text!r} holds for all of the wedges ({len(made)}); none is left")
    return left


def _check_count(count, where):
    if count > MOST:
        raise UserError(f"config.yaml: {where}: makes {count} wedges; {MOST} are the most")


def _distinct(wedges):
    distinct = {}
    for wedge in wedges:
        distinct.setdefault(_identity(wedge), wedge)
    return list(distinct.values())


def _identity(value):
    """Return what equal values share: 1 and 1.0 are equal, 1 and true are not."""
    if isinstance(value, dict):
        return frozenset((key, _identity(value[key])) for key in value)
    if isinstance(value, list):
        return tuple(map(_identity, value))
    return isinstance(value, bool), value


def _named(wedges):
    """Return name -> wedge; where a name is taken, since it does not tell all values, another one is a hash of them."""
    named = {}
    for wedge in wedges:
        wedge = {key: wedge[key] for key in sorted(wedge)}
        name = wedge_name(wedge)
        named[_hashed(json.dumps(wedge)) if name in named else name] = wedge
    return named


def wedge_name(wedge):
    """Return the name of a wedge: its keys and values, without commas (farm executors split wildcards on them)."""
    texts = {key: "x".join(map(str, value)) if isinstance(value, list) else value for key, value in wedge.items()}
    name = "_".join(f"{key}-{texts[key]}" for key in sorted(texts)) or "single"
    name = "".join(letter if letter.isalnum() or letter in "-_.+" else "~" for letter in name)
    return name if len(name) <= LONGEST_NAME else _hashed(name)


def _hashed(text):
    return "wedge-" + blake2b(text.encode(), digest_size=8).hexdigest()

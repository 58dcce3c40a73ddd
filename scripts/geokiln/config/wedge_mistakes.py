"""What is wrong with ``wedges:`` in a config, told before any wedge is made; the schema tells the rest."""

import math

from geokiln.config.schema_mistakes import reasons, violations
from geokiln.errors import UserError, near_match
from geokiln.wedges.conditions import condition
from geokiln.wedges.hyperparameters import HYPERPARAMETERS
from geokiln.wedges.nodes import JOINT, attributes_of, fixed_points, is_random, is_spread, listed

ALONE = ("skip", "extra", "repeats", "script")  # keys of a node beside which nothing else stands
OF_NODES = (*ALONE, "count", "sampling")


def hyperparameters(schema):
    """Return what wedges can vary: key of ``training`` or ``preprocess`` -> its schema."""
    return {**schema["properties"]["preprocess"]["properties"], **schema["properties"]["training"]["properties"]}


def wedge_mistakes(wedges, schema):
    """Return a sentence for each key that cannot vary, each value that a key refuses, each odd node.

    Parameters
    ----------
    wedges : dict or list of dict
        The short form or nodes; of other types nothing is said here.
    schema : dict
        Of the whole config.
    """
    training, spread = hyperparameters(schema), schema["$defs"]["spread"]
    if isinstance(wedges, dict):
        return [sentence for axis in wedges for sentence in _axis_mistakes(axis, wedges[axis], training)]
    nodes = enumerate(wedges) if isinstance(wedges, list) else ()
    return [
        sentence
        for number, node in nodes
        if isinstance(node, dict) and node
        for sentence in _node_mistakes(node, f"wedges[{number}]", training, spread)
    ]


def value_mistakes(wedge, where, training):
    """Yield a sentence for each key and value of one explicit wedge that ``training`` does not take."""
    for key, value in wedge.items():
        yield from _key_mistakes(key, f"{where}.{key}", training) or _refused([value], f"{where}.{key}", training[key])


def _axis_mistakes(axis, values, training):
    where = f"wedges.{axis}"
    if axis in OF_NODES and axis not in training:
        return [f"{where}: belongs to a node; write wedges as a list of nodes: [{{{axis}: ...}}]"]
    values = values if isinstance(values, list) else []
    return _key_mistakes(axis, where, training) or _refused(values, where, training[axis])


def _key_mistakes(key, where, training):
    if key in HYPERPARAMETERS and not HYPERPARAMETERS[key].varies:
        return [f"{where}: is the same for all wedges; set training.{key}"]
    return [] if key in training else [f"{where}: unknown hyperparameter; {near_match(key, training)}"]


def _refused(values, where, schema):
    return [f"{where}: {reason}" for value in values for reason in reasons(value, schema)]


def _node_mistakes(node, where, training, spread):
    alone = [key for key in ALONE if key in node]
    if alone and len(node) > 1:
        others = ", ".join(str(key) for key in node if key != alone[0])
        return [f"{where}: {alone[0]} stands alone in its node; give {others} another one"]
    if alone:
        return list(_alone_mistakes(node, where, training))
    attributes, mistakes = attributes_of(node), []
    for key, value in attributes.items():
        at = f"{where}.{key}"
        unknown = _key_mistakes(key, at, training)
        if isinstance(value, dict) and not unknown:
            mistakes += violations(value, spread, at) or _spread_mistakes(value, at, training[key])
        elif value == []:
            mistakes.append(f"{at}: is empty; at least one value is needed")
        else:
            mistakes += unknown or _refused(listed(value), at, training[key])
    return mistakes or list(_together_mistakes(node, where, attributes))


def _alone_mistakes(node, where, training):
    if isinstance(node.get("skip"), str):
        try:
            condition(node["skip"], training)
        except UserError as error:
            yield f"{where}.skip: {error}"
    extra = node.get("extra")
    if isinstance(extra, dict):
        yield from value_mistakes(extra, f"{where}.extra", training)
    for number, wedge in enumerate(extra if isinstance(extra, list) else ()):
        if isinstance(wedge, dict):
            yield from value_mistakes(wedge, f"{where}.extra[{number}]", training)


def _spread_mistakes(spread, where, schema):
    kinds = [kind for kind in ("range", "bracket", "values") if kind in spread]
    if len(kinds) != 1:
        return [f"{where}: takes one of range, bracket, values; it has {' and '.join(kinds) or 'none'}"]
    for key, kind in (("spacing", "range"), ("random", "values")):
        if key in spread and kinds != [kind]:
            return [f"{where}.{key}: belongs to {kind}, not to {kinds[0]}"]
    if kinds == ["values"]:
        return _refused(spread["values"], where, schema)
    if not all(map(math.isfinite, spread[kinds[0]])):
        return []  # told already, as of any number
    if max(map(abs, spread[kinds[0]])) > 1e300:
        return [f"{where}.{kinds[0]}: {spread[kinds[0]]} is too far apart to be sampled"]
    first, *_, last = points = list(fixed_points(spread).values())
    if kinds == ["bracket"] and last < first:
        return [f"{where}.bracket: the offset {spread['bracket'][1]} is negative; it must be at least 0"]
    if spread.get("spacing") == "log" and min(points) <= 0:
        return [f"{where}.range: log spacing needs ends above 0, not {spread['range']}"]
    refused = _refused(spread.get("range", [first, last]), where, schema)
    if not refused and all(type(point) is int for point in points) and "number" in schema.get("type", ()):
        return [f"{where}.{kinds[0]}: of whole numbers, all values would be whole; write {float(first)}"]
    return refused


def _together_mistakes(node, where, attributes):
    """Yield what is odd about hyperparameters, each of which is in order, in one node."""
    spread = [key for key, value in attributes.items() if is_spread(value)]
    drawn = [key for key, value in attributes.items() if is_random(value)]
    random = [key for key in spread if attributes[key].get("spacing") == "random"]
    if not attributes:
        yield f"{where}: names no hyperparameter; write {{hidden_layers: [1, 2]}}"
    elif "count" not in node and spread + drawn:
        yield f"{where}.count: missing; how many values of {', '.join(spread + drawn)} to take"
    elif "count" in node and not any(isinstance(value, (list, dict)) for value in attributes.values()):
        yield f"{where}.count: nothing here varies; {{repeats: {node['count']}}} repeats wedges over seeds"
    sampling = node.get("sampling", "even")
    if sampling != "even" and not spread:
        yield f"{where}.sampling: is of ranges and brackets, and there is none; {{values: [...], random: true}} draws"
    if sampling in JOINT and random:
        yield f"{where}.{random[0]}.spacing: random contradicts sampling: {sampling}; take even or log"
    if "seed" in node and "seed" not in attributes and sampling == "even" and not drawn + random:
        yield f"{where}.seed: nothing here is drawn; seed: [{node['seed']}] is the training's"

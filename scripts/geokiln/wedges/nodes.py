"""A wedge node: values of hyperparameters that vary together, listed, spaced or sampled.

After the Wedge TOP (SideFX, nodes/top/wedge): range, value, value list, bracket, each with random samples; beyond it,
log spacing, and Sobol and Latin hypercube sampling over several ranges together.

Floats are rounded to six significant digits: names are made of values, are to be short, and the same on every machine.
"""

import itertools
import math
import random
import warnings

from geokiln.errors import UserError

JOINT = ("sobol", "latin_hypercube")


def expand_node(node):
    """Return the values of a node as a list of dicts, in order; shorter lists of values go round.

    What is drawn depends on the node's seed and on the hyperparameter's name, not on the order of keys. A larger
    count keeps the first values of random and Sobol sampling of ranges, and of values in random order.

    >>> expand_node({"hidden_layers": [1, 2], "epochs": 200})
    [{'epochs': 200, 'hidden_layers': 1}, {'epochs': 200, 'hidden_layers': 2}]
    >>> [values["learning_rate"] for values in expand_node(
    ...     {"count": 3, "learning_rate": {"range": [0.0001, 0.01], "spacing": "log"}})]
    [0.0001, 0.001, 0.01]
    """
    attributes = attributes_of(node)
    spreads = [key for key in attributes if is_spread(attributes[key])]
    count = node.get("count") or max(len(listed(attributes[key])) for key in attributes)
    sampling, seed = node.get("sampling", "even"), node_seed(node)
    joint = dict(zip(spreads, _joint(sampling, len(spreads), count, seed))) if sampling in JOINT else {}
    columns = {}
    for key, value in attributes.items():
        draw = random.Random(f"{seed}:{key}")
        if key in spreads:
            drawn = sampling != "even" or value.get("spacing") == "random"
            positions = joint.get(key) or _positions(value, count, draw if drawn else None)
            columns[key] = [_at(value, position, drawn) for position in positions]
        elif is_random(value):
            columns[key] = _shuffled(value["values"], count, draw)
        else:
            columns[key] = list(itertools.islice(itertools.cycle(listed(value)), count))
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def attributes_of(node):
    """Return the hyperparameters of a node, sorted; ``seed`` is its own where it is a number beside ``count``."""
    own = {"count", "sampling", *(["seed"] if "count" in node and type(node.get("seed")) is int else [])}
    return {key: node[key] for key in sorted(node, key=str) if key not in own}


def node_seed(node):
    """Return the seed of what a node draws."""
    return 0 if "seed" in attributes_of(node) else node.get("seed", 0)


def is_spread(value):
    """Whether a hyperparameter of a node is a range or a bracket."""
    return isinstance(value, dict) and ("range" in value or "bracket" in value)


def is_random(value):
    """Whether a hyperparameter of a node is a list of values in random order."""
    return isinstance(value, dict) and bool(value.get("random"))


def listed(value):
    """Return the values of a list, of ``{values: ...}``, or of a constant."""
    value = value.get("values", []) if isinstance(value, dict) else value
    return value if isinstance(value, list) else [value]


def fixed_points(spread):
    """Return what stands at the start, at the end and, for a bracket, in the middle: position -> value."""
    if "range" in spread:
        points = dict(zip((0, 1), spread["range"]))
    else:
        centre, offset = spread["bracket"]
        points = {0: centre - offset, 0.5: centre, 1: centre + offset}
    if all(type(value) is int for value in points.values()):
        return points
    if "bracket" in spread:
        points.update({end: _rounded(points[end]) for end in (0, 1)})  # 0.3 - 0.1 is 0.19999999999999998
    return {position: float(value) for position, value in points.items()}


def _positions(spread, count, draw):
    """Return *count* positions in a range (0: its start, 1: its end), evenly spaced or drawn."""
    if draw is None:
        return [i / (count - 1) for i in range(count)] if count > 1 else [0.5 if "bracket" in spread else 0]
    drawn = [draw.random() for _ in range(count)]
    if "bracket" in spread:  # as Houdini does: the first half from below the centre, the rest from above
        return [position / 2 + (0 if i < count // 2 else 0.5) for i, position in enumerate(drawn)]
    return drawn


def _joint(sampling, dimensions, count, seed):
    """Return *count* positions for each of *dimensions* ranges, which fill their product evenly."""
    try:
        from scipy.stats import qmc  # takes half a second, and the rules start fast
    except ImportError:
        raise UserError(f"{sampling} needs scipy beside snakemake, see envs/geokiln.txt; or take random") from None
    sampler = {"sobol": qmc.Sobol, "latin_hypercube": qmc.LatinHypercube}[sampling](dimensions, rng=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Sobol's best counts are powers of two; others are good enough here
        return sampler.random(count).T.tolist()


def _at(spread, position, drawn):
    """Return the value at a position of a range or bracket."""
    points = fixed_points(spread)
    if position in points:
        return points[position]
    first, last = points[0], points[1]
    low, high = sorted((first, last))
    whole = isinstance(first, int)
    if whole and drawn:  # so that the ends are as likely as what is between them
        first, last = low - 0.5, high + 0.5
    if spread.get("spacing") == "log":
        value = math.exp((1 - position) * math.log(first) + position * math.log(last))
    else:
        value = (1 - position) * first + position * last
    return min(max(round(value) if whole else _rounded(value), low), high)


def _rounded(value):
    return float(f"{value:.6g}")


def _shuffled(values, count, draw):
    """Return *count* values: all of them in a random order, then all of them in another one, ..."""
    picked = []
    while len(picked) < count:
        picked += sorted(values, key=lambda _: draw.random())
    return picked[:count]

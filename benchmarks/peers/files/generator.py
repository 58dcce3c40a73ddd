"""The ripple for Geokiln."""

import random

from ripple import NAMES, count_cook, ripple


def geometry(count, seed, parameters):
    drawn = random.Random(seed)
    rows = [[drawn.uniform(0.5, 2.0) for _ in NAMES] for _ in range(count)]
    return dict(zip(NAMES, zip(*rows, strict=True), strict=True))


def unseen(name, count, parameters):
    return geometry(count, 2, parameters)


def cook(item):
    count_cook()
    return {"heights": ripple(*[item[name] for name in NAMES], item.parameters["steps"])}

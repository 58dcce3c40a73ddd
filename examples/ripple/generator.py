"""The smallest generator: ripples on a pond. It cooks in microseconds, so copy it to start a project of your own."""

import numpy as np

from geokiln.api import Geometry

RADIUS = np.linspace(0, 4, 33)  # metres from where the drop fell


def geometry(count, seed, parameters):
    """Return the attributes of *count* primitives; each is one drop."""
    random = np.random.default_rng(seed)
    return {"strength": random.uniform(0.5, 2.0, count), "time": random.uniform(0.0, 2.0, count)}


def unseen(name, count, parameters):
    """Return drops that training has not seen: one drop, frame by frame."""
    return {"strength": np.full(count, 1.3), "time": np.linspace(0.1, 1.9, count)}


def cook(item):
    """Return the height of the water around one drop: a ring that runs outwards."""
    ring = RADIUS - 1.5 * item["time"]
    return {"height": item["strength"] * np.exp(-(ring**2)) * np.cos(4 * ring)}


def shape(item, targets):
    """Return the water's surface along a radius: a curve."""
    height = targets["height"]
    return Geometry(np.stack([RADIUS, height, np.zeros_like(height)], axis=1), [range(len(RADIUS))])

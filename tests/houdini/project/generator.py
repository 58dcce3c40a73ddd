"""What the scene is asked for: bends and radii. The scene itself cooks."""

import numpy as np


def geometry(count, seed, parameters):
    random = np.random.default_rng(seed)
    return {"bend": random.uniform(-60, 60, count), "radius": random.uniform(0.3, 0.6, count)}


def unseen(name, count, parameters):
    return {"bend": np.linspace(-50, 50, count), "radius": np.full(count, 0.45)}


def inputs(item):
    return {"bend": np.array([item["bend"] / 60]), "radius": np.array([item["radius"]])}

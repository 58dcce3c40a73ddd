"""Errors in physical units. Without PyTorch: the environment that predicts has none."""

from collections import Counter

import numpy as np

from geokiln.storage.tables import columns_of


def rms_and_spread(pairs, components, mean):
    """Return RMS error and spread (RMS deviation from the *mean*), per target component.

    Parameters
    ----------
    pairs : iterable
        Predictions and targets, each (n_examples, n_out), a block of examples at a time.
    components : list of dict
        Target components (`geokiln.storage.tables.components_of`).
    mean : (n_out,)
        Mean target of the training split.

    Returns
    -------
    tuple of dict
        Component -> float, in the component's physical unit.
    """
    errors, deviations, count = Counter(), Counter(), 0
    for predicted, targets in pairs:
        errors.update(_squares(predicted - targets, components))
        deviations.update(_squares(targets - mean, components))
        count += len(targets)
    return _rms(errors, count, components), _rms(deviations, count, components)


def _squares(errors, components):
    """Return the sum of squares of each component; sums of several blocks add up."""
    return {
        component["name"]: float(np.square(errors[:, columns_of(component)], dtype=np.float64).sum())
        for component in components
    }


def _rms(squares, n_examples, components):
    return {
        component["name"]: float(np.sqrt(squares[component["name"]] / (n_examples * component["size"])))
        for component in components
    }


def rms_by_example(errors, component):
    """Return the RMS error of each example in one component, (n_examples,), in its physical unit."""
    return np.sqrt(np.mean(np.square(errors[:, columns_of(component)], dtype=np.float64), axis=1))


def relative_error(rms, spread):
    """Return one number for the RMS errors of all components: the RMS of each one's share of the target's *spread*.

    With one target component, wedges have the same order by this as by its RMS error in physical units.
    """
    return float(np.sqrt(np.mean([(rms[name] / (spread[name] or 1.0)) ** 2 for name in rms])))

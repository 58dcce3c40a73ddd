"""Errors in physical units, and the simple answers that a model has to beat."""

import numpy as np


def rms_by_component(errors, components):
    """Return the RMS error of each named target component: name -> float, in its physical unit.

    *errors* has shape (n_examples, n_out); the mean runs over examples and all numbers of the component.
    """
    return {
        component["name"]: float(np.sqrt(np.mean(np.square(_columns(errors, component), dtype=np.float64))))
        for component in components
    }


def rms_by_example(errors, component):
    """Return the RMS error of each example in one component, (n_examples,)."""
    return np.sqrt(np.mean(np.square(_columns(errors, component), dtype=np.float64), axis=1))


def relative_error(rms, spread):
    """Return one number for the RMS errors of all components: the RMS of each one's share of the target's *spread*.

    With one target component, wedges have the same order by this as by its RMS error in physical units.
    """
    return float(np.sqrt(np.mean([(rms[name] / (spread[name] or 1.0)) ** 2 for name in rms])))


def simple_answers(blocks, n_in, queries):
    """Answer *queries* in three ways that need no training.

    Parameters
    ----------
    blocks : function
        Returns an iterable of float32 arrays (rows, n_in + n_out), the dataset a block at a time; called twice.
    queries : (n_queries, n_in)
        Raw inputs.

    Returns
    -------
    dict of arrays (n_queries, n_out)
        ``mean target``; ``linear fit``, least squares with a bias; ``nearest example``, by distance of standardised
        inputs.
    """
    mean, scale = _moments(blocks())
    scale[:n_in][scale[:n_in] <= 1e-7 * np.abs(mean[:n_in])] = np.inf  # a constant input tells nothing
    n_out = len(mean) - n_in
    gram, cross = np.zeros((n_in, n_in)), np.zeros((n_in, n_out))
    nearest, best = np.zeros((len(queries), n_out)), np.full(len(queries), np.inf)
    standard_queries = (queries - mean[:n_in]) / scale[:n_in]
    for block in blocks():
        inputs, targets = (block[:, :n_in] - mean[:n_in]) / scale[:n_in], block[:, n_in:]
        gram += inputs.T @ inputs
        cross += inputs.T @ (targets - mean[n_in:])
        distance = (inputs**2).sum(1) - 2 * standard_queries @ inputs.T  # up to the query's own square
        row = distance.argmin(1)
        closest = distance[np.arange(len(queries)), row]
        closer = closest < best
        nearest[closer], best[closer] = targets[row[closer]], closest[closer]
    slope = np.linalg.lstsq(gram, cross, rcond=None)[0]
    return {
        "mean target": np.broadcast_to(mean[n_in:], nearest.shape),
        "linear fit": standard_queries @ slope + mean[n_in:],
        "nearest example": nearest,
    }


def _moments(blocks):
    """Return mean and standard deviation of each column over all blocks, in float64 (shifted by the first row)."""
    count, shift, total, square = 0, None, 0.0, 0.0
    for block in blocks:
        shift = block[0].astype(np.float64) if shift is None else shift
        deviations = block - shift
        count += len(block)
        total = total + deviations.sum(0)
        square = square + (deviations**2).sum(0)
    mean = total / count
    return mean + shift, np.sqrt(np.maximum(square / count - mean**2, 0))


def _columns(array, component):
    return array[:, component["offset"] : component["offset"] + component["size"]]

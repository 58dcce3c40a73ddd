"""Errors in physical units, and the simple answers that a model has to beat."""

import numpy as np

from geokiln.arrays import BLOCK_BYTES
from geokiln.tables import moments


def squares_by_component(errors, components):
    """Return the sum of squares of each named target component: name -> float, in its physical unit squared.

    *errors* has shape (n_examples, n_out). Sums of several blocks of examples add up, for `rms_by_component`.
    """
    return {
        component["name"]: float(np.square(_columns(errors, component), dtype=np.float64).sum())
        for component in components
    }


def rms_by_component(squares, n_examples, components):
    """Return the RMS error of each named target component: name -> float, in its physical unit.

    *squares* (name -> float) are sums over *n_examples* examples and all numbers of the component.
    """
    return {
        component["name"]: float(np.sqrt(squares[component["name"]] / (n_examples * component["size"])))
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


class SimpleAnswers:
    """Answers to queries that need no training: fitted to a table in two passes, given for some queries at a time.

    What is held for n queries is a line each and the fit, (n_in, n_out): never (n, n_out).

    Parameters
    ----------
    table : geokiln.tables.Table
        The dataset.
    queries : (n_queries, n_in)
        Raw inputs.
    """

    def __init__(self, table, queries):
        self.table, self.n_in = table, table.input_width
        _, mean, scale = moments(block for _, block in table.blocks())
        input_mean, self.mean = np.split(mean, [self.n_in])
        scale = scale[: self.n_in]
        scale[scale <= 1e-7 * np.abs(input_mean)] = np.inf  # a constant input tells nothing
        self.queries = (queries - input_mean) / scale
        self.nearest, self._distance = np.zeros(len(queries), int), np.full(len(queries), np.inf)
        gram, cross = np.zeros((self.n_in, self.n_in)), np.zeros((self.n_in, len(self.mean)))
        for first, block in table.blocks():
            inputs = (block[:, : self.n_in] - input_mean) / scale
            gram += inputs.T @ inputs
            cross += inputs.T @ (block[:, self.n_in :] - self.mean)
            self._compare(first, inputs)
        self.slope = np.linalg.lstsq(gram, cross, rcond=None)[0]

    def _compare(self, first, inputs):
        """Note which of the examples from row *first* on are nearer to a query than all before."""
        step = max(1, BLOCK_BYTES // (8 * max(1, len(self.queries))))
        for start in range(0, len(inputs), step):
            part = inputs[start : start + step]
            distance = (part**2).sum(1) - 2 * self.queries @ part.T  # up to the query's own square
            row = distance.argmin(1)
            closest = distance[np.arange(len(row)), row]
            closer = closest < self._distance
            self.nearest[closer], self._distance[closer] = first + start + row[closer], closest[closer]

    def __call__(self, rows):
        """Return the answers to the queries in the slice *rows*: name -> array (n, n_out).

        ``mean target``; ``linear fit``, least squares with a bias; ``nearest example``, by distance of standardised
        inputs.
        """
        linear = self.queries[rows] @ self.slope + self.mean
        return {
            "mean target": np.broadcast_to(self.mean, linear.shape),
            "linear fit": linear,
            "nearest example": np.asarray(self.table.array[self.nearest[rows], self.n_in :]),
        }


def _columns(array, component):
    return array[:, component["offset"] : component["offset"] + component["size"]]

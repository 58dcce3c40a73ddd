"""Simple answers that a model has to beat."""

import numpy as np

from geokiln.storage.arrays import BLOCK_BYTES
from geokiln.storage.tables import is_constant, moments


class SimpleAnswers:
    """Answers to queries that need no training: fitted to a table in two passes, given for some queries at a time.

    What is held for n queries is a line each and the fit, (n_in, n_out): never (n, n_out).

    Parameters
    ----------
    table : geokiln.storage.tables.Table
        The dataset.
    queries : (n_queries, n_in)
        Raw inputs.
    held_out : (n,) int, optional
        Rows of the dataset that no answer may know: the queries themselves, where they are its test split.
    """

    def __init__(self, table, queries, held_out=()):
        self.table, self.n_in = table, table.input_width
        known = np.ones(table.count, bool)
        known[np.asarray(held_out, int)] = False
        _, mean, scale = moments(block for _, block in table.blocks(known))
        input_mean, self.mean = np.split(mean, [self.n_in])
        scale = scale[: self.n_in]
        scale[is_constant(input_mean, scale)] = np.inf  # a constant input tells nothing
        self.queries = (queries - input_mean) / scale
        self.nearest, self._distance = np.zeros(len(queries), int), np.full(len(queries), np.inf)
        gram, cross = np.zeros((self.n_in, self.n_in)), np.zeros((self.n_in, len(self.mean)))
        first = 0
        for _, block in table.blocks(known):
            inputs = (block[:, : self.n_in] - input_mean) / scale
            gram += inputs.T @ inputs
            cross += inputs.T @ (block[:, self.n_in :] - self.mean)
            self._compare(first, inputs)
            first += len(block)
        self.nearest = np.flatnonzero(known)[self.nearest]
        self.slope = np.linalg.lstsq(gram, cross, rcond=None)[0]

    def _compare(self, first, inputs):
        """Note which of the known examples from number *first* on are nearer to a query than all before."""
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

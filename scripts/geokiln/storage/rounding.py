"""What float32 takes away from values."""

import math

import numpy as np

from geokiln.storage.arrays import BLOCK_BYTES, block_slices

ROUNDING = "rounding/"  # before the name of a component: what float32 took away from it
MOST_COLUMNS = 64  # of an input whose columns are judged one by one; a wider one is judged as a whole


def rounds(dtype):
    """Whether float32 lacks values of a type: it holds all of float16, int16 and smaller ones."""
    return not np.can_cast(dtype, np.float32)


def rounding_of(kind, original, rounded):
    """Return what float32 took away from a component, float64 (n, k) for its *original* rows (n, ...).

    Inputs are standardised column by column, so each of their columns has its own (k columns); targets, and inputs of
    more than ``MOST_COLUMNS``, share one scale, so they have one number for all columns (k = 1): the sum of theirs over
    the square root of their number.
    """
    columns = math.prod(original.shape[1:])
    if original.nbytes > BLOCK_BYTES and len(original) > 1:
        blocks = block_slices(len(original), original.nbytes // len(original))
        return np.concatenate([rounding_of(kind, original[rows], rounded[rows]) for rows in blocks])
    if original.dtype == np.float64:
        lost = original - rounded
    else:  # 64-bit integers have more digits
        lost = np.subtract(original, rounded, dtype=np.longdouble).astype(np.float64)
    lost = lost.reshape(-1, columns)
    if kind == "input" and columns <= MOST_COLUMNS:
        return lost
    return lost.sum(1, keepdims=True) / math.sqrt(columns)

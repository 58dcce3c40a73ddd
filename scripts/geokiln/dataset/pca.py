"""Principal directions of a table: exactly where it is small, otherwise in a stream of blocks."""

import numpy as np

EXACT_BYTES = 64 << 20  # as float64; up to here the singular value decomposition takes seconds
WHOLE_SPACE = 512  # columns; a table of no more than these needs one pass
OVERSAMPLING = 32  # further directions, dropped at the end, let those that are kept converge faster
TOLERANCE = 1e-4  # passes end when one adds less than this share to the variance that is kept
PASSES = 16
SEED = 0


def principal_directions(blocks, count, width, n_components):
    """Return the orthonormal directions along which rows have the largest sums of squares, the largest first.

    Parameters
    ----------
    blocks : function
        Returns an iterable of arrays (rows, width), centred and of values around 1 in size; called once per pass.
    count : int
        Number of rows in all blocks together.
    n_components : int
        Number of directions; at most *count* and *width*.

    Returns
    -------
    directions : (n_components, width)
    squares : (n_components,) float64
        Sum of squares of all rows along each direction.

    Notes
    -----
    Up to ``EXACT_BYTES`` it is a singular value decomposition in float64. Beyond that it is `subspace_iteration`.
    """
    if count * width * 8 > EXACT_BYTES:
        return subspace_iteration(blocks, width, n_components)
    rows = np.concatenate([np.asarray(block, np.float64) for block in blocks()])
    _, singular, directions = np.linalg.svd(rows, full_matrices=False)
    return directions[:n_components], singular[:n_components] ** 2


def subspace_iteration(blocks, width, n_components):
    """Return what `principal_directions` does in memory of a few arrays (width, n_components), found in several passes.

    Each pass applies A^T A to a random subspace, A being the rows: its image leans towards the largest directions the
    more the larger they are. A^T A within the subspace, (size, size), comes from the same pass; its eigenvectors are
    the best directions that the subspace holds, and its eigenvalues the exact sums of squares along them. The subspace
    is made orthonormal between passes. The seed is fixed: the same rows give the same directions.

    Up to ``WHOLE_SPACE`` columns the subspace is the whole space, so that one pass in float64 is exact. Otherwise
    products are in float32, which resolves directions down to about 1e-6 of the largest.

    Randomised subspace iteration is algorithm 4.4 of Halko, Martinsson and Tropp, "Finding structure with randomness",
    SIAM Review 53 (2011); the eigenvectors within the subspace are those of algorithm 5.3.
    """
    whole = width <= WHOLE_SPACE
    if whole:
        subspace = np.eye(width)
    else:
        shape = width, min(width, n_components + OVERSAMPLING)
        subspace = np.linalg.qr(np.random.default_rng(SEED).standard_normal(shape, np.float32))[0]
    size = subspace.shape[1]
    kept = 0.0
    for _ in range(PASSES):
        image, product = np.zeros_like(subspace), np.empty_like(subspace)
        within = np.zeros((size, size))
        for block in blocks():
            block = np.asarray(block, subspace.dtype)
            along = block @ subspace
            within += (along.T @ along).astype(np.float64)
            if not whole:
                image += np.matmul(block.T, along, out=product)
        del product
        squares, vectors = np.linalg.eigh(within)
        squares, vectors = np.maximum(squares[::-1], 0), vectors[:, ::-1].astype(subspace.dtype)
        before, kept = kept, squares[:n_components].sum()
        if whole or kept - before <= TOLERANCE * kept:
            break
        subspace = np.linalg.qr(image @ vectors)[0]
    return (subspace @ vectors[:, :n_components]).T, squares[:n_components]

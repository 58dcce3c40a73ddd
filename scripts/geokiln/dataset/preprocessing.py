"""Preprocessing: split, standardise, compress targets; fitted on the training split only."""

from pathlib import Path

import numpy as np

from geokiln.dataset.pca import principal_directions
from geokiln.errors import UserError
from geokiln.storage.arrays import write_arrays
from geokiln.storage.fingerprints import blake2b
from geokiln.storage.tables import Table, TableWriter, columns_of, is_constant, moments

SPLITS = ["training", "validation"]
UNCOMPRESSED_WIDTH = 8192  # without PCA the basis is a diagonal matrix, whose n_out^2 numbers the model holds


def preprocess_table(
    raw,
    sidecar,
    ids,
    folder,
    validation_share,
    split_seed,
    standardise_inputs,
    target_components,
    test_share=0.0,
    target_weights=None,
):
    """Write the preprocessed training and validation split of a dataset, and the basis that leads back.

    Parameters
    ----------
    raw, sidecar, ids : path
        ``dataset/examples.raw``, ``.json`` and ``.ids``.
    folder : path
        Gets ``training.raw``, ``validation.raw`` (rows of standardised inputs and target coefficients) with their
        sidecars, and ``basis.npz``: the arrays of `fit_basis`, ``validation`` and ``test`` (n_examples,), the split.
    validation_share, test_share : float
        Shares of the examples that are held out for validation, and for a last test that nothing is chosen by.

    The dataset is read a block at a time, several times: it may be larger than memory.

    Returns
    -------
    str
        One line of what was done.
    """
    table, folder = Table(raw, sidecar), Path(folder)
    names = Path(ids).read_bytes().decode("utf-8").split("\n")[:-1]  # an id of an earlier version may hold others
    validation, test = held_out(names, validation_share, test_share, split_seed)
    training, n_in = ~(validation | test), table.input_width
    basis = fit_basis_in_blocks(
        lambda: (block for _, block in table.blocks(training)),
        n_in,
        target_components,
        table.kind("target"),
        standardise_inputs,
        target_weights or {},
    )
    shapes = {"standardised": (n_in,)}, {"coefficients": (len(basis["basis"]),)}
    writers = [TableWriter(folder / f"{name}.raw", folder / f"{name}.json", *shapes) for name in SPLITS]
    with writers[0] as fitted, writers[1] as judged:
        for first, block in table.blocks():
            rows, here = preprocess_rows(block, n_in, basis), slice(first, first + len(block))
            fitted.write(rows[training[here]])
            judged.write(rows[validation[here]])
    write_arrays(folder / "basis.npz", {**basis, "validation": validation, "test": test})
    tested = f", {test.sum()} test" if test_share else ""
    return (
        f"{training.sum()} training, {validation.sum()} validation{tested} examples; {len(basis['basis'])} target "
        f"components keep {basis['kept_variance']:.4%} of the variance"
    )


def held_out(ids, validation_share, test_share, seed):
    """Return two bool arrays: which items belong to the validation split, and which to the test split.

    The split is a hash of the identity: it never depends on order or on which other items there are, so growth keeps
    every item on its side. About that share of many items; with few, at least one item lands on each side that has a
    share (the one whose hash is nearest), and at least one is left for training.
    """
    hashes = np.array(
        [int.from_bytes(blake2b(f"{seed}:{id_}".encode(), digest_size=8).digest(), "big") / 2**64 for id_ in ids]
    )
    validation, test = hashes < validation_share, hashes >= 1 - test_share
    order = np.argsort(hashes, kind="stable")
    if len(order) > 1 and validation_share > 0:
        validation[order[0]], test[order[0]] = True, False
    if len(order) > 2 and test_share > 0:
        validation[order[-1]], test[order[-1]] = False, True
    if len(order) > 1 and (validation | test).all():
        middle = order[-2] if test_share > 0 and len(order) > 2 else order[-1]
        validation[middle] = test[middle] = False
    return validation, test


def fit_basis(inputs, targets, target_components, target_shapes, standardise_inputs, target_weights=None):
    """Fit standardisation and PCA as `fit_basis_in_blocks` does, on arrays in memory.

    *inputs* (n_examples, n_in) and *targets* (n_examples, n_out) are those of the training split.
    """
    rows = np.hstack([inputs, targets])
    return fit_basis_in_blocks(
        lambda: [rows], inputs.shape[1], target_components, target_shapes, standardise_inputs, target_weights or {}
    )


def fit_basis_in_blocks(blocks, n_in, target_components, target_shapes, standardise_inputs, target_weights):
    """Fit standardisation and PCA on the training split, which may be larger than memory.

    Parameters
    ----------
    blocks : function
        Returns an iterable of arrays (rows, n_in + n_out), the training split a block at a time; called several times.
    target_components : int
        Principal components to keep; 0 keeps the targets as they are. At most n_examples - 1 and n_out exist.
    target_shapes : list of dict
        Named target components with offset and size (`geokiln.storage.tables.components_of`).
    target_weights : dict
        Target component -> how much its squared errors count beside the others'; 1 for those that are not named.

    Returns
    -------
    dict of float32 arrays
        ``input_mean``, ``input_scale`` (n_in,); ``target_mean`` (n_out,); ``basis`` (n_coefficients, n_out), so that
        targets = coefficients @ basis + target_mean; ``inverse`` (n_out, n_coefficients) the other way;
        ``kept_variance`` () the share of the (scaled) variance that the basis keeps.

    Raises
    ------
    UserError
        If there are fewer than two examples, more target values than can stay without PCA, or a weight for a target
        that there is not.

    Notes
    -----
    Every named target component is divided by one number, its RMS deviation, so that metres and newtons count alike,
    and multiplied by the square root of its weight, so that its squared errors count that much more;
    within a component the physical proportions stay. All coefficients share one scale, so a squared loss on
    coefficients is a squared loss on scaled targets: on the tube, scaling each coefficient to unit variance instead
    made the error on unseen motion four times as large.
    """
    n_out = sum(component["size"] for component in target_shapes)
    if not target_components and n_out > UNCOMPRESSED_WIDTH:
        raise UserError(
            f"preprocess.target_components is 0, but each example has {n_out} target values, of which at most "
            f"{UNCOMPRESSED_WIDTH} can stay as they are: set it to a number of principal components, such as 128"
        )
    names = [component["name"] for component in target_shapes]
    for name in target_weights:
        if name not in names:
            raise UserError(f"preprocess.target_weights: there is no target {name!r}; there are: {', '.join(names)}")
    count, mean, deviation = moments(blocks())
    if count < 2:
        few = "no example is" if not count else "1 example is"
        raise UserError(f"{few} left to train on, and 2 are needed: cook more (geometry.count), or give a longer file")
    (input_mean, target_mean), (input_scale, deviation) = np.split(mean, [n_in]), np.split(deviation, [n_in])
    input_scale[is_constant(input_mean, input_scale)] = 1  # a constant input stays constant
    if not standardise_inputs:
        input_mean, input_scale = np.zeros_like(input_mean), np.ones_like(input_scale)
    spread = np.ones(n_out)
    for component in target_shapes:
        columns = columns_of(component)
        rms = np.sqrt(np.square(deviation[columns]).mean())
        spread[columns] = (rms if rms > 0 else 1) / np.sqrt(target_weights.get(component["name"], 1.0))
    squares = count * np.square(deviation / spread)  # of each column, then along each direction
    if target_components:
        total, keep = squares.sum(), min(target_components, count - 1, n_out)
        scaled = lambda: ((block[:, n_in:] - target_mean) / spread for block in blocks())
        directions, squares = principal_directions(scaled, count, n_out, keep)
        directions *= np.where(directions[:, [0]] < 0, -1.0, 1.0)  # the sign of a direction is arbitrary: settle it
        kept = min(1.0, squares.sum() / max(total, 1e-300))
    scale = np.sqrt(squares.mean() / count) or 1.0
    if target_components:
        basis, inverse = directions * (scale * spread), (directions / (scale * spread)).T
    else:
        kept, basis, inverse = 1.0, np.diag(np.float32(scale * spread)), np.diag(np.float32(1 / (scale * spread)))
    return {
        "input_mean": np.float32(input_mean),
        "input_scale": np.float32(input_scale),
        "target_mean": np.float32(target_mean),
        "basis": np.float32(basis),
        "inverse": np.float32(inverse),
        "kept_variance": np.float32(kept),
    }


def preprocess_rows(rows, n_in, basis):
    """Return rows of standardised inputs and target coefficients (n, n_in + n_coefficients) from raw rows."""
    inputs = (rows[:, :n_in] - basis["input_mean"]) / basis["input_scale"]
    coefficients = (rows[:, n_in:] - basis["target_mean"]) @ basis["inverse"]
    return np.hstack([inputs, coefficients])

"""Preprocessing: split, standardise, compress targets; fitted on the training split only."""

import hashlib
from pathlib import Path

import numpy as np

from geokiln.arrays import write_arrays
from geokiln.errors import UserError
from geokiln.tables import Table, TableWriter


def preprocess_table(
    raw, sidecar, ids, folder, validation_share, split_seed, standardise_inputs, target_components, environment=None
):
    """Write the preprocessed training and validation split of a dataset, and the basis that leads back.

    Parameters
    ----------
    raw, sidecar, ids : path
        ``dataset/examples.raw``, ``.json`` and ``.ids``.
    folder : path
        Gets ``training.raw``, ``validation.raw`` (rows of standardised inputs and target coefficients) with their
        side-cars, and ``basis.npz``: the arrays of `fit_basis` and ``validation`` (n_examples,), the split.

    Returns
    -------
    str
        One line of what was done.
    """
    table, folder = Table(raw, sidecar), Path(folder)
    names = Path(ids).read_text(encoding="utf-8").splitlines()
    validation = in_validation(names, validation_share, split_seed)
    rows, n_in = table.read(), table.input_width
    training = rows[~validation]
    basis = fit_basis(
        training[:, :n_in], training[:, n_in:], target_components, table.kind("target"), standardise_inputs
    )
    shapes = {"standardised": (n_in,)}, {"coefficients": (len(basis["basis"]),)}
    for name, part in (("training", training), ("validation", rows[validation])):
        with TableWriter(folder / f"{name}.raw", folder / f"{name}.json", *shapes) as writer:
            writer.write(preprocess_rows(part, n_in, basis))
    write_arrays(folder / "basis.npz", {**basis, "validation": validation})
    return (
        f"{len(training)} training and {validation.sum()} validation examples; {len(basis['basis'])} target "
        f"components keep {basis['kept_variance']:.4%} of the variance"
    )


def in_validation(ids, share, seed):
    """Return a bool array: which items belong to the validation split.

    The split is a hash of the identity: it never depends on order or on which other items there are, so growth keeps
    every item on its side. About *share* of many items; with few, at least one item lands on each side (the one whose
    hash is nearest).
    """
    hashes = np.array(
        [
            int.from_bytes(hashlib.blake2b(f"{seed}:{id_}".encode(), digest_size=8).digest(), "big") / 2**64
            for id_ in ids
        ]
    )
    validation = hashes < share
    if len(hashes) > 1 and share > 0:
        validation[np.argmin(hashes)] = True
        validation[np.argmax(hashes)] = False
    return validation


def fit_basis(inputs, targets, target_components, target_shapes, standardise_inputs):
    """Fit standardisation and PCA on the training split.

    Parameters
    ----------
    inputs : (n_examples, n_in)
        Raw inputs of the training split.
    targets : (n_examples, n_out)
        Raw targets of the training split.
    target_components : int
        Principal components to keep; 0 keeps the targets as they are. At most n_examples - 1 and n_out exist.
    target_shapes : list of dict
        Named target components with offset and size (`geokiln.tables.components_of`).

    Returns
    -------
    dict of float32 arrays
        ``input_mean``, ``input_scale`` (n_in,); ``target_mean`` (n_out,); ``basis`` (n_coefficients, n_out), so that
        targets = coefficients @ basis + target_mean; ``inverse`` (n_out, n_coefficients) the other way;
        ``kept_variance`` () the share of the (scaled) variance that the basis keeps.

    Notes
    -----
    Every named target component is divided by one number, its RMS deviation, so that metres and newtons count alike;
    within a component the physical proportions stay. All coefficients share one scale, so a squared loss on
    coefficients is a squared loss on scaled targets: on the tube, scaling each coefficient to unit variance instead
    made the error on unseen motion four times as large.
    """
    if len(inputs) < 2:
        raise UserError(f"preprocess: {len(inputs)} training examples; at least 2 are needed (geometry.count)")
    inputs, targets = inputs.astype(np.float64), targets.astype(np.float64)
    input_mean, input_scale = inputs.mean(0), inputs.std(0)
    input_scale[input_scale <= 1e-7 * np.abs(input_mean)] = 1  # a constant input stays constant
    if not standardise_inputs:
        input_mean, input_scale = np.zeros_like(input_mean), np.ones_like(input_scale)
    target_mean = targets.mean(0)
    centred = targets - target_mean
    spread = np.ones(targets.shape[1])
    for component in target_shapes:
        columns = slice(component["offset"], component["offset"] + component["size"])
        rms = np.sqrt((centred[:, columns] ** 2).mean())
        spread[columns] = rms if rms > 0 else 1
    centred /= spread
    if target_components:
        _, singular, directions = np.linalg.svd(centred, full_matrices=False)
        keep = min(target_components, len(inputs) - 1, targets.shape[1])
        directions, kept = directions[:keep], (singular[:keep] ** 2).sum() / max((singular**2).sum(), 1e-300)
        directions *= np.where(directions[:, [0]] < 0, -1.0, 1.0)  # the sign of a direction is arbitrary: settle it
    else:
        directions, kept = np.eye(targets.shape[1]), 1.0
    coefficients = centred @ directions.T
    scale = np.sqrt((coefficients**2).mean()) or 1.0
    return {
        "input_mean": np.float32(input_mean),
        "input_scale": np.float32(input_scale),
        "target_mean": np.float32(target_mean),
        "basis": np.float32(directions * scale * spread),
        "inverse": np.float32((directions / scale / spread).T),
        "kept_variance": np.float32(kept),
    }


def preprocess_rows(rows, n_in, basis):
    """Return rows of standardised inputs and target coefficients (n, n_in + n_coefficients) from raw rows."""
    inputs = (rows[:, :n_in] - basis["input_mean"]) / basis["input_scale"]
    coefficients = (rows[:, n_in:] - basis["target_mean"]) @ basis["inverse"]
    return np.hstack([inputs, coefficients])

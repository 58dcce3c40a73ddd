"""Errors of a trained wedge on unseen inputs whose truth is known."""

from collections import Counter

import numpy as np

from geokiln.arrays import block_slices
from geokiln.errors import UserError
from geokiln.evaluation import relative_error, rms_by_component, squares_by_component
from geokiln.prediction_in_torch import physical_predictions


def errors_on_unseen(predict, basis, unseen, table):
    """Return ``unseen_rmse`` (target component -> RMS error in its unit) and ``relative_unseen_rmse`` over all items.

    Parameters
    ----------
    predict : function
        See `geokiln.prediction_in_torch.coefficient_function`.
    basis : dict
        Arrays of ``basis.npz``.
    unseen : dict
        Path -> arrays (maps) of an unseen input: ``input/{name}``, ``target/{name}``.
    table : geokiln.tables.Table
        The dataset, for the layout of inputs and targets.

    Raises
    ------
    UserError
        If an unseen input lacks a component of the dataset, or has it in another shape.
    """
    components, errors, deviations, count = table.kind("target"), Counter(), Counter(), 0
    for path, arrays in unseen.items():
        for rows in block_slices(len(arrays["id"]), 8 * table.width):
            truth = _flat(arrays, "target", components, rows, path)
            predicted = physical_predictions(predict, basis, _flat(arrays, "input", table.kind("input"), rows, path))
            errors.update(squares_by_component(predicted - truth, components))
            deviations.update(squares_by_component(truth - basis["target_mean"], components))
            count += len(truth)
    rms = rms_by_component(errors, count, components)
    relative = relative_error(rms, rms_by_component(deviations, count, components))
    return {"unseen_rmse": rms, "relative_unseen_rmse": relative}


def _flat(arrays, kind, components, rows, path):
    parts = []
    for component in components:
        name, shape = f"{kind}/{component['name']}", tuple(component["shape"])
        given = arrays[name].shape[1:] if name in arrays else "missing"
        if given != shape:
            raise UserError(f"{path}: {name} has shape {given}; the dataset's is {shape}")
        parts.append(np.float32(arrays[name][rows]).reshape(-1, component["size"]))
    return np.hstack(parts)

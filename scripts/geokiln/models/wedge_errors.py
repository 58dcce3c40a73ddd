"""Errors of a trained wedge: on validation and test examples, and on unseen inputs whose truth is known."""

from geokiln.models.physical_errors import relative_error, rms_and_spread
from geokiln.models.reference import physical_predictions
from geokiln.storage.arrays import block_slices
from geokiln.storage.tables import flat_rows


def judged_rows(basis):
    """Return what a wedge is judged on, and which examples those are, (n_examples,) bool.

    That is ``validation``, or ``training`` where nothing is held out to choose by.
    """
    if basis["validation"].any():
        return "validation", basis["validation"]
    return "training", ~basis["test"]


def errors_on_examples(predict, basis, table):
    """Return what is known of a model's errors on the dataset, by target component in physical units.

    Parameters
    ----------
    predict : function
        See `geokiln.models.reference.coefficient_function`.
    basis : dict
        Arrays of ``basis.npz``.
    table : geokiln.storage.tables.Table
        The dataset; a block of it is in memory at a time.

    Returns
    -------
    dict
        ``judged_on``, ``validation_rmse``, ``relative_validation_rmse``, and ``test_rmse`` if there are test examples.
    """
    judged_on, rows = judged_rows(basis)
    rms, spread = _on_rows(predict, basis, table, rows)
    errors = {"judged_on": judged_on, "validation_rmse": rms, "relative_validation_rmse": relative_error(rms, spread)}
    if basis["test"].any():
        errors["test_rmse"], _ = _on_rows(predict, basis, table, basis["test"])
    return errors


def _on_rows(predict, basis, table, rows):
    n_in = table.input_width
    blocks = (block for _, block in table.blocks(rows))
    pairs = ((physical_predictions(predict, basis, block[:, :n_in]), block[:, n_in:]) for block in blocks)
    return rms_and_spread(pairs, table.kind("target"), basis["target_mean"])


def errors_on_unseen(predict, basis, table, unseen):
    """Return ``unseen_rmse`` (target component -> RMS error in its unit) and ``relative_unseen_rmse`` over all items.

    Parameters
    ----------
    predict, basis, table
        As `errors_on_examples` takes them; the table tells the layout of inputs and targets.
    unseen : dict
        Path -> arrays (maps) of an unseen input: ``input/{name}``, ``target/{name}``.

    Raises
    ------
    UserError
        If an unseen input lacks a component of the dataset, or has it in another shape.
    """

    def pairs():
        for path, arrays in unseen.items():
            for rows in block_slices(len(arrays["id"]), 8 * table.width):
                targets = flat_rows(arrays, "target", table.kind("target"), rows, path)
                inputs = flat_rows(arrays, "input", table.kind("input"), rows, path)
                yield physical_predictions(predict, basis, inputs), targets

    rms, spread = rms_and_spread(pairs(), table.kind("target"), basis["target_mean"])
    return {"unseen_rmse": rms, "relative_unseen_rmse": relative_error(rms, spread)}

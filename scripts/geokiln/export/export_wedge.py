"""A trained wedge -> one ONNX file, once it agrees with PyTorch over the whole validation set."""

import onnx

from geokiln.errors import UserError
from geokiln.export.basis_shapes import check_components
from geokiln.export.onnx_graph import build_onnx, build_own_onnx
from geokiln.export.parity import PARITY, USUAL_PARITY, check_parity
from geokiln.models.reference import coefficient_function, physical_predictions
from geokiln.models.wedge_errors import judged_rows
from geokiln.storage.tables import components_of


def export_wedge(
    output, wedge, result, weights, basis, table, own=None, epoch=None, selected_by=None, coefficients=False
):
    """Write the ONNX file of a trained wedge.

    Parameters
    ----------
    output : path
    wedge : str
        Its name.
    result : dict
        Its ``training.json``.
    weights, basis : dict
        Arrays by name: of the wedge, or of its snapshot after *epoch*; of ``basis.npz``.
    table : geokiln.storage.tables.Table
        The dataset.
    own : geokiln.training.own_script.OwnScript, optional
    epoch : int, optional
        Of the snapshot.
    selected_by : str, optional
        What the wedge was chosen by, to record.
    coefficients : bool
        Write the model that gives coefficients, before the basis. They are compared after reconstruction.

    Returns
    -------
    dict
        ``difference_from_pytorch`` (see `geokiln.export.parity.check_parity`), ``examples_compared``, and ``inputs``,
        ``outputs``: what the flat rows of the model hold.

    Raises
    ------
    UserError
        If ONNX cannot express the model, or the two do not agree: then nothing is written.
    """
    settings = result["settings"]
    metadata = {
        "inputs": table.kind("input"),
        "outputs": table.kind("target"),
        "dataset": table.digest,
        "wedge": {"name": wedge, "epoch": epoch or result.get("best_epoch"), **settings},
        "recipe": result["recipe"],
        "selected_by": selected_by,
        "validation_rmse": result["validation_rmse"],
    }
    if coefficients:
        check_components(wedge, result["recipe"])
        outputs = components_of({"coefficients": (len(basis["basis"]),)})
        metadata = {**metadata, "outputs": outputs, "targets": table.kind("target")}
    if settings["model"] == "network" and own is not None and own.has("model"):
        model = build_own_onnx(own, weights, settings, basis, metadata, coefficients)
    else:
        model = build_onnx(weights, settings, basis, metadata, coefficients)
    predict = coefficient_function(settings, weights, table.input_width, len(basis["basis"]), own)
    _, rows = judged_rows(basis)
    inputs = (block[:, : table.input_width] for _, block in table.blocks(rows))
    pairs = ((batch, physical_predictions(predict, basis, batch)) for batch in inputs)
    allowed = PARITY.get(settings["model"], USUAL_PARITY)
    difference = check_parity(model, pairs, table.kind("target"), allowed, basis if coefficients else None)
    onnx.save(model, output)
    compared = {"difference_from_pytorch": difference, "examples_compared": int(rows.sum())}
    return {**compared, "inputs": metadata["inputs"], "outputs": metadata["outputs"]}


def check_trained(wedge, result):
    """Raise a UserError if a wedge has no model."""
    if result["status"] != "trained":
        raise UserError(
            f"wedge {wedge} diverged in epoch {result['epochs']} (its loss was not finite), so it has no model; "
            "lower training.learning_rate, or set training.gradient_clip"
        )


def snapshot_weights(wedge, snapshots, epoch):
    """Return the weights of the snapshot of an *epoch* from all *snapshots* (``{epoch}/{name}`` -> array)."""
    weights = {name.split("/", 1)[1]: array for name, array in snapshots.items() if name.split("/", 1)[0] == str(epoch)}
    if not weights:
        epochs = sorted({int(name.split("/", 1)[0]) for name in snapshots})
        there = ", ".join(map(str, epochs)) or "none (training.snapshots makes them)"
        raise UserError(f"wedge {wedge} has no snapshot of epoch {epoch}; there are: {there}")
    return weights

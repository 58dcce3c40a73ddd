"""Export one wedge to a self-contained ONNX file, once it agrees with PyTorch over the whole validation set."""

import argparse
import atexit
import gc
from pathlib import Path

import onnx

from geokiln.errors import UserError, command
from geokiln.export.onnx_graph import build_onnx, build_own_onnx
from geokiln.export.parity import PARITY, USUAL_PARITY, check_parity
from geokiln.models.reference import coefficient_function, physical_predictions
from geokiln.storage.arrays import read_arrays
from geokiln.storage.files import read_json, written
from geokiln.storage.tables import Table
from geokiln.training.own_script import OwnScript
from geokiln.training.wedge_files import read_weights
from geokiln.wedges.ranking import chosen_wedge


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wedge", help="name of the wedge; without it, the first of --ranking")
    parser.add_argument("--epoch", help="export the snapshot of this epoch instead of the result")
    parser.add_argument("--ranking", help="wedges.csv")
    parser.add_argument("--script", help="the user's training script, if there is one")
    parser.add_argument("--preprocessed", required=True, help="folder with {recipe}/basis.npz of the preprocessings")
    parser.add_argument("--examples", required=True, help="dataset/examples.raw")
    parser.add_argument("--sidecar", required=True, help="dataset/examples.json")
    parser.add_argument("--output", required=True, help="the .onnx file to write")
    args = parser.parse_args(argv)

    atexit.register(gc.freeze)  # at the end Python would look through all of PyTorch for garbage, for 0.3 s
    with written(args.output) as output:
        wedge, ranked_by = (args.wedge, None) if args.wedge else chosen_wedge(args.ranking)
        result, weights = wedge_result(wedge, args.epoch)
        basis = read_arrays(Path(args.preprocessed, result["recipe"]["name"], "basis.npz"))
        table, settings = Table(args.examples, args.sidecar), result["settings"]
        own = OwnScript(args.script) if args.script else None
        metadata = {
            "inputs": table.kind("input"),
            "outputs": table.kind("target"),
            "dataset": table.digest,
            "wedge": {"name": wedge, "epoch": int(args.epoch) if args.epoch else result.get("best_epoch"), **settings},
            "recipe": result["recipe"],
            "selected_by": ranked_by,
            "validation_rmse": result["validation_rmse"],
        }
        of_a_module = own is not None and own.has("model")
        model = (
            build_own_onnx(own, weights, settings, basis, metadata)
            if of_a_module
            else build_onnx(weights, settings, basis, metadata)
        )
        predict = coefficient_function(settings, weights, table.input_width, len(basis["basis"]), own)
        held_out = basis["validation"] if basis["validation"].any() else ~basis["test"]
        inputs = (rows[:, : table.input_width] for _, rows in table.blocks(held_out))
        batches = ((batch, physical_predictions(predict, basis, batch)) for batch in inputs)
        allowed = PARITY.get(settings["model"], USUAL_PARITY)
        difference = check_parity(model, batches, table.kind("target"), allowed)
        onnx.save(model, output)
    print(f"{wedge} -> {args.output}; onnxruntime and PyTorch agree to {difference:.1e} on {held_out.sum()} examples")


def wedge_result(wedge, epoch=None):
    """Return the contents of a wedge's training.json, and its weights, or those of the snapshot of an epoch."""
    folder = Path("wedges", wedge)
    result = read_json(folder / "training.json")
    if result["status"] != "trained":
        raise UserError(
            f"wedge {wedge} diverged in epoch {result['epochs']} (its loss was not finite), so it has no model; "
            "lower training.learning_rate, or set training.gradient_clip"
        )
    if not epoch:
        return result, read_weights(folder / "weights.safetensors")
    snapshots = read_weights(folder / "snapshots.safetensors")
    weights = {name.split("/", 1)[1]: array for name, array in snapshots.items() if name.split("/", 1)[0] == epoch}
    if not weights:
        epochs = sorted({int(name.split("/", 1)[0]) for name in snapshots})
        there = ", ".join(map(str, epochs)) or "none (training.snapshots makes them)"
        raise UserError(f"wedge {wedge} has no snapshot of epoch {epoch}; there are: {there}")
    return result, weights


if __name__ == "__main__":
    main()

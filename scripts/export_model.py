"""Export one wedge to a self-contained ONNX file, once it agrees with PyTorch over the whole validation set."""

import argparse
from pathlib import Path

import onnx

from geokiln.arrays import read_arrays
from geokiln.errors import command
from geokiln.export import build_onnx, check_parity
from geokiln.files import read_json, written
from geokiln.model import predict_physical
from geokiln.selection import chosen_wedge
from geokiln.tables import Table
from geokiln.wedge_training import read_weights


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wedge", help="name of the wedge; without it, the first of --ranking")
    parser.add_argument("--ranking", help="wedges.csv")
    parser.add_argument("--basis", required=True, help="basis.npz of the wedge's preprocessing")
    parser.add_argument("--examples", required=True, help="dataset/examples.raw")
    parser.add_argument("--sidecar", required=True, help="dataset/examples.json")
    parser.add_argument("--output", required=True, help="the .onnx file to write")
    args = parser.parse_args(argv)

    with written(args.output) as output:
        wedge = args.wedge or chosen_wedge(args.ranking)
        folder = Path("wedges", wedge)
        result, weights = read_json(folder / "training.json"), read_weights(folder / "weights.safetensors")
        basis, table = read_arrays(args.basis), Table(args.examples, args.sidecar)
        activation, n_in = result["settings"]["activation"], table.input_width
        metadata = {
            "inputs": table.kind("input"),
            "outputs": table.kind("target"),
            "dataset": table.digest,
            "wedge": {"name": wedge, **result["settings"]},
            "validation_rmse": result["validation_rmse"],
        }
        model = build_onnx(weights, activation, basis, metadata)
        held_out = basis["validation"]
        inputs = (rows[:, :n_in] for _, rows in table.blocks(held_out))
        batches = ((batch, predict_physical(weights, activation, basis, batch)) for batch in inputs)
        difference = check_parity(model, batches, table.kind("target"))
        onnx.save(model, output)
    print(f"{wedge} -> {args.output}; onnxruntime and PyTorch agree to {difference:.1e} on {held_out.sum()} examples")


if __name__ == "__main__":
    main()

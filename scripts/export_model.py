"""Export one wedge to a self-contained ONNX file, once it agrees with PyTorch over the whole validation set."""

import argparse
import atexit
import gc

from geokiln.errors import script
from geokiln.export.export_wedge import check_trained, export_wedge, snapshot_weights
from geokiln.storage.arrays import read_arrays
from geokiln.storage.files import filled, read_json, written
from geokiln.storage.tables import Table
from geokiln.training.own_script import OwnScript
from geokiln.training.wedge_files import read_weights
from geokiln.wedges.ranking import chosen_wedge


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wedge", help="name of the wedge; without it, the first of --ranking")
    parser.add_argument("--ranking", help="wedges.csv")
    parser.add_argument(
        "--epoch", default="chosen", help="of the snapshot to export; chosen: the result of the training"
    )
    parser.add_argument("--result", required=True, help="training.json; {wedge} in the path stands for the wedge")
    parser.add_argument("--weights", required=True, help="weights.safetensors, or snapshots.safetensors; likewise")
    parser.add_argument("--basis", required=True, help="basis.npz; {recipe} stands for the wedge's preprocessing")
    parser.add_argument(
        "--script", nargs="*", default=[], help="the user's training script, and modules that it imports"
    )
    parser.add_argument("--examples", required=True, nargs=2, help="dataset/examples.raw and .json")
    parser.add_argument("--output", required=True, help="the .onnx file to write")
    args = parser.parse_args(argv)

    atexit.register(gc.freeze)  # at the end Python would look through all of PyTorch for garbage, for 0.3 s
    with written(args.output) as output:
        wedge, ranked_by = (args.wedge, None) if args.wedge else chosen_wedge(args.ranking)
        result = read_json(filled(args.result, wedge=wedge))
        check_trained(wedge, result)
        weights, epoch = read_weights(filled(args.weights, wedge=wedge)), None
        if args.epoch != "chosen":
            weights, epoch = snapshot_weights(wedge, weights, args.epoch), int(args.epoch)
        basis = read_arrays(filled(args.basis, recipe=result["recipe"]["name"]))
        own = OwnScript(args.script[0]) if args.script else None
        parity = export_wedge(output, wedge, result, weights, basis, Table(*args.examples), own, epoch, ranked_by)
    print(f"{wedge} -> {args.output}; {parity}")


if __name__ == "__main__":
    main()

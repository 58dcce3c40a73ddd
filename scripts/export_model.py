"""Export one wedge to a self-contained ONNX file, once it agrees with PyTorch over the whole validation set."""

import argparse
import atexit
import gc
from pathlib import Path

from geokiln.errors import script
from geokiln.export.export_wedge import check_trained, export_wedge, snapshot_weights
from geokiln.storage.arrays import read_arrays
from geokiln.storage.digests import check_planned
from geokiln.storage.files import filled, written
from geokiln.storage.results import made_from, read_result, write_result
from geokiln.storage.tables import Table
from geokiln.training.own_script import OwnScript
from geokiln.training.wedge_files import read_weights
from geokiln.user_code.supervisor import supervised
from geokiln.wedges.ranking import chosen_wedge


@supervised
@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wedge", help="name of the wedge; without it, the first of --ranking")
    parser.add_argument("--ranking", nargs=2, help="wedges.csv and .json")
    parser.add_argument(
        "--epoch", default="chosen", help="of the snapshot to export; chosen: the result of the training"
    )
    parser.add_argument("--result", required=True, help="training.json; {wedge} in the path stands for the wedge")
    parser.add_argument("--weights", required=True, help="weights.safetensors, or snapshots.safetensors; likewise")
    parser.add_argument("--basis", required=True, help="basis.npz; {recipe} stands for the wedge's preprocessing")
    parser.add_argument(
        "--script", nargs="*", default=[], help="the user's training script, and modules that it imports"
    )
    parser.add_argument("--script-digest", help="of these, as the run was planned")
    parser.add_argument("--examples", required=True, nargs=2, help="dataset/examples.raw and .json")
    parser.add_argument(
        "--gives", choices=["targets", "coefficients"], default="targets", help="what the model ends in"
    )
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--output", required=True, help="the .onnx file to write")
    parser.add_argument("--about", required=True, help="the .json to write: wedge, agreement with PyTorch")
    args = parser.parse_args(argv)

    atexit.register(gc.freeze)  # at the end Python would look through all of PyTorch for garbage, for 0.3 s
    with written(args.output, args.about) as (output, about):
        check_planned(args.script, args.script_digest)
        wedge, ranked_by = (args.wedge, None) if args.wedge else chosen_wedge(*args.ranking)
        path = filled(args.result, wedge=wedge)
        origin = made_from(args.plan, [path if args.wedge else args.ranking[1], args.examples[1]])
        result = read_result(path)
        check_trained(wedge, result)
        weights, epoch = read_weights(filled(args.weights, wedge=wedge), path), None
        if args.epoch != "chosen":
            weights, epoch = snapshot_weights(wedge, weights, args.epoch), int(args.epoch)
        basis = read_arrays(filled(args.basis, recipe=result["recipe"]["name"]))
        own = OwnScript(args.script[0]) if args.script else None
        examples = Table(*args.examples)
        chosen = epoch, ranked_by, args.gives == "coefficients"
        told = export_wedge(output, wedge, result, weights, basis, examples, own, *chosen)
        write_result(about, {"wedge": wedge, "epoch": epoch, **told}, origin, {Path(args.output).name: output})
    agree = f"agree to {told['difference_from_pytorch']:.1e} on {told['examples_compared']} examples"
    print(f"{wedge} -> {args.output}; onnxruntime and PyTorch {agree}")


if __name__ == "__main__":
    main()

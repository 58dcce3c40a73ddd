"""Judge all wedges on unseen inputs whose truth is known, to choose one by that (selection.by: unseen)."""

import argparse
import atexit
import gc

from geokiln.errors import script
from geokiln.models.reference import coefficient_function
from geokiln.models.wedge_errors import errors_on_unseen
from geokiln.storage.arrays import open_arrays, read_arrays
from geokiln.storage.digests import check_planned
from geokiln.storage.files import filled, written
from geokiln.storage.results import made_from, read_result, write_result
from geokiln.storage.tables import Table
from geokiln.training.own_script import OwnScript
from geokiln.training.wedge_files import read_weights
from geokiln.user_code.supervisor import supervised


@supervised
@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", required=True, nargs="+", help="packs/{pack}.json: they name the wedges")
    parser.add_argument("--result", required=True, help="training.json of a wedge; {wedge} stands for its name")
    parser.add_argument("--weights", required=True, help="weights.safetensors of a wedge, likewise")
    parser.add_argument("--basis", required=True, help="basis.npz; {recipe} stands for the wedge's preprocessing")
    parser.add_argument(
        "--script", nargs="*", default=[], help="the user's training script, and modules that it imports"
    )
    parser.add_argument("--script-digest", help="of these, as the run was planned")
    parser.add_argument("--unseen", required=True, nargs="+", help="unseen/{unseen}.npz with targets")
    parser.add_argument("--reports", nargs="*", default=[], help="their .json files")
    parser.add_argument("--examples", required=True, nargs=2, help="dataset/examples.raw and .json")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--output", required=True, help="wedges_on_unseen.json")
    args = parser.parse_args(argv)

    atexit.register(gc.freeze)  # at the end Python would look through all of PyTorch for garbage, for 0.3 s
    with written(args.output) as output:
        check_planned(args.script, args.script_digest)
        table, own = Table(*args.examples), OwnScript(args.script[0]) if args.script else None
        unseen = {path: open_arrays(path, check=True) for path in args.unseen}
        judged = {}
        wedges = [wedge for pack in args.packs for wedge in read_result(pack)["wedges"]]
        results = {wedge: filled(args.result, wedge=wedge) for wedge in wedges}
        origin = made_from(args.plan, [*args.packs, *results.values(), args.examples[1], *args.reports])
        for wedge, path in results.items():
            result = read_result(path)
            if result["status"] == "trained":
                basis = read_arrays(filled(args.basis, recipe=result["recipe"]["name"]))
                weights = read_weights(filled(args.weights, wedge=wedge), path)
                about = result["settings"], weights, table.input_width, len(basis["basis"])
                judged[wedge] = errors_on_unseen(coefficient_function(*about, own), basis, table, unseen)
        write_result(output, judged, origin)
    print(f"{len(judged)} wedges judged on {', '.join(args.unseen)}")


if __name__ == "__main__":
    main()

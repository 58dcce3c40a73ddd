"""Judge all wedges on unseen inputs whose truth is known, to choose one by that (selection.by: unseen)."""

import argparse
import atexit
import gc
from pathlib import Path

from geokiln.errors import command
from geokiln.models.reference import coefficient_function
from geokiln.models.wedge_errors import errors_on_unseen
from geokiln.storage.arrays import open_arrays, read_arrays
from geokiln.storage.files import read_json, write_json, written
from geokiln.storage.tables import Table
from geokiln.training.own_script import OwnScript
from geokiln.training.wedge_files import read_weights


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", required=True, nargs="+", help="packs/{pack}.json: they name the wedges")
    parser.add_argument("--unseen", required=True, nargs="+", help="unseen/{unseen}.npz with targets")
    parser.add_argument("--script", help="the user's training script, if there is one")
    parser.add_argument("--preprocessed", required=True, help="folder with {recipe}/basis.npz of the preprocessings")
    parser.add_argument("--examples", required=True, help="dataset/examples.raw")
    parser.add_argument("--sidecar", required=True, help="dataset/examples.json")
    parser.add_argument("--output", required=True, help="wedges_on_unseen.json")
    args = parser.parse_args(argv)

    atexit.register(gc.freeze)  # at the end Python would look through all of PyTorch for garbage, for 0.3 s
    with written(args.output) as output:
        table, own = Table(args.examples, args.sidecar), OwnScript(args.script) if args.script else None
        unseen = {path: open_arrays(path, check=True) for path in args.unseen}
        judged = {}
        for wedge in (wedge for pack in args.packs for wedge in read_json(pack)["wedges"]):
            result = read_json(f"wedges/{wedge}/training.json")
            if result["status"] == "trained":
                basis = read_arrays(Path(args.preprocessed, result["recipe"]["name"], "basis.npz"))
                weights = read_weights(f"wedges/{wedge}/weights.safetensors")
                about = result["settings"], weights, table.input_width, len(basis["basis"])
                judged[wedge] = errors_on_unseen(coefficient_function(*about, own), basis, table, unseen)
        write_json(output, judged)
    print(f"{len(judged)} wedges judged on {', '.join(args.unseen)}")


if __name__ == "__main__":
    main()

"""Publish a trained wedge: its files are links into the store."""

import argparse

from geokiln.errors import script
from geokiln.storage.files import locked, written
from geokiln.storage.results import made_from, write_result
from geokiln.training.publish_wedge import publish_wedge


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", required=True, help="packs/{pack}.json")
    parser.add_argument("--wedge", required=True)
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--weights", required=True, help="weights.safetensors to write")
    parser.add_argument("--losses", required=True, help="losses.csv to write")
    parser.add_argument("--snapshots", required=True, help="snapshots.safetensors to write")
    parser.add_argument("--result", required=True, help="training.json to write: it vouches for the others")
    args = parser.parse_args(argv)

    files = {
        "weights.safetensors": args.weights,
        "losses.csv": args.losses,
        "snapshots.safetensors": args.snapshots,
        "training.json": args.result,
    }
    with locked(args.result):
        origin, result = made_from(args.plan, [args.pack]), publish_wedge(args.pack, args.wedge, files)
        with written(args.result) as output:
            write_result(output, result, origin, [path for path in files.values() if path != args.result])


if __name__ == "__main__":
    main()

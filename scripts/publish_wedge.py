"""Publish a trained wedge: its files are links into the store."""

import argparse

from geokiln.errors import script
from geokiln.storage.files import locked, write_json, written
from geokiln.training.publish_wedge import publish_wedge


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", required=True, help="packs/{pack}.json")
    parser.add_argument("--wedge", required=True)
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
        result = publish_wedge(args.pack, args.wedge, files)
        with written(args.result) as output:
            write_json(output, result)


if __name__ == "__main__":
    main()

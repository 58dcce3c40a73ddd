"""Publish a trained wedge: its files are links into the store."""

import argparse
import os

from geokiln.errors import UserError, command
from geokiln.storage.files import locked, read_json, write_json, written
from geokiln.storage.store import Store
from geokiln.training.packs import WEDGE_FILES


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", required=True, help="packs/{pack}.json")
    parser.add_argument("--wedge", required=True)
    parser.add_argument("--folder", required=True, help=f"wedges/{{wedge}}: where to write {', '.join(WEDGE_FILES)}")
    args = parser.parse_args(argv)

    with locked(args.folder):
        pack = read_json(args.pack)
        wedge = pack["wedges"][args.wedge]
        files = {name: f"{args.folder}/{name}" for name in WEDGE_FILES}
        if not Store("wedges").publish(wedge["key"], files):
            os.remove(args.pack)  # it vouches for what is not there any more
            raise UserError(f"wedge {args.wedge} is no longer in .kept, or damaged there; run again to train it anew")
        result = read_json(files["training.json"])
        about = {"settings": wedge["settings"], "recipe": pack["recipe"]}  # some do not count, and may have been others
        if "dropped" in wedge:
            about |= {"stopped": "halving", "dropped": wedge["dropped"]}
        with written(files["training.json"]) as output:
            write_json(output, {**result, **about})


if __name__ == "__main__":
    main()

"""Import a geometry into work items: one for each primitive, a small file for each batch."""

import argparse
import os

from geokiln.errors import command
from geokiln.files import locked, write_json, written
from geokiln.geo import read_geo
from geokiln.work_items import batch_range, work_items


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--geometry", required=True, help="the .geo file")
    parser.add_argument("--seed", required=True, type=int, help="seed that every item carries")
    parser.add_argument("--id-attribute", help="attribute that identifies a primitive; without it, its number does")
    parser.add_argument("--folder", help="write {folder}/{batch}.json for each of --batches")
    parser.add_argument("--batches", nargs="+", help="names of batches, such as 0-31")
    parser.add_argument("--output", help="write all items to this one file instead")
    args = parser.parse_args(argv)

    with locked(args.output or args.folder):
        items = work_items(read_geo(args.geometry), args.seed, args.id_attribute)
        if args.output:
            files = {args.output: items}
        else:
            files = {
                os.path.join(args.folder, f"{batch}.json"): [items[i] for i in batch_range(batch) if i < len(items)]
                for batch in args.batches
            }
        for path, members in files.items():
            with written(path) as output:
                write_json(output, {"geometry": args.geometry, "items": members})
    print(f"{len(items)} work items in {len(files)} files")


if __name__ == "__main__":
    main()

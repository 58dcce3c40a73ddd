"""Import geometry into work items: one for each of its elements, and a small side-car for each batch."""

import argparse
import json
import os

from geokiln.cooking.generator import Generator
from geokiln.errors import command
from geokiln.storage.files import locked, write_json, written
from geokiln.work_items.batches import batch_key, batch_range
from geokiln.work_items.importing import add_attributes, file_names, import_items
from geokiln.work_items.item_table import write_items


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--geometry", required=True, nargs="+", help=".geo or .npz files")
    parser.add_argument("--seed", required=True, type=int, help="seed that every item carries")
    parser.add_argument("--element", choices=["primitive", "point", "detail"], default="primitive")
    parser.add_argument("--group", help="import only the elements in this group")
    parser.add_argument("--attributes", default="*", help="which attributes, such as '* ^name'")
    parser.add_argument("--id-attribute", help="attribute that identifies an element; without it, its number does")
    parser.add_argument("--constants", type=json.loads, default={}, help="attributes of every item, JSON")
    parser.add_argument("--generator", help="the user's Python file, if its attributes(item) gives further ones")
    parser.add_argument("--parameters", type=json.loads, default={}, help="generator.parameters, JSON")
    parser.add_argument(
        "--empty", choices=["fail", "warn", "ignore"], default="fail", help="a geometry without elements"
    )
    parser.add_argument("--items", required=True, help="items.npz to write")
    parser.add_argument("--sidecar", required=True, help="its .json: number of items, digest")
    parser.add_argument("--batches", nargs="*", default=[], help="write {batch}.json, likewise, beside it for each")
    args = parser.parse_args(argv)

    folder = os.path.dirname(args.items)
    with locked(args.items):
        names = file_names(args.geometry) if len(args.geometry) > 1 else None
        chosen = {"element": args.element, "group": args.group, "pattern": args.attributes}
        items = import_items(args.geometry, args.seed, names, args.id_attribute, args.constants, args.empty, **chosen)
        if args.generator:
            items = add_attributes(items, Generator(args.generator), args.parameters)
        with written(args.items) as output:
            digests = write_items(output, items)
        for batch in args.batches:
            rows = digests[batch_range(batch).start : batch_range(batch).stop]
            with written(os.path.join(folder, f"{batch}.json")) as sidecar:
                write_json(sidecar, {"items": len(rows), "digest": batch_key([rows.tobytes()], "items")})
        with written(args.sidecar) as sidecar:
            write_json(sidecar, {"items": len(items), "digest": batch_key([digests.tobytes()], "items")})
    print(f"{len(items)} work items -> {args.items}")


if __name__ == "__main__":
    main()

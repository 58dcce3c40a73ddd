"""List the batches of work items whose number is known only now: the manifest that the rest is planned by."""

import argparse

from geokiln.errors import script
from geokiln.storage.files import read_json, write_json, written
from geokiln.work_items.batches import automatic_batch_size, batch_names, dataset_parts


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sidecar", required=True, help="work_items/items.json")
    parser.add_argument("--granularity", required=True, choices=["point", "batch", "whole"])
    parser.add_argument("--batch-size", required=True, help="a number, or auto")
    parser.add_argument("--manifest", required=True, help="work_items/manifest.json")
    args = parser.parse_args(argv)

    count = read_json(args.sidecar)["items"]
    size = automatic_batch_size(count) if args.batch_size == "auto" else int(args.batch_size)
    with written(args.manifest) as output:
        parts = dataset_parts(args.granularity, count, size)
        write_json(output, {"items": count, "batches": batch_names(count, size), "parts": parts})
    print(f"{count} work items, the dataset is merged from {len(parts)} files")


if __name__ == "__main__":
    main()

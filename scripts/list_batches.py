"""List the batches of work items whose number is known only now: the manifest that the rest is planned by."""

import argparse

from geokiln.errors import script
from geokiln.storage.files import written
from geokiln.storage.results import made_from, read_result, write_result
from geokiln.work_items.batches import automatic_batch_size, batch_names, dataset_parts


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sidecar", required=True, help="work_items/items.json")
    parser.add_argument("--granularity", required=True, choices=["point", "batch", "whole"])
    parser.add_argument("--batch-size", required=True, help="a number, or auto")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--manifest", required=True, help="work_items/manifest.json")
    args = parser.parse_args(argv)

    count = read_result(args.sidecar)["items"]
    size = automatic_batch_size(count) if args.batch_size == "auto" else int(args.batch_size)
    with written(args.manifest) as output:
        parts = dataset_parts(args.granularity, count, size)
        document = {"items": count, "batches": batch_names(count, size), "parts": parts}
        write_result(output, document, made_from(args.plan, [args.sidecar]))
    print(f"{count} work items, the dataset is merged from {len(parts)} files")


if __name__ == "__main__":
    main()

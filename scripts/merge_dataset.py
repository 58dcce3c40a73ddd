"""Merge the batches into one dataset, a row for each data point, in the order of the items."""

import argparse
from pathlib import Path

from geokiln.dataset.merging import check_reports, merge_batches
from geokiln.dataset.suspects import check_copies, check_rounding
from geokiln.errors import script
from geokiln.storage.files import read_json, written
from geokiln.storage.results import made_from, write_result


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("batches", nargs="+", help="batches/{batch}.npz, in the order of the items")
    parser.add_argument("--failure-share", type=float, default=0.0, help="share of the items that may have failed")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--raw", required=True, help="dataset/examples.raw")
    parser.add_argument("--ids", required=True, help="dataset/examples.ids, an id per line")
    parser.add_argument("--sidecar", required=True, help="dataset/examples.json")
    args = parser.parse_args(argv)

    reports = [f"{path[:-4]}.json" for path in args.batches]
    left_out = check_reports(reports, args.failure_share)
    with written(args.raw, args.ids, args.sidecar) as (raw, ids, sidecar):
        origin = made_from(args.plan, reports)
        table = merge_batches(args.batches, raw, ids, sidecar, left_out)
        about = [read_json(path) for path in reports]
        check_rounding(about, args.batches)
        check_copies(about, args.batches)
        write_result(sidecar, read_json(sidecar), origin, {Path(args.raw).name: raw, Path(args.ids).name: ids})
    print(f"{table.rows} data points of {table.width} floats -> {args.raw}")


if __name__ == "__main__":
    main()

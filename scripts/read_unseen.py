"""Read a file of unseen inputs: the columns that the dataset has."""

import argparse
import json
from pathlib import Path

from geokiln.dataset.source import open_source
from geokiln.dataset.unseen import read_unseen, wanted
from geokiln.errors import script
from geokiln.storage.digests import check_planned
from geokiln.storage.files import content_digest, watch, written
from geokiln.storage.results import made_from, read_result, write_result


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="a .csv, .tsv, .parquet, .npz, or a headerless file")
    parser.add_argument("--source-digest", help="of that file, as the run was planned")
    parser.add_argument("--layout", required=True, type=json.loads, help="dataset.layout, JSON")
    parser.add_argument("--dataset", required=True, help="dataset/examples.json")
    parser.add_argument("--truth", choices=["yes", "no"], default="no", help="yes: the targets, too")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--data-points", required=True, help="unseen/{unseen}.npz to write")
    parser.add_argument("--report", required=True, help="unseen/{unseen}.json to write")
    args = parser.parse_args(argv)

    with written(args.data_points, args.report) as (data_points, report):
        unchanged = watch([args.source])
        check_planned([args.source], args.source_digest)
        components = wanted(read_result(args.dataset)["components"], args.truth == "yes")
        count = read_unseen(open_source(args.source, args.layout), components, data_points)
        unchanged()
        about = {"digest": content_digest(data_points), "items": count, "dropped": {}, "failed": {}}
        write_result(report, about, made_from(args.plan, [args.dataset]), {Path(args.data_points).name: data_points})
    print(f"{count} items -> {args.data_points}")


if __name__ == "__main__":
    main()

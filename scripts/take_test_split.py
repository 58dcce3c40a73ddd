"""Take the test split of the dataset for unseen inputs."""

import argparse
import json
from pathlib import Path

from geokiln.dataset.unseen import take_test_split, wanted
from geokiln.errors import script
from geokiln.storage.files import content_digest, written
from geokiln.storage.results import check_vouched, made_from, write_result
from geokiln.storage.tables import Table


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", required=True, nargs=2, help="dataset/examples.raw and .json")
    parser.add_argument("--ids", required=True, help="dataset/examples.ids")
    parser.add_argument("--split", required=True, type=json.loads, help="the keys of preprocess: that split, JSON")
    parser.add_argument("--truth", choices=["yes", "no"], default="no", help="yes: the targets, too")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--data-points", required=True, help="unseen/{unseen}.npz to write")
    parser.add_argument("--report", required=True, help="unseen/{unseen}.json to write")
    args = parser.parse_args(argv)

    with written(args.data_points, args.report) as (data_points, report):
        sidecar = args.examples[1]
        check_vouched(args.ids, sidecar)
        table = Table(*args.examples)
        components = wanted(table.components, args.truth == "yes")
        ids = Path(args.ids).read_text(encoding="utf-8")
        count = take_test_split(table, ids, components, data_points, **args.split)
        about = {"digest": content_digest(data_points), "items": count, "dropped": {}, "failed": {}}
        write_result(report, about, made_from(args.plan, [sidecar]), {Path(args.data_points).name: data_points})
    print(f"{count} items -> {args.data_points}")


if __name__ == "__main__":
    main()

"""Read a file of labelled examples into the dataset, a row for each."""

import argparse
import json
from pathlib import Path

from geokiln.dataset.reading import read_examples
from geokiln.dataset.source import open_source
from geokiln.dataset.suspects import check_copied_columns
from geokiln.errors import script
from geokiln.storage.digests import check_planned
from geokiln.storage.files import read_json, watch, written
from geokiln.storage.results import made_from, write_result
from geokiln.storage.tables import Table


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="a .csv, .tsv, .parquet, .npz, or a headerless file")
    parser.add_argument("--source-digest", help="of that file, as the run was planned")
    parser.add_argument("--layout", required=True, type=json.loads, help="dataset.layout, JSON")
    parser.add_argument("--inputs", required=True, help="pattern of columns, such as '* ^name'")
    parser.add_argument("--targets", required=True, help="pattern of columns, which are no inputs then")
    parser.add_argument("--invalid", choices=["fail", "drop"], default="fail", help="of a row with NaN or Inf")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--raw", required=True, help="dataset/examples.raw to write")
    parser.add_argument("--ids", required=True, help="dataset/examples.ids, an id per line")
    parser.add_argument("--sidecar", required=True, help="dataset/examples.json")
    args = parser.parse_args(argv)

    with written(args.raw, args.ids, args.sidecar) as (raw, ids, sidecar):
        unchanged = watch([args.source])
        check_planned([args.source], args.source_digest)
        source = open_source(args.source, args.layout)
        table = read_examples(source, args.inputs, args.targets, raw, ids, sidecar, args.invalid == "drop")
        check_copied_columns(Table(raw, sidecar), args.inputs.split())
        unchanged()
        files = {Path(args.raw).name: raw, Path(args.ids).name: ids}
        write_result(sidecar, read_json(sidecar), made_from(args.plan, []), files)
    dropped = f", {table.about['dropped']} left out" if table.about["dropped"] else ""
    print(f"{table.rows} examples of {table.width} floats{dropped} -> {args.raw}")


if __name__ == "__main__":
    main()

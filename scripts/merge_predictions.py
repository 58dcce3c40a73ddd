"""Merge the predictions of all unseen inputs into one file, and their errors into one table."""

import argparse
import csv
from pathlib import Path

import numpy as np

from geokiln.errors import script
from geokiln.prediction.judging import error_table, report
from geokiln.storage.arrays import open_arrays, write_arrays_in_blocks
from geokiln.storage.files import written
from geokiln.storage.results import made_from, read_result, write_result


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--predictions", required=True, nargs="+", help="predictions/{unseen}.npz, in the config's order"
    )
    parser.add_argument("--judged", required=True, nargs="+", help="predictions/{unseen}.json, in the same order")
    parser.add_argument("--output", required=True, help="predictions/all.npz to write")
    parser.add_argument("--errors", required=True, help="predictions/errors.csv to write")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--sidecar", required=True, help="predictions/all.json to write: number of rows")
    args = parser.parse_args(argv)

    with written(args.output, args.errors, args.sidecar) as (output, errors, sidecar):
        origin = made_from(args.plan, args.judged)
        parts = {Path(path).stem: open_arrays(path, check=True) for path in args.predictions}
        judged = {Path(path).stem: read_result(path) for path in args.judged}
        source = np.repeat(list(parts), [len(part["id"]) for part in parts.values()])
        merged = {"source": (source.dtype, source.shape, [source])}
        for name in next(iter(parts.values())):
            arrays = [part[name] for part in parts.values()]
            merged[name] = np.result_type(*arrays), (len(source), *arrays[0].shape[1:]), arrays
        write_arrays_in_blocks(output, merged)
        with open(errors, "w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, ["unseen", "target", "answer", "rms", "worst", "model_share", "worst_share"])
            table.writeheader()
            for unseen, document in judged.items():
                table.writerows({"unseen": unseen, **row} for row in error_table(document["errors"]))
        files = {Path(args.output).name: output, Path(args.errors).name: errors}
        write_result(sidecar, {"rows": len(source)}, origin, files)
    for unseen, document in judged.items():
        print(f"{unseen}, {len(document['ids'])} items")
        print(report(document["errors"], document["seconds_per_item"]))


if __name__ == "__main__":
    main()

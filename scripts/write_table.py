"""Write the predictions of one unseen input as a table, CSV or Parquet."""

import argparse
from pathlib import Path

from geokiln.errors import UserError, script
from geokiln.formats.prediction_table import write_predictions
from geokiln.storage.arrays import open_arrays
from geokiln.storage.files import written
from geokiln.storage.results import check_vouched, made_from, write_result


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cooked", required=True, nargs=2, help="unseen/{unseen}.npz and .json: inputs, perhaps truth")
    parser.add_argument("--predictions", required=True, nargs=2, help="predictions/{unseen}.npz and .json")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--table", required=True, help="predictions/{unseen}.csv or .parquet to write")
    parser.add_argument("--sidecar", required=True, help="its .json to write: number of rows")
    args = parser.parse_args(argv)

    with written(args.table, args.sidecar) as (table, sidecar):
        for file, beside in (args.cooked, args.predictions):
            check_vouched(file, beside)
        origin = made_from(args.plan, [args.cooked[1], args.predictions[1]])
        cooked, predicted = (open_arrays(file, check=True) for file, _ in (args.cooked, args.predictions))
        try:
            write_predictions(table, cooked, predicted)
        except UserError as error:
            raise UserError(f"{args.table}: {error}") from None
        write_result(sidecar, {"rows": len(predicted["id"])}, origin, {Path(args.table).name: table})
    print(f"{len(predicted['id'])} rows -> {args.table}")


if __name__ == "__main__":
    main()

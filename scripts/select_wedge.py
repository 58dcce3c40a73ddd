"""Rank the trained wedges by validation RMSE in physical units; the first row of the table is the chosen one."""

import argparse
import csv

from geokiln.errors import command
from geokiln.files import read_json, written
from geokiln.selection import rank_wedges, table_text


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", required=True, nargs="+", help="packs/{pack}.json: they name the wedges")
    parser.add_argument("--axes", nargs="*", default=[], help="the hyperparameters that the wedges vary")
    parser.add_argument("--output", required=True, help="wedges.csv")
    args = parser.parse_args(argv)

    with written(args.output) as output, open(output, "w", encoding="utf-8", newline="") as file:
        wedges = [wedge for pack in args.packs for wedge in read_json(pack)["wedges"]]
        rows = rank_wedges({wedge: read_json(f"wedges/{wedge}/training.json") for wedge in wedges}, args.axes)
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    print(table_text(rows))


if __name__ == "__main__":
    main()

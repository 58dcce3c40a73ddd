"""Rank the trained wedges by RMSE, on validation examples or unseen inputs; the first row of the table is chosen."""

import argparse
import csv

from geokiln.errors import script
from geokiln.storage.files import filled, read_json, written
from geokiln.wedges.ranking import rank_wedges, table_text


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", required=True, nargs="+", help="packs/{pack}.json: they name the wedges")
    parser.add_argument("--result", required=True, help="training.json of a wedge; {wedge} stands for its name")
    parser.add_argument("--axes", nargs="*", default=[], help="the hyperparameters that the wedges vary")
    parser.add_argument("--on-unseen", nargs="*", default=[], help="wedges_on_unseen.json, to rank by that")
    parser.add_argument("--output", required=True, help="wedges.csv")
    args = parser.parse_args(argv)

    with written(args.output) as output, open(output, "w", encoding="utf-8", newline="") as file:
        wedges = [wedge for pack in args.packs for wedge in read_json(pack)["wedges"]]
        on_unseen = {wedge: errors for path in args.on_unseen for wedge, errors in read_json(path).items()}
        results = {w: {**read_json(filled(args.result, wedge=w)), **on_unseen.get(w, {})} for w in wedges}
        rows = rank_wedges(results, args.axes)
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    print(table_text(rows))


if __name__ == "__main__":
    main()

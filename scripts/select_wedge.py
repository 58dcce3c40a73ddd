"""Rank the trained wedges by RMSE, on validation examples or unseen inputs; the first row of the table is chosen."""

import argparse
import csv
from pathlib import Path

from geokiln.errors import script
from geokiln.storage.files import filled, written
from geokiln.storage.results import made_from, read_result, write_result
from geokiln.wedges.ranking import rank_wedges, table_text


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", required=True, nargs="+", help="packs/{pack}.json: they name the wedges")
    parser.add_argument("--result", required=True, help="training.json of a wedge; {wedge} stands for its name")
    parser.add_argument("--axes", nargs="*", default=[], help="the hyperparameters that the wedges vary")
    parser.add_argument("--on-unseen", nargs="*", default=[], help="wedges_on_unseen.json, to rank by that")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--output", required=True, help="wedges.csv to write")
    parser.add_argument("--sidecar", required=True, help="wedges.json to write: the wedge that is chosen")
    args = parser.parse_args(argv)

    with written(args.output, args.sidecar) as (output, sidecar):
        wedges = [wedge for pack in args.packs for wedge in read_result(pack)["wedges"]]
        paths = {wedge: filled(args.result, wedge=wedge) for wedge in wedges}
        origin = made_from(args.plan, [*args.packs, *paths.values(), *args.on_unseen])
        on_unseen = {wedge: errors for path in args.on_unseen for wedge, errors in read_result(path).items()}
        results = {wedge: {**read_result(path), **on_unseen.get(wedge, {})} for wedge, path in paths.items()}
        rows = rank_wedges(results, args.axes)
        with open(output, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        chosen = {name: rows[0][name] for name in ("wedge", "ranked_by")}
        write_result(sidecar, chosen, origin, {Path(args.output).name: output})
    print(table_text(rows))


if __name__ == "__main__":
    main()

"""Choose the wedges that go on after a rung of successive halving: the best by validation RMSE."""

import argparse
import os

from geokiln.errors import UserError, script
from geokiln.storage.files import read_json, written
from geokiln.storage.results import made_from, read_result, write_result
from geokiln.storage.store import STORE
from geokiln.wedges.ranking import choose_survivors


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", required=True, nargs="+", help="rungs/{rung}/{pack}.json")
    parser.add_argument("--epochs", required=True, type=int, help="of this rung, to record")
    parser.add_argument("--eta", required=True, type=float, help="one of so many goes on")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--output", required=True, help="rungs/{rung}.json")
    args = parser.parse_args(argv)

    with written(args.output) as output:
        results = {}
        for pack in args.packs:
            for wedge, about in read_result(pack)["wedges"].items():
                if "dropped" not in about:
                    results[wedge] = kept_result(wedge, about["key"], pack)
        survivors, others = choose_survivors(results, args.eta)
        ranks = {
            wedge: {"after_epochs": args.epochs, "rank": rank, "of": len(results)} for wedge, rank in others.items()
        }
        write_result(output, {"survivors": survivors, "dropped": ranks}, made_from(args.plan, args.packs))
    print(f"{len(survivors)} of {len(results)} wedges go on after {args.epochs} epochs: {', '.join(survivors)}")


def kept_result(wedge, key, pack):
    """Return the training.json of a wedge in the store."""
    path = STORE / "wedges" / key / "training.json"
    if not path.exists():
        os.remove(pack)  # it vouches for what is not there any more
        raise UserError(f"wedge {wedge} is no longer in .kept; run again to train it anew")
    return read_json(path)


if __name__ == "__main__":
    main()

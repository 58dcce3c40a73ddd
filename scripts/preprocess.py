"""Split the dataset, standardise it and compress its targets by PCA, fitted on the training split only."""

import argparse
import json

from geokiln.dataset.context import preprocess_key
from geokiln.errors import script
from geokiln.storage.files import locked, read_json, written
from geokiln.storage.results import check_vouched, made_from, write_result
from geokiln.storage.store import Store


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", required=True, help="dataset/examples.raw")
    parser.add_argument("--sidecar", required=True, help="dataset/examples.json")
    parser.add_argument("--ids", required=True, help="dataset/examples.ids")
    parser.add_argument("--environment", required=True, help="name of the environment, part of the fingerprint")
    parser.add_argument("--settings", required=True, type=json.loads, help="all keys of preprocess:, JSON")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--training", required=True, nargs=2, help="training.raw and .json to write")
    parser.add_argument("--validation", required=True, nargs=2, help="validation.raw and .json to write")
    parser.add_argument("--basis", required=True, help="basis.npz to write")
    args = parser.parse_args(argv)

    names = ("training.raw", "training.json", "validation.raw", "validation.json", "basis.npz")
    targets = dict(zip(names, [*args.training, *args.validation, args.basis]))
    with locked(args.basis):
        check_vouched(args.ids, args.sidecar)
        key, store = preprocess_key(args.settings, args.environment, args.sidecar, args.ids), Store("preprocessed")
        if store.is_whole(key):
            print("reused: neither the dataset nor a setting changed")
        else:
            from geokiln.dataset.preprocessing import preprocess_table  # numpy takes its time

            with store.keep(key) as folder:
                print(preprocess_table(args.raw, args.sidecar, args.ids, folder, **args.settings))
        origin = made_from(args.plan, [args.sidecar])
        store.publish(key, targets)
        sidecar = args.training[1]  # it speaks for them all
        with written(sidecar) as output:
            write_result(output, read_json(sidecar), origin, [path for path in targets.values() if path != sidecar])


if __name__ == "__main__":
    main()

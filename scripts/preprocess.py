"""Split the dataset, standardise it and compress its targets by PCA, fitted on the training split only."""

import argparse
import json
from pathlib import Path

from geokiln.dataset.context import PREPROCESS_VERSION
from geokiln.errors import command
from geokiln.storage.files import content_digest, locked
from geokiln.storage.fingerprints import fingerprint
from geokiln.storage.store import Store

FILES = ["training.raw", "training.json", "validation.raw", "validation.json", "basis.npz"]


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", required=True, help="dataset/examples.raw")
    parser.add_argument("--ids", required=True, help="dataset/examples.ids")
    parser.add_argument("--sidecar", required=True, help="dataset/examples.json")
    parser.add_argument("--environment", required=True, help="name of the environment, part of the fingerprint")
    parser.add_argument("--validation-share", required=True, type=float, help="share of the examples held out")
    parser.add_argument("--test-share", type=float, default=0.0, help="share held out for a last test")
    parser.add_argument("--split-seed", required=True, type=int, help="another seed, another split")
    parser.add_argument("--standardise-inputs", required=True, type=int, choices=[0, 1])
    parser.add_argument("--target-components", required=True, type=int, help="principal components; 0: no PCA")
    parser.add_argument("--target-weights", type=json.loads, default={}, help="target -> weight in the loss, JSON")
    parser.add_argument("--folder", required=True, help=f"where to write {', '.join(FILES)}")
    args = parser.parse_args(argv)

    with locked(args.folder):
        settings = vars(args).copy()
        for path in ("raw", "ids", "sidecar", "folder"):
            del settings[path]
        digests = [content_digest(args.sidecar), content_digest(args.ids)]
        key = fingerprint({"version": PREPROCESS_VERSION, "settings": settings, "dataset": digests})
        store = Store("preprocessed")
        targets = {name: Path(args.folder, name) for name in FILES}
        if store.publish(key, targets):
            print("reused: neither the dataset nor a setting changed")
            return
        from geokiln.dataset.preprocessing import preprocess_table

        with store.keep(key) as folder:
            print(preprocess_table(args.raw, args.sidecar, args.ids, folder, **settings))
        store.publish(key, targets)


if __name__ == "__main__":
    main()

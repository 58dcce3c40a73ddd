"""Train the network of one wedge; a training whose fingerprint is in the store is reused.

Nothing heavy is imported before it is known that something must be trained.
"""

import argparse
import json

from geokiln.errors import command
from geokiln.files import content_digest, locked
from geokiln.fingerprints import TRAIN_VERSION, fingerprint
from geokiln.store import Store


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preprocessed", required=True, help="folder with training.raw, validation.raw, basis.npz")
    parser.add_argument("--examples", required=True, help="dataset/examples.raw, for errors in physical units")
    parser.add_argument("--sidecar", required=True, help="dataset/examples.json")
    parser.add_argument("--settings", required=True, type=json.loads, help="training settings of this wedge, JSON")
    parser.add_argument("--environment", required=True, help="name of the environment, part of the fingerprint")
    parser.add_argument("--weights", required=True, help="weights.safetensors to write")
    parser.add_argument("--result", required=True, help="training.json to write")
    args = parser.parse_args(argv)

    with locked(args.weights):
        parts = ("training.json", "validation.json", "basis.npz")
        context = {
            "version": TRAIN_VERSION,
            "settings": args.settings,
            "environment": args.environment,
            "preprocessed": [content_digest(f"{args.preprocessed}/{part}") for part in parts],
            "dataset": content_digest(args.sidecar),
        }
        key = fingerprint(context)
        store = Store("wedges")
        files = {"weights.safetensors": args.weights, "training.json": args.result}
        if store.publish(key, files):
            print("0 trained, 1 reused: neither its data nor its settings changed")
            return
        from geokiln.wedge_training import train_wedge

        with store.keep(key) as folder:
            train_wedge(args.preprocessed, args.examples, args.sidecar, args.settings, folder)
        store.publish(key, files)
        print("1 trained, 0 reused")


if __name__ == "__main__":
    main()

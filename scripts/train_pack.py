"""Train the network of one wedge; a training whose fingerprint is in the store is reused.

Nothing heavy is imported before it is known that something must be trained.
"""

import argparse
import json

from geokiln.errors import command
from geokiln.files import content_digest, locked, read_json, watch, write_json, written
from geokiln.fingerprints import TRAIN_VERSION, fingerprint
from geokiln.sources import closure, code_digest
from geokiln.store import STORE, Store
from geokiln.training_settings import of_the_way, streamed_within, that_count

FILES = ("weights.safetensors", "losses.csv", "snapshots.safetensors", "training.json")


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preprocessed", required=True, help="folder with training.raw, validation.raw, basis.npz")
    parser.add_argument("--examples", required=True, help="dataset/examples.raw, for errors in physical units")
    parser.add_argument("--sidecar", required=True, help="dataset/examples.json")
    parser.add_argument("--settings", required=True, type=json.loads, help="training settings of this wedge, JSON")
    parser.add_argument("--recipe", type=json.loads, default={"name": "base"}, help="of preprocessing, JSON, to record")
    parser.add_argument("--script", help="the user's training script, if there is one")
    parser.add_argument("--initial-weights", help="a weights.safetensors to start from")
    parser.add_argument("--environment", required=True, help="name of the environment, part of the fingerprint")
    parser.add_argument("--folder", required=True, help=f"wedges/{{wedge}}: where to write {', '.join(FILES)}")
    args = parser.parse_args(argv)

    with locked(args.folder):
        parts = ("training.json", "validation.json", "basis.npz")
        context = {
            "version": TRAIN_VERSION,
            "environment": args.environment,
            "preprocessed": [content_digest(f"{args.preprocessed}/{part}") for part in parts],
            "dataset": content_digest(args.sidecar),
            "memory": streamed_within(args.settings, read_json(f"{args.preprocessed}/training.json")),
            "script": code_digest(args.script) if args.script else None,
            "initial_weights": content_digest(args.initial_weights) if args.initial_weights else None,
        }
        key = fingerprint({**context, "settings": that_count(args.settings)})
        store = Store("wedges")
        files = {name: f"{args.folder}/{name}" for name in FILES}
        if publish(store, key, files, args.settings, args.recipe):
            print("0 trained, 1 reused: neither its data nor its settings changed")
            return
        from geokiln.own_code import OwnCode
        from geokiln.training_states import States
        from geokiln.wedge_training import train_wedge

        own_files = closure(args.script) if args.script else []
        unchanged = watch([*own_files, *filter(None, [args.initial_weights])])
        own = OwnCode(args.script) if args.script else None
        states = States(STORE / "states" / fingerprint({**context, "way": of_the_way(args.settings)}), args.settings)
        with store.keep(key) as folder:
            result = train_wedge(
                args.preprocessed, args.examples, args.sidecar, args.settings, folder, states, own, args.initial_weights
            )
            unchanged()
        publish(store, key, files, args.settings, args.recipe)
        print(f"1 trained, 0 reused{': it diverged' if result['status'] == 'diverged' else ''}")


def publish(store, key, files, settings, recipe):
    """Publish a kept training, with the settings that were asked for: some do not count, and may have been others."""
    if not store.publish(key, files):
        return False
    result = read_json(files["training.json"])
    if (result["settings"], result.get("recipe")) != (settings, recipe):
        with written(files["training.json"]) as output:
            write_json(output, {**result, "settings": settings, "recipe": recipe})
    return True


if __name__ == "__main__":
    main()

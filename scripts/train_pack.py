"""Train the wedges of a pack and keep them in the store; a wedge whose fingerprint is there is not trained again.

Nothing heavy is imported before it is known that something must be trained.
"""

import argparse
import atexit
import contextlib
import gc
import json

from geokiln.errors import command
from geokiln.storage.files import read_json, watch, write_json, written
from geokiln.storage.fingerprints import fingerprint
from geokiln.storage.sources import closure
from geokiln.storage.store import STORE, Store
from geokiln.training.context import STATE_VERSION, train_context
from geokiln.training.halving import dropped_wedges, settings_of_rung
from geokiln.training.settings import of_the_way, streamed_within, that_count


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preprocessed", required=True, help="folder with training.raw, validation.raw, basis.npz")
    parser.add_argument("--examples", required=True, help="dataset/examples.raw, for errors in physical units")
    parser.add_argument("--sidecar", required=True, help="dataset/examples.json")
    parser.add_argument("--settings", required=True, type=json.loads, help="all keys of training:, JSON")
    parser.add_argument("--wedges", required=True, type=json.loads, help="wedge -> its own values of them, JSON")
    parser.add_argument("--recipe", required=True, type=json.loads, help="of preprocessing, JSON, to record")
    parser.add_argument("--script", help="the user's training script, if there is one")
    parser.add_argument("--initial-weights", help="a weights.safetensors to start from")
    parser.add_argument("--environment", required=True, help="name of the environment, part of the fingerprint")
    parser.add_argument("--rung", type=int, help="epochs to train for now, of those that the settings say")
    parser.add_argument("--earlier", help="rungs/{rung}/{pack}.json: what the pack came to at the rung before")
    parser.add_argument("--chosen", help="rungs/{rung}.json: the wedges that go on from there")
    parser.add_argument("--output", required=True, help="packs/{pack}.json: where the store keeps each wedge")
    args = parser.parse_args(argv)

    with written(args.output) as output:
        table = read_json(f"{args.preprocessed}/training.json")
        context = train_context(args.preprocessed, args.sidecar, args.environment, args.script, args.initial_weights)
        wedges = {wedge: {"settings": {**args.settings, **values}} for wedge, values in args.wedges.items()}
        if args.chosen:
            wedges.update(dropped_wedges(read_json(args.earlier)["wedges"], read_json(args.chosen)))
        members = {w: about["settings"] for w, about in wedges.items() if "dropped" not in about}
        if args.rung:
            members = {wedge: settings_of_rung(one, args.rung) for wedge, one in members.items()}

        def fingerprint_with(one, **more):
            return fingerprint({**context, "memory": streamed_within(one, table), **more})

        store = Store("wedges")
        keys = {wedge: fingerprint_with(one, settings=that_count(one)) for wedge, one in members.items()}
        missing = {key: wedge for wedge, key in keys.items() if not store.is_whole(key)}  # equal ones are trained once
        trained = {wedge: members[wedge] for wedge in members if wedge in missing.values()}
        if trained:
            ways = {w: fingerprint_with(one, way=of_the_way(one), state=STATE_VERSION) for w, one in trained.items()}
            train(args, trained, keys, ways, store)
        for wedge, key in keys.items():
            wedges[wedge]["key"] = key
        write_json(output, {"recipe": args.recipe, "trained": list(trained), "wedges": wedges})
    names = f" ({', '.join(trained)})" if trained else ": neither their data nor their settings changed"
    print(f"{len(trained)} trained, {len(members) - len(trained)} reused{names}")


def train(args, members, keys, ways, store):
    """Train *members* (wedge -> settings) and keep each under its key as soon as it is done."""
    atexit.register(gc.freeze)  # at the end Python would look through all of PyTorch for garbage, for 0.3 s
    from geokiln.training.own_script import OwnScript
    from geokiln.training.states import States
    from geokiln.training.train_pack import train_pack

    unchanged = watch([*(closure(args.script) if args.script else []), *filter(None, [args.initial_weights])])
    own = OwnScript(args.script) if args.script else None
    states = {wedge: States(STORE / "states" / ways[wedge], settings) for wedge, settings in members.items()}

    @contextlib.contextmanager
    def keep(wedge):
        with store.keep(keys[wedge]) as folder:
            yield folder
            unchanged()

    files = args.preprocessed, args.examples, args.sidecar
    diverged = train_pack(*files, members, states, keep, own, args.initial_weights)
    if diverged:
        print(f"diverged (the loss was not finite any more): {', '.join(diverged)}")


if __name__ == "__main__":
    main()

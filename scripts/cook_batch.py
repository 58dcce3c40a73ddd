"""Cook a batch of work items; items whose fingerprint is in the store are reused.

Nothing heavy is imported before it is known that something must be cooked.
"""

import argparse
import json

from geokiln.errors import command
from geokiln.files import content_digest, locked, read_json, watch, write_json, written
from geokiln.fingerprints import cook_context, cook_fingerprints, fingerprint, why_cooked
from geokiln.sources import closure
from geokiln.store import STORE, Store


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work-items", required=True, nargs="+", help="work_items/{batch}.json, one or all")
    parser.add_argument("--only", type=int, help="cook one item alone: its place in the file, from 0")
    parser.add_argument("--generator", required=True, help="the user's Python file")
    parser.add_argument("--generator-inputs", nargs="*", default=[], help="files that the generator reads")
    parser.add_argument("--parameters", required=True, type=json.loads, help="generator.parameters, JSON")
    parser.add_argument("--environment", required=True, help="name of the environment, part of the fingerprint")
    parser.add_argument("--parts", required=True, nargs="+", choices=["inputs", "targets", "baseline"])
    parser.add_argument("--data-points", required=True, help="the .npz to write")
    parser.add_argument("--report", required=True, help="the .json to write: digest, ids, seconds")
    args = parser.parse_args(argv)

    store = Store("data_points")
    files = {"rows.npz": args.data_points}
    context_file = STORE / "contexts" / args.report  # of the last run, to say why something was cooked
    with locked(args.data_points), written(context_file) as new_context_file:
        unchanged = watch([*closure(args.generator), *args.generator_inputs])
        items = [item for path in args.work_items for item in read_json(path)["items"]]
        if args.only is not None:
            items = items[args.only : args.only + 1]
        context = cook_context(args.generator, args.generator_inputs, args.parameters, args.environment, args.parts)
        prints = cook_fingerprints(items, context)
        key = fingerprint(prints)
        if store.publish(key, files):
            print(f"0 cooked, {len(items)} reused: no item of this batch changed")
        else:
            from geokiln.cooking import cook_batch

            done = cook_batch(items, prints, key, args.generator, args.parameters, args.parts, store, unchanged)
            why = f": {why_cooked(read_json(context_file), context)}" if context_file.exists() else ""
            print(f"{done['cooked']} cooked, {done['reused']} reused{why if done['cooked'] else ''}")
            store.publish(key, files)
        write_json(new_context_file, context)
        seconds = read_json(store.folder / key / "items.json")["seconds"]
        with written(args.report) as report:
            digest = content_digest(args.data_points)
            write_json(report, {"digest": digest, "ids": [item["id"] for item in items], "seconds": seconds})


if __name__ == "__main__":
    main()

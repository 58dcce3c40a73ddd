"""Cook a batch of work items; those that were cooked before, whichever batch they were in, are reused.

Nothing heavy is imported before it is known that something must be cooked.
"""

import argparse
import json
import signal
import sys

from geokiln.cooking.context import accepted_context, cook_context, why_cooked
from geokiln.errors import command
from geokiln.storage.files import locked, read_json, watch, write_json, written
from geokiln.storage.fingerprints import fingerprint
from geokiln.storage.sources import closure
from geokiln.storage.store import STORE, Store
from geokiln.work_items.batches import batch_key, batch_range
from geokiln.work_items.item_table import read_digests, read_items


@command
def main(argv=None):
    signal.signal(signal.SIGTERM, _stop)  # a farm's time limit, or a job that is cancelled: what is cooked is kept
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", required=True, help="work_items/items.npz")
    parser.add_argument("--rows", type=batch_range, help="which of them, such as 32-63; without it all")
    parser.add_argument("--generator", required=True, help="the user's Python file")
    parser.add_argument("--generator-inputs", nargs="*", default=[], help="files that it reads")
    parser.add_argument("--parameters", required=True, type=json.loads, help="generator.parameters, JSON")
    parser.add_argument("--settings", type=json.loads, default={}, help="how to cook, JSON: geokiln.cooking.kinds")
    parser.add_argument("--environment", required=True, help="name of the environment, part of the fingerprint")
    parser.add_argument("--parts", required=True, nargs="+", choices=["inputs", "targets", "baseline"])
    parser.add_argument("--cache", choices=["automatic", "read", "write"], default="automatic")
    parser.add_argument("--invalid", choices=["fail", "drop"], default="fail", help="values that are not finite")
    parser.add_argument("--tolerate-failures", action="store_true", help="leave failed items out")
    parser.add_argument("--data-points", required=True, help="the .npz to write")
    parser.add_argument("--report", required=True, help="the .json to write: digest, counts, seconds")
    args = parser.parse_args(argv)

    context_file = STORE / "contexts" / args.report  # of the last run, to say why something was cooked
    with locked(args.data_points), written(context_file) as new_context_file:
        unchanged = watch([*closure(args.generator), *args.generator_inputs])
        command_words = [args.settings.get("command"), args.settings.get("outputs")]
        context = cook_context(
            args.generator, args.generator_inputs, args.parameters, args.environment, args.parts, command_words
        )
        digests = read_digests(args.items, args.rows)
        store = Store(f"data_points/{accepted_context(fingerprint(context))}")
        key = batch_key(digests, args.invalid)
        if args.cache != "write" and store.is_whole(key):
            print(f"0 cooked, {len(digests)} reused: no item of this batch changed")
        else:
            done = cook(args, digests, key, store, unchanged)
            key = done["key"]
            why = f": {why_cooked(read_json(context_file), context)}" if context_file.exists() else ""
            left_out = "".join(f", {done[what]} {what}" for what in ("dropped", "failed") if done[what])
            print(f"{done['cooked']} cooked, {done['reused']} reused{left_out}{why if done['cooked'] else ''}")
        write_json(new_context_file, context)
        store.publish(key, {"rows.npz": args.data_points, "report.json": args.report})


def cook(args, digests, key, store, unchanged):
    import numpy as np

    from geokiln.cooking.cook_batch import cook_batch
    from geokiln.cooking.generator import Generator
    from geokiln.cooking.kinds import cook_kind

    items = read_items(args.items, args.rows.start if args.rows else 0, len(digests))
    generator = Generator(args.generator)
    if generator.has("setup"):
        generator.call("setup", args.parameters)
    kind = cook_kind(generator, args.parameters, args.parts, args.settings)
    table = np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)
    return cook_batch(
        items, table, key, kind, store, args.cache, args.invalid == "drop", args.tolerate_failures, unchanged
    )


def _stop(*_):
    sys.exit("cook_batch: asked to stop (SIGTERM); what was cooked is kept")


if __name__ == "__main__":
    main()

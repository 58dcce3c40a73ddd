"""Say which items were never cooked, and cook none of them."""

import argparse
import json

import numpy as np

from geokiln.cooking.context import cook_context, kept_context
from geokiln.cooking.kept_items import find_items
from geokiln.cooking.recook import times_recooked
from geokiln.errors import UserError, script
from geokiln.storage.arrays import open_arrays
from geokiln.storage.store import Store


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", required=True, help="work_items/items.npz")
    parser.add_argument("--generator", required=True, help="the user's Python file")
    parser.add_argument("--generator-inputs", nargs="*", default=[], help="files that it reads")
    parser.add_argument("--parameters", required=True, type=json.loads, help="generator.parameters, JSON")
    parser.add_argument("--command", required=True, type=json.loads, help="generator.command, JSON")
    parser.add_argument("--environment", required=True, help="name of the environment")
    parser.add_argument(
        "--recook", nargs="*", default=[], help=".kept/recook.json, if everything was to be cooked anew"
    )
    args = parser.parse_args(argv)

    made_by = [args.command["words"], args.command["outputs"]]
    about = args.generator, args.generator_inputs, args.parameters, args.environment, ["inputs", "targets"], made_by
    context = cook_context(*about, times_recooked(args.recook))
    table = open_arrays(args.items)
    store = Store(f"data_points/{kept_context(context, args.generator_inputs)}")
    missing = find_items(store, np.array(table["digest"])).missing
    if len(missing):
        names = ", ".join(table["id"][missing[:10]]) + (" ..." if len(missing) > 10 else "")
        raise UserError(f"{len(missing)} of {len(table['id'])} items were never cooked, or were left out: {names}")
    print(f"all {len(table['id'])} items are cooked")


if __name__ == "__main__":
    main()

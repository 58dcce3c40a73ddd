"""A program that takes long to start: one process for a batch, beside one process for each item.

    .venv-test/bin/python benchmarks/batch_command.py [--items 200] [--alone 8] [--repeats 3]

The program is a stand-in (peers/files/simulator.py), not a real simulator: it sleeps for 5 s when it starts, and 10 ms
for each item. Both forms of generator.command run through snakemake on 2 cores, from the config to the merged dataset,
in a new folder (environments built): 200 items in 4 batches with `{items}`, and 8 items in 2 batches with `{item}`. The
second are fewer, since each takes 5 s. What 200 would take is extrapolated: their cooks 25 times as long, all else
as it is. Lines are printed as they are known.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from common import FILES, Report, build_environment, geokiln, seconds, seconds_by_rule

GENERATOR = """import numpy as np

def geometry(count, seed, parameters):
    return {"strength": np.random.default_rng(seed).uniform(0.5, 2.0, count)}

def unseen(name, count, parameters):
    return {"strength": np.linspace(0.5, 2.0, count)}
"""
FORMS = {"batch": ["{items}", "{results}"], "item": ["{item}", "{folder}", "alone"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200, help="in 4 batches")
    parser.add_argument("--alone", type=int, default=8, help="items with a process each, in 2 batches")
    parser.add_argument("--start", type=float, default=5, help="seconds that the program takes to start")
    parser.add_argument("--solve", type=float, default=0.01, help="seconds that it takes for an item")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", help="a file to which each result is appended as a line of JSON")
    args = parser.parse_args()
    report = Report(args.output, benchmark="batch_command", start=args.start, solve=args.solve)
    build_environment()
    for _ in range(args.repeats):
        run(report, "batch", args, args.items, -(-args.items // 4))
        took, cooks = run(report, "item", args, args.alone, -(-args.alone // 2))
        more = args.items / args.alone - 1  # 2 cooks run at a time
        report.add("item", "extrapolated", took + more * cooks / 2, items=args.items)
    batch, alone = report.median("batch", "measured"), report.median("item", "extrapolated")
    print(
        f"\nmedians for {args.items} items: {batch:.1f} s, and {alone:.1f} s with a process each ({alone / batch:.1f})"
    )


def run(report, form, args, count, batch_size):
    """Build a dataset in a new folder; return its seconds, and those of the cooks among them."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(FILES / "simulator.py", folder)
        Path(folder, "generator.py").write_text(GENERATOR)
        words = ["python3", "simulator.py", str(args.start), str(args.solve), *FORMS[form]]
        config = {
            "generator": {"file": "generator.py", "command": {"words": words, "outputs": []}},
            "geometry": {"count": count},
            "work_items": {"batch_size": batch_size},
            "unseen": {"probe": {"source": "generator", "count": 1, "ground_truth": False}},  # one must be stated
        }
        if form == "item":
            config["generator"]["command"]["outputs"] = ["height.npy"]
        Path(folder, "config.yaml").write_text(json.dumps(config))  # JSON is YAML
        took = seconds(geokiln(folder, "dataset/examples.json"))
        made = json.loads(Path(folder, "dataset/examples.json").read_text())
        if made["count"] != count:
            raise SystemExit(f"{form}: {made['count']} of {count} items are in the dataset")
        report.add(form, "measured", took, items=count)
        return took, seconds_by_rule(folder)["cook_batch"]


if __name__ == "__main__":
    main()

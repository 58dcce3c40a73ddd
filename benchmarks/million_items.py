"""A million work items in 100 batches, from a table of attributes to one dataset; then one of them is edited.

    .venv-test/bin/python benchmarks/million_items.py [--items 1000000] [--batches 100] [--beside CHECKOUT]

The generator is a vectorised toy of 16 inputs and 32 targets, so that what is measured is Geokiln: reading,
fingerprints, files, merging. Memory is the largest RssAnon of any one process: pages of memory maps do not count.
--beside names another checkout, such as an earlier version, whose runs alternate with this one's.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from common import CHECKOUT
from memory import peak_anonymous

GENERATOR = """
import numpy as np

WEIGHTS = np.random.default_rng(0).normal(size=(16, 32)).astype("f4") / 4

def unseen(name, count, parameters):
    return {"pose": np.random.default_rng(1).normal(size=(count, 16)).astype("f4")}

def cook_batch(items):
    return {"height": np.tanh(items["pose"] @ WEIGHTS)}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--batches", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--beside", help="another checkout, whose environments are built")
    args = parser.parse_args()
    checkouts = [CHECKOUT, *([Path(args.beside)] if args.beside else [])]
    runs = [[run(args.items, args.batches, checkout) for checkout in checkouts] for _ in range(args.repeats)]
    print(f"{args.items:,} items in {args.batches} batches, medians of {args.repeats}")
    for step in runs[0][0]:
        seconds = [statistics.median(one[number][step].seconds for one in runs) for number in range(len(checkouts))]
        megabytes = max(one[0][step].bytes for one in runs) / 1e6
        ratio = f"   {seconds[0] / seconds[1]:.3f} of {checkouts[1].name}" if args.beside else ""
        print(f"  {step:20} {seconds[0]:6.2f} s   largest process {megabytes:4.0f} MB{ratio}", flush=True)


def run(items, batches, checkout):
    """Return what each step took: name -> memory.Peak."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "generator.py").write_text(GENERATOR)
        config = {
            "generator": {"file": "generator.py"},
            "geometry": {"source": "poses.npz"},
            "work_items": {"batch_size": -(-items // batches)},
            "unseen": {"probe": {"source": "generator", "count": 4, "ground_truth": False}},
        }
        (project / "config.yaml").write_text(json.dumps(config))  # JSON is YAML, too
        pose = np.random.default_rng(2).normal(size=(items, 16)).astype("f4")
        np.savez(project / "poses.npz", pose=pose)
        snakemake = [sys.executable, "-m", "snakemake", "--snakefile", checkout / "Snakefile", "--cores", "2"]
        request = [*snakemake, "--quiet", "rules", "--directory", project, "--", "dataset/examples.json"]
        dry = [*request[:-2], "--dry-run", *request[-2:]]
        steps = {"dry run": peak_anonymous(dry), "cold": peak_anonymous(request)}
        steps["nothing to do"] = peak_anonymous(request)
        pose[items // 3] += 1
        np.savez(project / "new.npz", pose=pose)
        os.replace(project / "new.npz", project / "poses.npz")
        del pose
        steps["one item edited"] = peak_anonymous(request)
        logs = [path.read_text() for path in project.glob("logs/cook_batch/*.log")]
        cooked = sum(int(log.splitlines()[-1].split()[0]) for log in logs)
        assert cooked == 1, f"{cooked} items were cooked after one was edited"
        count = json.loads((project / "dataset/examples.json").read_text())["count"]
        assert count == items, f"{count} data points of {items} items"
        return steps


if __name__ == "__main__":
    main()

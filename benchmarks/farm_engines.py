"""What a farm costs: the same project on this machine, on a real Slurm, and on the stand-in HQueue.

    .venv-test/bin/python benchmarks/farm_engines.py [--items 10000] [--batch-size 250] [--only slurm hqueue]

Cooks a toy dataset of so many items (40 batches by default) from nothing to dataset/examples.json on each engine, then
edits one primitive and asks again. Reports wall time, the number of submissions and of status calls, and the overhead
per farm job: wall time beyond this machine's, over the number of jobs. Slurm (tests/farm/slurm.sh install) and the
stand-in run on this machine too, so what is measured is the machinery, not a farm's power.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

from common import CHECKOUT, seconds

sys.path.insert(0, str(CHECKOUT / "tests"))
from farm.hqueue_server import running_server  # noqa: E402
from farm.slurm_cluster import running_cluster  # noqa: E402

GENERATOR = """
import time
import numpy as np

def unseen(name, count, parameters):
    return {"x": np.linspace(-1, 1, count)}

def cook(item):
    time.sleep(0.005)
    return {"y": np.full(8, item["x"])}
"""
CONFIG = """
generator: {file: generator.py}
geometry: {name: samples, source: samples.npz}
work_items: {batch_size: BATCH}
unseen: {line: {source: generator, count: 2, ground_truth: false}}
"""
DATASET = "dataset/examples.json"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--batch-size", type=int, default=250)
    parser.add_argument("--only", nargs="+", choices=["slurm", "hqueue"], default=["slurm", "hqueue"])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        here = measure(Path(folder) / "here", args, "default", os.environ, lambda: (0, 0))
        if "slurm" in args.only:
            with running_cluster() as cluster:
                count = lambda: (len(cluster.calls("sbatch")), len(cluster.calls("squeue")))
                measure(Path(folder) / "slurm", args, "slurm", cluster.environment, count, here)
        if "hqueue" in args.only:
            with hqueue(Path(folder) / "farm") as (environment, count):
                measure(Path(folder) / "hqueue", args, "hqueue", environment, count, here)


@contextlib.contextmanager
def hqueue(folder):
    with running_server(folder) as server:

        def count():
            calls = server.proxy.fault_calls()
            return calls.get("newjob", 0), calls.get("getJobs", 0)

        yield {**os.environ, "HQSERVER": server.url}, count


def measure(project, args, profile, environment, count, here=None):
    """Build the dataset on an engine, edit a primitive, build again; return the first wall time."""
    import numpy as np

    project.mkdir()
    (project / "generator.py").write_text(GENERATOR)
    (project / "config.yaml").write_text(CONFIG.replace("BATCH", str(args.batch_size)))
    x = np.random.default_rng(1).uniform(-1, 1, args.items).astype(np.float32)
    np.savez(project / "samples.npz", x=x)
    jobs = -(-args.items // args.batch_size) + 1
    command = [sys.executable, CHECKOUT / "geokiln", "--workflow-profile", profile, "--directory", project, DATASET]
    cold, submitted, asked = run(command, environment, count)
    overhead = f", {(cold - here) / jobs:.1f} s per job more than here" if here else ""
    print(f"{profile}: {jobs} jobs cold: {cold:.0f} s, {submitted} submissions, {asked} status calls{overhead}")
    time.sleep(1)
    x[args.items // 2] += 0.001
    np.savez(project / "samples.npz", x=x)
    edited, submitted, asked = run(command, environment, count)
    print(f"{profile}: one primitive edited: {edited:.0f} s, {submitted} submissions, {asked} status calls", flush=True)
    return cold


def run(command, environment, count):
    before = count()
    took = seconds(command, **environment)
    return took, *(after - earlier for after, earlier in zip(count(), before, strict=True))


if __name__ == "__main__":
    main()

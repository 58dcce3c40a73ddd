"""64 wedges, trained as packs through snakemake, beside a process for each wedge.

    .venv-test/bin/python benchmarks/wedge_packs.py [--repeats 3] [--epochs 20] [--peer-wedges 64]
    .venv-test/bin/python benchmarks/wedge_packs.py --wide

4 depths (1 to 4 hidden layers of 64) x 4 weight decays x 4 seeds, tanh, AdamW, a constant learning rate, batches of
64; 20,000 training examples of 16 inputs and 32 targets, a smooth function. The dataset and its preprocessing are made
before the clock starts; then everything counts, up to the ranked table wedges.csv.

geokiln       snakemake on 2 cores, packs of the default size
packs of 1    the same with training.pack_size 1
dataloader    a process for each wedge, 2 at a time, one thread each: DataLoader, nn.Sequential, AdamW
fused         the same with the fused AdamW on tensors that are permuted once an epoch: a process per core

The processes of the two peers have nothing to do with each other, so --peer-wedges 8 runs an eighth of them (of all
depths alike) and multiplies their wall time by 8. Validation errors of the same wedges are compared at the end.

--wide is one depth of 4 layers of 256 with batches of 512, 8 wedges: packs there must cost nothing (default size, packs
of 1, and packs of 8).

Lines are printed as they are known; --output FILE appends them as JSON, too.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from common import Report, geokiln, seconds
from peers import trainers

GENERATOR = """
import numpy as np

WEIGHTS = np.random.default_rng(0).normal(size=(16, 32)).astype("f4") / 4

def geometry(count, seed, parameters):
    return {"pose": np.random.default_rng(seed).normal(size=(count, 16)).astype("f4")}

def unseen(name, count, parameters):
    return geometry(count, 99, parameters)

def cook_batch(items):
    return {"height": np.sin(items["pose"] @ WEIGHTS)}
"""
SMALL = {"hidden_layers": [1, 2, 3, 4], "weight_decay": [0.0, 0.001, 0.01, 0.1], "seed": [0, 1, 2, 3]}
WIDE = {"weight_decay": [0.0, 0.01], "seed": [0, 1, 2, 3]}
TRAINING = {"activation": "tanh", "learning_rate": 0.001, "schedule": "constant", "batch_size": 64, "hidden_width": 64}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--examples", type=int, default=20000)
    parser.add_argument("--peer-wedges", type=int, default=64, choices=[8, 16, 32, 64], help="that really run")
    parser.add_argument("--wide", action="store_true")
    parser.add_argument("--only", type=lambda text: text.split(","), help="names, by commas")
    parser.add_argument("--output", help="a file to which each result is appended as a line of JSON")
    args = parser.parse_args()
    report = Report(args.output, benchmark="wedge_packs", wide=args.wide, epochs=args.epochs, peers=args.peer_wedges)
    measure, errors = f"{args.epochs} epochs", {}
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "generator.py").write_text(GENERATOR)
        training = {**TRAINING, "epochs": args.epochs, "epochs_per_evaluation": args.epochs, "weights": "last"}
        if args.wide:
            training |= {"hidden_layers": 4, "hidden_width": 256, "batch_size": 512}
        wedges = WIDE if args.wide else SMALL
        programs = {"geokiln": "auto", "packs of 1": 1, **({"packs of 8": 8} if args.wide else {})}
        configure(project, args.examples, training, wedges)
        seconds(geokiln(project, "preprocessed/base/basis.npz"))
        peers = [] if args.wide else ["dataloader", "fused"]
        for _ in range(args.repeats):
            for program, size in programs.items():
                if not args.only or program in args.only:
                    configure(project, args.examples, {**training, "pack_size": size}, wedges)
                    report.add(program, measure, train_anew(project))
                    errors[program] = validation_losses(project)
            for program in peers:
                if not args.only or program in args.only:
                    took, errors[program] = train_by(program, project, training, args.peer_wedges)
                    report.add(program, measure, took * 64 / args.peer_wedges)
    report.print_table([*programs, *peers], [measure], "geokiln")
    print("\nvalidation loss (mean squared error), median of the same wedges, by depth")
    same = set.intersection(*map(set, errors.values()))
    for program, losses in errors.items():
        by_depth = {}
        for wedge in same:
            by_depth.setdefault(dict(wedge).get("hidden_layers", 4), []).append(losses[wedge])
        cells = (f"{depth}: {statistics.median(by_depth[depth]):.3e}" for depth in sorted(by_depth))
        print(f"  {program:12} {', '.join(cells)}")


def configure(project, examples, training, wedges):
    config = {
        "generator": {"file": "generator.py"},
        "geometry": {"source": "generator", "count": examples * 5 // 4, "format": "npz"},
        "unseen": {"probe": {"source": "generator", "count": 4, "ground_truth": False}},
        "preprocess": {"validation_share": 0.2, "target_components": 0},
        "training": training,
        "wedges": wedges,
    }
    (project / "config.yaml").write_text(json.dumps(config))  # JSON is YAML


def train_anew(project):
    """Return what it takes from preprocessed files to the ranked table."""
    subprocess.run(
        ["rm", "-rf", ".kept/wedges", ".kept/states", "packs", "wedges", "wedges.csv"], cwd=project, check=True
    )
    return seconds(geokiln(project, "wedges.csv"))


def validation_losses(project):
    """Return wedge (its values, sorted) -> validation loss."""
    losses = {}
    for path in project.glob("wedges/*/training.json"):
        result = json.loads(path.read_text())
        losses[values_of(result["settings"])] = result["validation_loss"]
    return losses


def values_of(settings):
    return tuple((key, settings[key]) for key in ("hidden_layers", "seed", "weight_decay"))


def train_by(program, project, training, count):
    """Return the wall time of a process for each of *count* wedges, 2 at a time, and their validation losses."""
    grid = [(d, w, s) for s in SMALL["seed"] for w in SMALL["weight_decay"] for d in SMALL["hidden_layers"]]
    jobs = {}
    for depth, decay, seed in grid[:count]:
        settings = {**training, "hidden_layers": depth, "weight_decay": decay, "seed": seed}
        jobs[values_of(settings)] = settings

    def run(wedge):
        name = f"{program}-{'-'.join(str(value) for _, value in wedge)}.npz"
        words = [sys.executable, trainers.__file__, program, "preprocessed/base", json.dumps(jobs[wedge]), name]
        seconds(words, project, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
        return name

    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        names = dict(zip(jobs, pool.map(run, jobs), strict=True))
    took = time.perf_counter() - start
    inputs, targets = trainers.read_split(project / "preprocessed/base", "validation")
    losses = {}
    for wedge, name in names.items():
        with np.load(project / name) as arrays:
            flat = [arrays[key] for key in arrays.files]
        layers = list(zip(flat[::2], flat[1::2], strict=True))
        outputs = trainers.predict(layers, training["activation"], inputs)
        losses[wedge] = float(np.square(outputs - targets, dtype=np.float64).mean())
    return took, losses


if __name__ == "__main__":
    main()

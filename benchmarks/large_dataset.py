"""Training on a table that is larger than what may be held in memory, beside one that fits.

    .venv-test/bin/python benchmarks/large_dataset.py [--gigabytes 4] [--repeats 3] [--examples 8000000] [--folder DIR]

Two preprocessed tables of 16 inputs and 32 targets, a smooth function, float32: one of --gigabytes, written in a
stream, and one of --small megabytes (400). scripts/train_pack.py trains two networks on each: 2 hidden layers of 64
with batches of 256 examples, and 4 of 256 with batches of 1024; tanh, AdamW, one thread. With a `training.memory`
(--memory sets another than the shipped one) the large table is streamed and the small one held.

Each training runs twice, for a tenth of --examples and for all of them. Examples per second are the difference in
examples over the difference in wall time, so what is done once (imports, checking the checksums, judging the
network) does not count there: it is given as `start`, what is left of the shorter run. With a `training.iterations` in
config.yaml a run stops after so many examples, in the middle of an epoch if need be. **A version of Geokiln without
that key trains for 1 and for 2 whole epochs instead, and one without `training.memory` holds both tables**: what
happened is printed.

The page cache is warm: each table is read once before it is trained on. Memory is the largest RssAnon of any one
process: pages of memory maps do not count. Needs Linux and room for --gigabytes in --folder, from which all is removed
at the end. --output FILE appends each result as a line of JSON.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from memory import peak_anonymous
from one_wedge import smooth_rows, train_command, trained, training_settings, write_folder

N_IN, ROW_BYTES = 16, 48 * 4
BLOCK = 100_000  # rows that are made at a time
NETWORKS = {
    "2x64, batch 256": {"hidden_layers": 2, "hidden_width": 64, "batch_size": 256},
    "4x256, batch 1024": {"hidden_layers": 4, "hidden_width": 256, "batch_size": 1024},
}
SETTINGS = {
    "activation": "tanh",
    "learning_rate": 0.001,
    "weight_decay": 0.01,
    "schedule": "constant",
    "patience": 0,
    "seed": 0,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=4)
    parser.add_argument("--small", type=float, default=400, help="megabytes of the table that fits")
    parser.add_argument("--memory", type=int, help="training.memory in MB; default: the shipped one")
    parser.add_argument("--examples", type=int, default=8_000_000, help="that the longer run trains on")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=NETWORKS)
    parser.add_argument("--folder", help="where the files are made for the time of the run")
    parser.add_argument("--output", help="a file to which each result is appended as a line of JSON")
    args = parser.parse_args()
    shipped = training_settings({})
    for key in ("iterations", "memory"):
        if key not in shipped:
            print(f"config.yaml has no training.{key}: {MISSING[key]}")
    optional = {"memory": args.memory} if args.memory else {}
    sizes = {f"{args.gigabytes:g} GB": args.gigabytes * 1e9, f"{args.small:g} MB": args.small * 1e6}
    runs = {}
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        tables = {}
        for label, size in sizes.items():
            tables[label] = Path(name, label.replace(" ", "_")), int(size / ROW_BYTES)
            write_table(*tables[label])
        for _ in range(args.repeats):
            for network, shape in NETWORKS.items():
                for label, table in tables.items():
                    if args.only in (None, network):
                        result = train(*table, training_settings({**SETTINGS, **shape}, optional), args.examples)
                        runs.setdefault((network, label), []).append(result)
                        line = {"benchmark": "large_dataset", "network": network, "table": label, **result}
                        print(f"  {network:18} {label:8} " + ", ".join(f"{key} {result[key]:,.4g}" for key in result))
                        record(args.output, line)
    print_table(runs, list(sizes))


MISSING = {
    "iterations": "1 and 2 whole epochs are trained, whatever --examples says",
    "memory": "both tables are held in memory",
}


def record(path, line):
    sys.stdout.flush()
    if path:
        with open(path, "a") as file:
            file.write(json.dumps(line) + "\n")


def print_table(runs, labels):
    """Print medians, the largest peak, and how fast the large table is trained on beside the small one."""
    print(f"\n{'':28}{'examples/s':>12}{'ratio':>8}{'start':>10}{'RssAnon':>10}")
    for (network, label), results in runs.items():
        rate, start = (statistics.median(result[key] for result in results) for key in ("rate", "start"))
        small = statistics.median(result["rate"] for result in runs[network, labels[1]])
        peak = max(result["megabytes"] for result in results)
        print(f"{network:20}{label:8}{rate:12,.0f}{rate / small:8.3f}{start:8.1f} s{peak:7,.0f} MB")


def write_table(folder, rows):
    """Write a preprocessed table of *rows* training examples, a block in memory at a time."""
    counts = (min(BLOCK, rows - first) for first in range(0, rows, BLOCK))
    blocks = (smooth_rows(count, N_IN, seed=number + 1) for number, count in enumerate(counts))
    write_folder(folder, blocks, smooth_rows(10_000, N_IN), N_IN)


def train(folder, rows, settings, examples):
    """Return what two trainings on a table come to: examples per second, seconds to start, MB, the validation error."""
    warm(folder / "preprocessed/base/training.raw")
    seen, walls = [], []
    for part in (0.1, 1):
        if "iterations" in settings:
            steps = max(1, round(part * examples / settings["batch_size"]))
            per_epoch = -(-rows // settings["batch_size"])
            epochs = -(-steps // per_epoch)
            limits = {"iterations": steps, "epochs": epochs}
            seen.append((steps // per_epoch) * rows + steps % per_epoch * settings["batch_size"])
        else:
            limits = {"epochs": 1 if part < 1 else 2}
            seen.append(limits["epochs"] * rows)
        limits["epochs_per_evaluation"] = limits["epochs"]  # judged at the end alone
        try:
            peak = peak_anonymous(train_command(folder, {**settings, **limits}), 0.02, cwd=folder)
        except subprocess.CalledProcessError as error:
            sys.exit(error.output[-3000:])
        walls.append(peak.seconds)
    rate = (seen[1] - seen[0]) / (walls[1] - walls[0])
    error = trained(folder)[0]["relative_validation_rmse"]
    return {"rate": rate, "start": walls[0] - seen[0] / rate, "megabytes": peak.bytes / 1e6, "error": error}


def warm(path):
    with open(path, "rb") as file:
        while file.read(1 << 24):
            pass


if __name__ == "__main__":
    main()

"""Successive halving beside the full search, on the tube deformer.

    .venv-test/bin/python benchmarks/successive_halving.py [--seeds 5] [--output FILE]

27 wedges: 1 to 3 hidden layers, weight decays of 0, 0.001 and 0.01, learning rates of 0.001, 0.003 and 0.01, each of
1,000 epochs. Halving compares them after 110 and 330 epochs, and one of 3 goes on. For each training seed: the
validation RMSE of the best wedge of either search, the epochs that all wedges took together, and the wall time from
preprocessed files to the ranked table.
"""

import argparse
import csv
import json
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from common import CHECKOUT, Report, geokiln, seconds

WEDGES = {"hidden_layers": [1, 2, 3], "weight_decay": [0.0, 0.001, 0.01], "learning_rate": [0.001, 0.003, 0.01]}
RUNGS = [110, 330]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--output", help="a file to which each result is appended as a line of JSON")
    args = parser.parse_args()
    report = Report(args.output, benchmark="successive_halving")
    errors, epochs = [], []
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        configure(project, 0, [])
        seconds(geokiln(project, "preprocessed/base/basis.npz"))
        for seed in range(args.seeds):
            best, took = {}, {}
            for search, rungs in (("full", []), ("halving", RUNGS)):
                configure(project, seed, rungs)
                stale = [".kept/wedges", ".kept/states", "packs", "rungs", "wedges", "wedges.csv"]
                subprocess.run(["rm", "-rf", *stale], cwd=project, check=True)
                wall = seconds(geokiln(project, "wedges.csv"))
                rows = list(csv.DictReader((project / "wedges.csv").read_text().splitlines()))
                best[search] = float(rows[0]["validation_rmse_displacement"])
                took[search] = sum(int(row["epochs"]) for row in rows)
                report.add(search, f"seed {seed}", wall, best=rows[0]["wedge"], rmse=best[search], epochs=took[search])
            errors.append(best["halving"] / best["full"])
            epochs.append(took["halving"] / took["full"])
    print(f"halving over full, median of {args.seeds} seeds: RMSE of the best {statistics.median(errors):.3f}", end="")
    print(f" ({min(errors):.3f} to {max(errors):.3f}), epochs {statistics.median(epochs):.3f}")


def configure(project, seed, rungs):
    shutil.copy(CHECKOUT / "config.yaml", project)
    shipped = (project / "config.yaml").read_text()
    head = shipped[: shipped.index("\nwedges:")]
    tail = shipped[shipped.index("\nenvironments:") :]
    head = head.replace("\n  seed: 0 ", f"\n  seed: {seed} ").replace(
        "\n  shuffle_seed: 0", f"\n  shuffle_seed: {seed}"
    )
    (project / "config.yaml").write_text(f"{head}\nwedges: {json.dumps(WEDGES)}\nselection: {{rungs: {rungs}}}\n{tail}")


if __name__ == "__main__":
    main()

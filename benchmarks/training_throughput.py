"""Seconds that an epoch of training takes, beside other programs that train the same network on the same examples.

    .venv-test/bin/python benchmarks/training_throughput.py [--repeats 3] [--epochs 60] [--only geokiln,fused]

20,000 examples of 16 inputs and 32 targets, a smooth function, float32; tanh, AdamW with a weight decay of 0.01, a
constant learning rate, one thread. Two networks: 2 hidden layers of 64 with batches of 64 examples, and 4 of 256 with
batches of 256.

geokiln       scripts/train_pack.py, as a project's jobs call it
dataloader    plain PyTorch: DataLoader with shuffle=True, nn.Sequential, torch.optim.AdamW, its default settings
fused         PyTorch with fused AdamW, on tensors that are permuted once an epoch: no DataLoader
scikit-learn  MLPRegressor by Adam; its penalty alpha stands for weight decay, which it does not have
lightning     Lightning's Trainer around the network and DataLoader of `dataloader`; no logger, checkpoints or bar

Each is a process of its own, and runs twice: for 2 epochs, and for --epochs more. The difference of the two wall times
over --epochs is what an epoch takes, so imports, reading and writing do not count, for any of them. No epoch is judged
on validation examples but the last. Programs take turns; medians and, in brackets, how many times as long as Geokiln.

So that no speed is bought by doing less, the mean squared error on all training examples stands beside: computed by the
same lines of numpy for all, from the weights that a program ends with (targets have a variance of 1). At a constant
learning rate it differs by a tenth or more from seed to seed, so each repeat has its own, the same for all.

Lightning is installed into a virtualenv in the cache folder (~/.cache), where it finds this interpreter's PyTorch.
Lines are printed as they are known; --output FILE appends them as JSON, too.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from common import Report, seconds
from one_wedge import smooth_rows, train_command, trained, training_settings, write_folder
from peers import trainers

FIRST = 2  # epochs of the run that is taken off
N_IN = 16
NETWORKS = {
    "2x64, batch 64": {"hidden_layers": 2, "hidden_width": 64, "batch_size": 64},
    "4x256, batch 256": {"hidden_layers": 4, "hidden_width": 256, "batch_size": 256},
}
SETTINGS = {
    "activation": "tanh",
    "learning_rate": 0.001,
    "weight_decay": 0.01,
    "schedule": "constant",
    "patience": 0,
    "seed": 0,
}
PROGRAMS = ["geokiln", *trainers.TRAINERS]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=60, help="between the two runs of a program")
    parser.add_argument("--examples", type=int, default=20000)
    parser.add_argument("--only", type=lambda text: text.split(","), default=PROGRAMS, help="names, by commas")
    parser.add_argument("--output", help="a file to which each result is appended as a line of JSON")
    args = parser.parse_args()
    if unknown := set(args.only) - set(PROGRAMS):
        sys.exit(f"--only: there is no {', '.join(unknown)}; there are: {', '.join(PROGRAMS)}")
    pythons = interpreters(args.only)
    report = Report(args.output, 4, benchmark="training_throughput", examples=args.examples, epochs=args.epochs)
    errors = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_folder(folder, [smooth_rows(args.examples, N_IN)], smooth_rows(1000, N_IN, seed=1), N_IN)
        for program, python in pythons.items():  # whoever is first would pay for reading its libraries from disk
            several = {**SETTINGS, **NETWORKS["2x64, batch 64"], "epochs": 1, "epochs_per_evaluation": 1}
            seconds(command(program, python, folder, training_settings(several)), folder, **ONE_THREAD)
        for turn in range(args.repeats):
            for network, shape in NETWORKS.items():
                settings = training_settings({**SETTINGS, **shape, "seed": turn})
                for program, python in pythons.items():
                    took, error = epoch(program, python, folder, settings, args.epochs)
                    report.add(program, network, took, training_mse=float(f"{error:.3g}"))
                    errors[program, network].append(error)
    report.print_table(pythons, NETWORKS, "geokiln")
    print("\nmean squared error on the training examples at the end, median")
    for program in pythons:
        cells = (f"{statistics.median(errors[program, network]):11.2e} {'':10}" for network in NETWORKS)
        print(f"{program:18}" + "".join(cells))


def interpreters(programs):
    """Return the interpreter of each program that can run here."""
    pythons = {program: sys.executable for program in PROGRAMS if program in programs}
    if "lightning" in pythons:
        try:
            pythons["lightning"] = trainers.lightning_python()
        except subprocess.CalledProcessError:
            print("lightning is left out: it could not be installed")
            del pythons["lightning"]
    return pythons


def epoch(program, python, folder, settings, epochs):
    """Return the seconds that an epoch takes, and the mean squared training error after the longer run."""
    walls = []
    for count in (FIRST, FIRST + epochs):
        several = {**settings, "epochs": count, "epochs_per_evaluation": count}
        walls.append(seconds(command(program, python, folder, several), folder, **ONE_THREAD))
    inputs, targets = trainers.read_split(folder / "preprocessed/base", "training")
    outputs = trainers.predict(layers(program, folder), settings["activation"], inputs)
    return (walls[1] - walls[0]) / epochs, float(np.square(outputs - targets, dtype=np.float64).mean())


def command(program, python, folder, settings):
    if program == "geokiln":
        return train_command(folder, settings)
    return [python, trainers.__file__, program, "preprocessed/base", json.dumps(settings), f"{program}.npz"]


def layers(program, folder):
    if program == "geokiln":
        return trained(folder)[1]
    with np.load(folder / f"{program}.npz") as arrays:
        flat = [arrays[name] for name in arrays.files]  # in the order in which they were saved
    return list(zip(flat[::2], flat[1::2], strict=True))


if __name__ == "__main__":
    main()

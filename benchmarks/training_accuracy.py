"""How accurate networks are that Geokiln trains, beside scikit-learn's and a plain PyTorch loop's, on real tables.

    .venv-test/bin/python benchmarks/training_accuracy.py [--seeds 5] [--only diabetes,wine]

Three tables that scikit-learn brings along, chosen before anything was measured:

diabetes       442 patients:  10 measures -> progression of the disease
wine           178 wines:     the 12 other chemical measures -> proline
breast_cancer  569 tumours:   the 10 mean measures -> the 10 worst ones

The network, too, was settled before: 2 hidden layers of 32, tanh, Adam at a constant learning rate of 0.001, batches
of 32, 200 epochs, nothing tuned for any table or program. Weight decay and alpha are 0: they are penalties of different
kinds, and without them all programs have the same Adam. What is left to differ is how initial weights are drawn
(Geokiln as PyTorch, scikit-learn by Glorot) and in which order examples come.

geokiln       scripts/preprocess.py and scripts/train_pack.py; the error is training.json's
scikit-learn  MLPRegressor, one epoch of partial_fit at a time
pytorch       a loop with DataLoader, nn.Sequential and torch.optim.AdamW: the control

For each seed, which is that of the split and of the training, preprocess.py splits off about 15 % of the rows for
validation, and standardises; the others train on the very rows that it wrote. The error is the validation RMSE of each
target as a share of that target's RMS deviation from its training mean on the same rows (1 is what the mean alone
gets), and over several targets the root of the mean square. It is given twice, like with like:

last    the weights after the last epoch, of every program (Geokiln: epochs_per_evaluation = epochs)
best    the weights after the epoch with the lowest validation loss, of every program, all judged after every epoch. It
        flatters all of them, since the rows that chose the epoch are the rows that judge it.

Geokiln's figures are computed once more by the lines that judge the others, and must agree. --output FILE appends each
result as a line of JSON.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from common import CHECKOUT, seconds
from one_wedge import train_command, trained, training_settings
from peers import trainers

PROGRAMS = {"geokiln": None, "scikit-learn": trainers.scikit_learn, "pytorch": trainers.dataloader}
SETTINGS = {
    "hidden_layers": 2,
    "hidden_width": 32,
    "activation": "tanh",
    "learning_rate": 0.001,
    "weight_decay": 0.0,
    "schedule": "constant",
    "batch_size": 32,
    "patience": 0,
}


def diabetes(datasets):
    return datasets.load_diabetes(return_X_y=True)


def wine(datasets):
    table = datasets.load_wine()
    proline = np.array([name == "proline" for name in table.feature_names])
    return table.data[:, ~proline], table.data[:, proline]


def breast_cancer(datasets):
    table = datasets.load_breast_cancer()
    kinds = [np.array([name.startswith(kind) for name in table.feature_names]) for kind in ("mean ", "worst ")]
    return table.data[:, kinds[0]], table.data[:, kinds[1]]


TABLES = {"diabetes": diabetes, "wine": wine, "breast_cancer": breast_cancer}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(TABLES), help="names, by commas")
    parser.add_argument("--output", help="a file to which each result is appended as a line of JSON")
    args = parser.parse_args()
    if unknown := set(args.only) - set(TABLES):
        sys.exit(f"--only: there is no {', '.join(unknown)}; there are: {', '.join(TABLES)}")
    for name in args.only:
        errors = {}  # (program, last or best) -> one for each seed
        for seed in range(args.seeds):
            for key, error in measure(name, seed, args.epochs).items():
                errors.setdefault(key, []).append(error)
                if args.output:
                    with open(args.output, "a") as file:
                        about = {"benchmark": "training_accuracy", "table": name, "seed": seed, "epochs": args.epochs}
                        file.write(json.dumps({**about, "program": key[0], "weights": key[1], "error": error}) + "\n")
        print_table(name, errors)


def print_table(name, errors):
    seeds = len(errors["geokiln", "last"])
    print(f"\n{name}: validation RMSE, share of the deviation: mean of {seeds} (their deviation); Geokiln's over it")
    for program in PROGRAMS:
        cells = ""
        for weights in ("last", "best"):
            mean, deviation = statistics.mean(errors[program, weights]), statistics.pstdev(errors[program, weights])
            ratio = statistics.mean(errors["geokiln", weights]) / mean
            cells += f"   {weights} {mean:.4f} ({deviation:.4f}) {ratio:6.3f}"
        print(f"  {program:14}{cells}", flush=True)


def measure(name, seed, epochs):
    """Return the errors of one split: (program, last or best) -> float."""
    errors = {}
    with tempfile.TemporaryDirectory() as project:
        folder = Path(project)
        judge = prepare(folder, name, seed)
        settings = training_settings({**SETTINGS, "seed": seed, "epochs": epochs}, {"shuffle_seed": seed})
        for weights, every in (("last", epochs), ("best", 1)):
            seconds(train_command(folder, {**settings, "epochs_per_evaluation": every}), folder)
            result, layers = trained(folder)
            errors["geokiln", weights], again = result["relative_validation_rmse"], judge(layers)[1]
            if not np.isclose(again, errors["geokiln", weights], rtol=1e-3):
                sys.exit(f"{name}: training.json says {errors['geokiln', weights]}, its weights have {again}")
        rows = trainers.read_split(folder / "preprocessed/base", "training")
        for program, train in PROGRAMS.items():
            if train:
                judged = []
                train(*rows, settings, lambda layers, judged=judged: judged.append(judge(layers)))
                errors[program, "last"], errors[program, "best"] = judged[-1][1], min(judged)[1]
    return errors


def prepare(folder, name, seed):
    """Write and preprocess a table; return a function of layers -> (validation loss, error relative to the spread)."""
    from sklearn import datasets

    from geokiln.storage.arrays import read_arrays
    from geokiln.storage.tables import TableWriter

    inputs, targets = (np.float32(part).reshape(len(part), -1) for part in TABLES[name](datasets))
    (folder / "dataset").mkdir()
    raw, sidecar, ids = (f"dataset/examples.{suffix}" for suffix in ("raw", "json", "ids"))
    shapes = {"measures": inputs.shape[1:]}, {f"target{number}": () for number in range(targets.shape[1])}
    with TableWriter(folder / raw, folder / sidecar, *shapes) as table:  # a target each: they have different units
        table.write(np.hstack([inputs, targets]))
    (folder / ids).write_text("".join(f"{number}\n" for number in range(len(inputs))))
    command = [sys.executable, CHECKOUT / "scripts/preprocess.py", "--raw", raw, "--ids", ids, "--sidecar", sidecar]
    command += ["--environment", "train", "--validation-share", 0.15, "--split-seed", seed, "--standardise-inputs", 1]
    seconds([*command, "--target-components", 0, "--folder", "preprocessed/base"], folder)

    basis = read_arrays(folder / "preprocessed/base/basis.npz")
    held_out = targets[basis["validation"]]
    standardised, coefficients = trainers.read_split(folder / "preprocessed/base", "validation")
    spread = np.square(held_out - targets[~basis["validation"]].mean(0)).mean(0)

    def judge(layers):
        outputs = trainers.predict(layers, SETTINGS["activation"], standardised)
        squares = np.square(outputs @ basis["basis"] + basis["target_mean"] - held_out).mean(0)
        return float(np.square(outputs - coefficients).mean()), float(np.sqrt((squares / spread).mean()))

    return judge


if __name__ == "__main__":
    main()

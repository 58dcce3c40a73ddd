"""Wide targets from batches to merged predictions: seconds and memory of every step, and the quality of the PCA.

    .venv-test/bin/python benchmarks/wide_targets.py [--repeats 3] [--examples 4000] [--values 37500] [--unseen 1000]

It makes smooth deformations of a mesh that depend on twelve inputs, with a spectrum that decays slowly and a little
noise, then runs each step as its own process: medians of the repeats, and the largest peak of anonymous memory. The
variance that the PCA keeps stands beside that of the exact one and of scikit-learn's IncrementalPCA (--without-peers
leaves them out: the exact one holds a square matrix of the smaller side). Needs Linux, scikit-learn and what
envs/train.txt lists; the files are made in --folder and removed at the end.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml

from memory import peak_anonymous

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "scripts"))

from geokiln.storage.arrays import open_arrays, write_arrays  # noqa: E402
from geokiln.storage.tables import Table, moments  # noqa: E402

N_IN, MODES, NOISE = 12, 400, 0.02
SHIPPED = yaml.safe_load((CHECKOUT / "config.yaml").read_text())["training"]
SETTINGS = {
    **SHIPPED,
    "hidden_layers": 1,
    "hidden_width": 32,
    "batch_size": 256,
    "epochs": 3,
    "epochs_per_evaluation": 1,
}
DATASET = ["--sidecar", "dataset/examples.json"]
BASIS = "preprocessed/base/basis.npz"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--examples", type=int, default=4000)
    parser.add_argument("--values", type=int, default=37500, help="target values of an example, a multiple of 3")
    parser.add_argument("--unseen", type=int, default=1000)
    parser.add_argument("--components", type=int, default=128)
    parser.add_argument("--batch", type=int, default=100, help="examples per batch file")
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--folder", help="where the files are made for the time of the run")
    parser.add_argument("--fit", choices=FITS, help="fit the dataset of this folder in this process, and print")
    args = parser.parse_args()
    if args.fit:
        return print(kept_variance(FITS[args.fit], args.components))
    with tempfile.TemporaryDirectory(dir=args.folder) as project:
        names = make_files(Path(project), args)
        steps, runs = commands(names, args), {}
        for _ in range(args.repeats):
            shutil.rmtree(Path(project, ".kept"), ignore_errors=True)
            for step, command in steps.items():
                peak = peak_anonymous([sys.executable, *command], cwd=project)
                runs.setdefault(step, []).append(peak)
        print(
            f"{args.examples} examples of {args.values} target values: {args.examples * args.values * 4 / 1e6:.0f} MB"
        )
        print(f"{'step':22}{'seconds':>10}{'MB':>8}")
        for step, peaks in runs.items():
            seconds = statistics.median(peak.seconds for peak in peaks)
            print(f"{step:22}{seconds:10.1f}{max(peak.bytes for peak in peaks) / 1e6:8.0f}  {kept(step, peaks[0])}")


def kept(step, peak):
    """Return what a fit printed as text, nothing for other steps."""
    return f"keeps {float(peak.output.split()[-1]):.5%}" if step.startswith("fit: ") else ""


def make_files(project, args):
    """Write batches/*.npz, and unseen/walk.* with their truth; return the paths of the batches."""
    random = np.random.default_rng(0)
    rest = random.random((args.values // 3, 3))
    waves = random.normal(size=(3, MODES)) * np.linspace(1, 12, MODES)  # from long waves to short ones
    shapes = np.cos(rest @ waves + random.random(MODES) * 6)[:, None] * random.normal(size=(3, MODES))
    shapes = np.float32(shapes.reshape(args.values, MODES).T / np.arange(1, MODES + 1)[:, None])
    mixing, phase = random.normal(size=(N_IN, MODES)), random.random(MODES) * 6

    def arrays(first, count):
        random = np.random.default_rng([1, first])
        inputs = np.float32(random.normal(size=(count, N_IN)))
        targets = np.float32(np.sin(inputs @ mixing + phase)) @ shapes
        targets += NOISE * random.standard_normal(targets.shape, np.float32)
        ids = np.arange(first, first + count).astype(str)
        return {"id": ids, "input/pose": inputs, "target/offset": targets.reshape(count, -1, 3)}

    paths = []
    for folder in ("batches", "unseen", "dataset"):
        (project / folder).mkdir()
    for first in range(0, args.examples, args.batch):
        batch = arrays(first, min(args.batch, args.examples - first))
        paths.append(f"batches/{first}-{first + len(batch['id']) - 1}.npz")
        write_arrays(project / paths[-1], batch)
        write_report(project / paths[-1], len(batch["id"]))
    walk = arrays(args.examples, args.unseen)
    write_arrays(project / "unseen/walk.npz", {**walk, "baseline/offset": 0 * walk["target/offset"]})
    write_report(project / "unseen/walk.npz", args.unseen)
    return paths


def write_report(data_points, count):
    """Write what the job that cooks *data_points* (.npz) reports of them."""
    report = {"items": count, "dropped": {}, "failed": {}, "seconds": {"total": float(count)}}
    data_points.with_suffix(".json").write_text(json.dumps(report))


def commands(batches, args):
    """Return the arguments of each step, in their order."""
    predicted = ["--predictions", "predictions/walk.npz", "--errors", "predictions/walk.json"]
    steps = {
        "merge_dataset": [*batches, "--raw", "dataset/examples.raw", "--ids", "dataset/examples.ids", *DATASET],
        "preprocess": ["--raw", "dataset/examples.raw", "--ids", "dataset/examples.ids", *DATASET]
        + ["--environment", "train", "--validation-share", 0.15, "--split-seed", 0, "--standardise-inputs", 1]
        + ["--target-components", args.components, "--folder", "preprocessed/base"],
        "train_pack": ["--preprocessed", "preprocessed/base", "--examples", "dataset/examples.raw", *DATASET]
        + ["--settings", json.dumps(SETTINGS), "--environment", "train", "--recipe", '{"name": "base"}']
        + ["--wedges", '{"a": {}}', "--output", "packs/a.json"],
        "publish_wedge": ["--pack", "packs/a.json", "--wedge", "a", "--folder", "wedges/a"],
        "export_model": [
            "--wedge",
            "a",
            "--preprocessed",
            "preprocessed",
            "--examples",
            "dataset/examples.raw",
            *DATASET,
        ]
        + ["--output", "model.onnx"],
        "predict": ["--model", "model.onnx", "--unseen", "unseen/walk.npz", "--cook-report", "unseen/walk.json"]
        + ["--examples", "dataset/examples.raw", *DATASET, *predicted],
        "merge_predictions": ["predictions/walk.npz", "--output", "predictions/all.npz"]
        + ["--errors", "predictions/errors.csv"],
    }
    steps = {step: [CHECKOUT / f"scripts/{step}.py", *arguments] for step, arguments in steps.items()}
    fits = ["geokiln"] if args.without_peers else FITS
    return steps | {f"fit: {fit}": [__file__, "--fit", fit, "--components", args.components] for fit in fits}


def kept_variance(fit, n_components):
    """Return the share of the training targets' variance along the directions that *fit* finds."""
    table, training = Table("dataset/examples.raw", "dataset/examples.json"), ~open_arrays(BASIS)["validation"]
    count, mean, deviation = moments(targets for targets in blocks(table, training))
    centred = lambda: (np.float32(targets - mean[:]) for targets in blocks(table, training))
    total = count * np.square(deviation).sum()
    directions = fit(centred, count, len(mean), n_components)
    if directions.ndim == 1:
        return directions[:n_components].sum() / total
    return sum(np.square(targets @ directions.T, dtype=np.float64).sum() for targets in centred()) / total


def blocks(table, rows):
    """Yield the targets of the chosen rows, a block at a time."""
    return (block[:, table.input_width :] for _, block in table.blocks(rows))


def exact(centred, count, width, n_components):
    """Return all sums of squares along the exact directions, the largest first: eigenvalues of X X^T or X^T X."""
    if width <= count:
        gram = sum(np.float64(targets).T @ np.float64(targets) for targets in centred())
    else:
        gram, rows = np.zeros((count, count)), np.concatenate(list(centred()))
        for first in range(0, width, 2000):
            part = np.float64(rows[:, first : first + 2000])
            gram += part @ part.T
    return np.linalg.eigvalsh(gram)[::-1]


def geokiln(centred, count, width, n_components):
    """Return the directions in basis.npz, which the step preprocess found."""
    basis = np.array(open_arrays(BASIS)["basis"])
    return basis / np.linalg.norm(basis, axis=1, keepdims=True)


def incremental(centred, count, width, n_components):
    """Return the directions of scikit-learn's IncrementalPCA, in batches of about five times their number."""
    from sklearn.decomposition import IncrementalPCA

    pca, waiting = IncrementalPCA(n_components), []
    for targets in centred():
        waiting.append(targets)
        if sum(map(len, waiting)) >= 5 * n_components:
            pca.partial_fit(np.concatenate(waiting))
            waiting = []
    if sum(map(len, waiting)) >= n_components:
        pca.partial_fit(np.concatenate(waiting))
    return np.float32(pca.components_)


FITS = {"geokiln": geokiln, "exact": exact, "incremental": incremental}

if __name__ == "__main__":
    main()

"""The default job from nothing, and where its time goes, beside one plain Python program that does the same work.

    .venv-test/bin/python benchmarks/default_job.py [--repeats 3] [--beside CHECKOUT]

Both run with the environments built. The program (--plain runs it alone) solves in a pool of 2 processes, trains the
same wedges two at a time, exports the best and predicts, all in memory: what orchestration, files and reuse cost is
the ratio of the two. Each is a new process, so imports count. --beside names another checkout, such as an earlier
version, whose runs alternate with this one's.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from common import CHECKOUT, geokiln, print_rules, seconds, seconds_by_rule


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--beside", help="another checkout, whose environments are built")
    parser.add_argument("--plain", action="store_true", help="run the plain program once, in this process")
    args = parser.parse_args()
    if args.plain:
        return plain_program()

    checkouts = [CHECKOUT, *([Path(args.beside)] if args.beside else [])]
    walls, again, plain, jobs = [[] for _ in checkouts], [[] for _ in checkouts], [], []
    for _ in range(args.repeats):
        for number, checkout in enumerate(checkouts):
            with tempfile.TemporaryDirectory() as project:
                shutil.copy(checkout / "config.yaml", project)
                request = geokiln(project, "predictions/all.npz", checkout)
                walls[number].append(seconds(request))
                jobs += [seconds_by_rule(project)] if checkout == CHECKOUT else []
                again[number].append(seconds(request))
        plain.append(seconds([sys.executable, __file__, "--plain"], OMP_NUM_THREADS="1"))
    peer = statistics.median(plain)
    print(f"plain program  {peer:6.1f} s   (of {', '.join(f'{w:.1f}' for w in plain)})")
    for checkout, cold, nothing in zip(checkouts, walls, again, strict=True):
        wall = statistics.median(cold)
        print(f"{checkout.name}: cold run {wall:6.1f} s   (of {', '.join(f'{w:.1f}' for w in cold)});", end=" ")
        print(f"ratio {wall / peer:.2f}; nothing to do {statistics.median(nothing):.2f} s")
    if args.beside:
        print(f"cold, over {checkouts[1].name}: {statistics.median(walls[0]) / statistics.median(walls[1]):.3f}")
    print_rules(jobs)


def plain_program():
    import numpy as np
    import onnxruntime
    import yaml

    from geokiln.cooking.generator import Generator
    from geokiln.dataset.preprocessing import fit_basis, held_out, preprocess_rows
    from geokiln.export.onnx_graph import build_onnx
    from geokiln.storage.tables import components_of
    from geokiln.wedges.expansion import expand_wedges
    from geokiln.work_items.items import WorkItems

    config = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    generator = Generator(CHECKOUT / config["generator"]["file"])
    geometries = [generator.geometry(config["geometry"]["count"], config["geometry"]["seed"], {})]
    geometries += [generator.unseen(name, about["count"], {}) for name, about in config["unseen"].items()]
    items = []
    for geometry in geometries:
        ids = np.arange(len(geometry.primitives)).astype(str)
        items.append(WorkItems(ids, 1, geometry.primitive_attributes))
    flat = [part.item(row, {}) for part in items for row in range(len(part))]
    with ProcessPoolExecutor(2) as pool:
        rows = np.array(list(pool.map(cook, flat, chunksize=16)), np.float32)
        data, unseen = rows[: len(items[0])], rows[len(items[0]) :]
        settings, n_in = config["preprocess"], 9
        ids = items[0].ids
        validation, _ = held_out(ids, settings["validation_share"], 0.0, settings["split_seed"])
        components = components_of({"displacement": (425, 3)})
        training = data[~validation]
        basis = fit_basis(training[:, :n_in], training[:, n_in:], settings["target_components"], components, True)
        prepared = preprocess_rows(data, n_in, basis)
        wedges = [{**config["training"], **wedge} for wedge in expand_wedges(config["wedges"]).values()]
        trained = list(pool.map(train_one, [(prepared, validation, n_in, wedge) for wedge in wedges]))
    loss, weights = min(trained, key=lambda result: result[0])
    model = build_onnx(weights, config["training"], basis, {})
    session = onnxruntime.InferenceSession(model.SerializeToString())
    predicted = session.run(None, {"input": unseen[:, :n_in]})[0]
    error = np.sqrt(np.mean((predicted - unseen[:, n_in:]) ** 2) / np.mean(unseen[:, n_in:] ** 2))
    print(f"validation loss {loss:.3e}, {error:.2%} of skinning's error")


def cook(item):
    import numpy as np

    from geokiln.cooking.generator import Generator

    if "generator" not in globals():
        globals()["generator"] = Generator(CHECKOUT / "examples/tube_deformer/generator.py")
    parts = generator.inputs(item), generator.targets(item)  # noqa: F821
    return np.concatenate([array.ravel() for part in parts for array in part.values()])


def train_one(job):
    import torch

    from geokiln.models.network import StackedNetwork
    from geokiln.training.examples import InMemory
    from geokiln.training.losses import loss_function
    from geokiln.training.trainer import Training

    torch.set_num_threads(1)
    rows, validation, n_in, wedge = job
    splits = [torch.from_numpy(rows[mask]) for mask in (~validation, validation)]
    splits = [InMemory(part[:, :n_in].contiguous(), part[:, n_in:].contiguous()) for part in splits]
    network = StackedNetwork(n_in, rows.shape[1] - n_in, [wedge])
    training = Training(network, loss_function(wedge), *splits, [wedge])
    training.run()
    return training.progress.best_loss[0].item(), network.named_weights(training.final_parameters()[0])


if __name__ == "__main__":
    main()

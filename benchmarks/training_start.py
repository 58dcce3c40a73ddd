"""What a training and an export cost beside the work itself: seconds to the first epoch, and of the exported file.

    .venv-test/bin/python benchmarks/training_start.py [--repeats 5]

start    scripts/train_pack.py for one epoch of 1,000 examples (16 -> 32) as a process, less a process that only does
         `import torch`: reading, checking, one epoch, judging, writing
export   building the ONNX graph and comparing it with PyTorch over 1,000 validation examples, in one process, for
         networks of 2x64 and 4x1024, and for a kernel regressor of 1,000 examples
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from common import seconds
from one_wedge import kept, smooth_rows, train_command, training_settings, write_folder

NETWORKS = {
    "2x64": {"hidden_layers": 2, "hidden_width": 64},
    "4x1024": {"hidden_layers": 4, "hidden_width": 1024},
    "kernel": {"model": "kernel", "weight_decay": 1e-5},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = smooth_rows(2000)
        write_folder(folder, [rows[:1000]], rows[1000:], 16)
        bare, whole, exports = [], [], {}
        for _ in range(args.repeats):
            bare.append(seconds([sys.executable, "-c", "import torch"]))
            whole.append(seconds(train_command(folder, training_settings({**NETWORKS["2x64"], "epochs": 1})), folder))
        for network, settings in NETWORKS.items():
            seconds(train_command(folder, training_settings({**settings, "epochs": 1})), folder)
            exports[network] = [export(folder, training_settings(settings)) for _ in range(args.repeats)]
    start = statistics.median(whole) - statistics.median(bare)
    print(f"import torch {statistics.median(bare):.2f} s, a training of one epoch {start:.2f} s beyond")
    for network, times in exports.items():
        print(f"export of {network}: {statistics.median(times):.3f} s with its check")


def export(folder, settings):
    """Return the seconds that an export of the trained wedge and its check take, imports left out."""
    from geokiln.export.onnx_graph import build_onnx
    from geokiln.export.parity import check_parity
    from geokiln.models.reference import coefficient_function, physical_predictions
    from geokiln.storage.arrays import read_arrays
    from geokiln.storage.tables import Table
    from geokiln.training.wedge_files import read_weights

    if settings["model"] != "network":
        import geokiln.export.regressor_graph  # noqa: F401
    weights = read_weights(kept(folder) / "weights.safetensors")
    basis = read_arrays(folder / "preprocessed/base/basis.npz")
    table = Table(folder / "dataset/examples.raw", folder / "dataset/examples.json")
    start = time.perf_counter()
    predict = coefficient_function(settings, weights, 16, 32)
    inputs = np.array(table.array[:, :16])
    components = [{"name": "all", "shape": [32], "offset": 0, "size": 32}]
    model = build_onnx(weights, settings, basis, {})
    check_parity(model, [(inputs, physical_predictions(predict, basis, inputs))], components, 1e-4)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

"""1,000 wedges: what it takes to plan them, to train them for an epoch, and to find that nothing is to do.

    .venv-test/bin/python benchmarks/many_wedges.py [--wedges 1000] [--repeats 3]

4 depths x seeds, width 32, 1,000 examples of a toy, one epoch: what is measured is Geokiln and Snakemake. Dry runs are
of a new project, and of the finished one with one depth more; memory is the largest RssAnon of any one process.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from common import geokiln
from memory import peak_anonymous
from wedge_packs import GENERATOR, TRAINING, configure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wedges", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3, help="of the steps that are not long")
    args = parser.parse_args()
    training = {**TRAINING, "hidden_width": 32, "epochs": 1, "epochs_per_evaluation": 1}
    wedges = {"hidden_layers": [1, 2, 3, 4], "seed": list(range(args.wedges // 4))}
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "generator.py").write_text(GENERATOR)
        configure(project, 1000, training, wedges)
        command = geokiln(project, "predictions/all.npz")
        measure("dry run of a new project", [*command[:-1], "-n", command[-1]], project, args.repeats)
        measure("everything, one epoch", command, project, 1)
        measure("nothing to do", command, project, args.repeats)
        configure(project, 1000, training, {**wedges, "hidden_layers": [1, 2, 3, 4, 5]})
        measure("dry run with one depth more", [*command[:-1], "-n", command[-1]], project, args.repeats)


def measure(step, command, project, repeats):
    runs = [peak_anonymous(command, cwd=project) for _ in range(repeats)]
    seconds, megabytes = statistics.median(run.seconds for run in runs), max(run.bytes for run in runs) / 1e6
    print(f"  {step:30} {seconds:6.1f} s   largest process {megabytes:4.0f} MB", flush=True)


if __name__ == "__main__":
    main()

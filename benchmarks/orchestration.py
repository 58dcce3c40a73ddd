"""What orchestration costs from geometry to the merged dataset, beside one plain Python program that cooks the same.

    .venv-test/bin/python benchmarks/orchestration.py [--repeats 3] [--only tube|ripple5ms] [--items 10000]

tube        the shipped example: 128 solves of 80 ms
ripple5ms   --items (10,000) items of pure Python, with a number of steps that takes 5 ms here

Geokiln makes dataset/examples.json in a new folder, with the environments built and batches of the default size, or of
--batch-size: 64 makes one batch of the tube for each of 2 cores. The plain program (--plain GENERATOR COUNT PARAMETERS
RAW runs it alone) makes the geometry by the same generator, cooks in a pool of 2 processes, and writes the rows into
one file: no batches, nothing kept, no checks. Both are new processes, so imports count. The rows of the two are
compared. The ratio of their wall times is the tax of orchestration, files and reuse.

Lines are printed as they are known; --output FILE appends them as JSON, too.
"""

import argparse
import functools
import importlib.util
import json
import multiprocessing
import sys
import tempfile
from pathlib import Path

from common import CHECKOUT, Report, build_environment, calibrate, geokiln, print_rules, seconds, seconds_by_rule
from common import write_project as write_ripple

MEASURES = ["geokiln", "plain"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=["tube", "ripple5ms"])
    parser.add_argument("--items", type=int, default=10000, help="of ripple5ms")
    parser.add_argument("--steps", type=int, help="of an item of ripple5ms, to repeat a run; default: what takes 5 ms")
    parser.add_argument("--batch-size", type=int, help="default: the shipped one")
    parser.add_argument("--output", help="a file to which each result is appended as a line of JSON")
    parser.add_argument("--plain", nargs=4, metavar=("GENERATOR", "COUNT", "PARAMETERS", "RAW"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.plain:
        return plain_program(*args.plain)

    build_environment()
    if args.only != "ripple5ms":
        report = Report(args.output, benchmark="orchestration", job="tube", items=128)

        def write_tube(project):
            batch_size = args.batch_size or "auto"
            text = (CHECKOUT / "config.yaml").read_text()
            (project / "config.yaml").write_text(text.replace("  batch_size: auto ", f"  batch_size: {batch_size} "))

        compare(report, args.repeats, write_tube, CHECKOUT / "examples/tube_deformer/generator.py", 128, {})
    if args.only != "tube":
        steps = args.steps or calibrate(5)
        report = Report(args.output, benchmark="orchestration", job="ripple5ms", items=args.items, steps=steps)

        def write(project):
            write_ripple(project, {"source": "generator", "count": args.items}, steps, args.batch_size)

        compare(report, args.repeats, write, "generator.py", args.items, {"steps": steps})


def compare(report, repeats, write, generator, count, parameters):
    """Measure Geokiln and the plain program by turns, and print their walls and Geokiln's seconds per rule."""
    job, jobs = report.about["job"], []
    print(f"{job}: {count} items", flush=True)
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            project, raw = Path(folder), Path(folder, "plain.raw")
            write(project)
            report.add(job, "geokiln", seconds(geokiln(project, "dataset/examples.json"), project))
            jobs.append(seconds_by_rule(project))
            command = [sys.executable, __file__, "--plain", generator, count, json.dumps(parameters), raw]
            report.add(job, "plain", seconds(command, project, OMP_NUM_THREADS="1"))
            same_rows(raw, project / "dataset/examples.raw")
    wall, plain = (report.median(job, measure) for measure in MEASURES)
    print(f"geokiln {wall:.2f} s, plain program {plain:.2f} s; ratio {wall / plain:.2f}")
    print_rules(jobs)


def same_rows(one, other):
    import numpy as np

    rows, others = np.fromfile(one, np.float32), np.fromfile(other, np.float32)
    if rows.shape != others.shape or not np.allclose(rows, others, atol=1e-6):
        sys.exit(f"the plain program's {rows.size} numbers are not the {others.size} of {other}")


class Item:
    """What a generator asks an item for."""

    def __init__(self, number, attributes, parameters):
        self.id, self.names, self.parameters = str(number), list(attributes), parameters
        self.attributes = attributes

    def __getitem__(self, name):
        return self.attributes[name]


def plain_program(generator, count, parameters, raw):
    import numpy as np

    parameters = json.loads(parameters)
    geometry = load(generator).geometry(int(count), 1, parameters)
    columns = geometry if isinstance(geometry, dict) else geometry.primitive_attributes
    columns = {name: np.asarray(values) for name, values in columns.items()}
    columns = {name: list(values) if values.ndim > 1 else values.tolist() for name, values in columns.items()}
    items = [
        Item(number, dict(zip(columns, values, strict=True)), parameters)
        for number, values in enumerate(zip(*columns.values(), strict=True))
    ]
    with multiprocessing.Pool(2) as pool:
        np.array(pool.map(functools.partial(cook, generator), items, chunksize=16), np.float32).tofile(raw)


def cook(generator, item):
    import numpy as np

    module = load(generator)
    inputs = module.inputs(item) if hasattr(module, "inputs") else item.attributes
    return np.concatenate([np.ravel(values) for part in (inputs, module.cook(item)) for values in part.values()])


@functools.cache
def load(generator):
    sys.path.insert(0, str(Path(generator).resolve().parent))
    spec = importlib.util.spec_from_file_location("generator", generator)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()

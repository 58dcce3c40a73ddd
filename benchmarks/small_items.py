"""Many items of 1 ms each, from geometry to one merged dataset: Geokiln beside tools that know one file per item.

    .venv-test/bin/python benchmarks/small_items.py [--items 2000] [--repeats 3] [--only geokiln,make]
    .venv-test/bin/python benchmarks/small_items.py --nothing-to-do-at 50000

geokiln           a project with `geometry: {source: poses.geo}`, in batches of the default size (or --batch-size)
snakemake         one job per item, default settings
snakemake tuned   the same Snakefile with Geokiln's settings: --scheduler greedy --scheduler-subsample 50
                  --max-jobs-per-timespan 1000/1s
make              GNU make with the same recipe
dvc               one `foreach` stage per item; `dvc repro` runs one stage at a time, the others use 2 cores
empty             a Snakefile without any job, for a file that is there: what Snakemake takes to start

All cook the same pure-Python function (4 inputs, 8 targets) with a number of steps that takes 1 ms here, and every
dataset is compared, byte by byte, with one computed in this process. A program with a process per item pays for the
start of Python each time, so its recipe is the cheapest honest one: `python -I -S` (no site-packages, no numpy),
text files of numbers, no import but sys. Geokiln's cooks import numpy, once per batch.

Measured are a cold run in a new folder (environments built), a second run with nothing to do, and a run after one item
has changed: one primitive of poses.geo, or one file of items_in. Each cook adds a byte to a file, which counts them;
a run with nothing to do must cook none and leave the dataset as it is.

--nothing-to-do-at N measures the second run alone: Geokiln after its own cold run, the others over files that a plain
loop has written (Snakemake takes files without records of its own as up to date).

DVC is taken from --dvc, else from PATH, else from a virtualenv that is made in the cache folder (~/.cache). It reads
and writes the whole of dvc.lock after each stage, so its cold run grows with the square of the number of items: hours
with 2,000 of them. Leave it out by --only, or measure it, and Snakemake's default settings, once by --slow-repeats 1.
Lines are printed as they are known; --output FILE appends them as JSON, too.
"""

import argparse
import tempfile
from pathlib import Path

from common import Report, build_environment, calibrate, seconds
from peers.programs import TUNED, Dvc, Empty, Geokiln, Make, Snakemake, dataset, draw

MEASURES = ["cold", "nothing to do", "one changed"]


def main():
    args = arguments()
    programs = {
        "geokiln": Geokiln(args.batch_size),
        "empty": Empty(),
        "make": Make(),
        "snakemake tuned": Snakemake(TUNED),
        "snakemake": Snakemake(),
        "dvc": Dvc(args.dvc),
    }
    if args.nothing_to_do_at:
        del programs["dvc"], programs["snakemake tuned"]  # settings of the scheduler matter only where jobs run
    if unknown := set(args.only or ()) - set(programs):
        raise SystemExit(f"--only: there is no {', '.join(unknown)}; there are: {', '.join(programs)}")
    chosen = {name: program for name, program in programs.items() if name in (args.only or programs)}
    for name, program in list(chosen.items()):
        if program.missing():
            print(f"{name} is left out: {program.missing()}")
            del chosen[name]

    steps = args.steps or calibrate(args.milliseconds)
    count = args.nothing_to_do_at or args.items
    print(f"{count} items of {args.milliseconds} ms ({steps} steps)", flush=True)
    report = Report(args.output, benchmark="small_items", items=count, milliseconds=args.milliseconds, steps=steps)
    rows = draw(count)
    build_environment()
    measure = nothing_to_do if args.nothing_to_do_at else all_three
    repeats = {name: args.slow_repeats if program.slow else args.repeats for name, program in chosen.items()}
    for turn in range(max(repeats.values())):
        for name, program in chosen.items():
            if turn < repeats[name]:
                with tempfile.TemporaryDirectory() as folder:
                    measure(report, name, program, Path(folder), rows, steps)
    report.print_table(chosen, MEASURES[1:2] if args.nothing_to_do_at else MEASURES, "geokiln")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--milliseconds", type=float, default=1, help="how long an item takes to cook")
    parser.add_argument("--steps", type=int, help="of an item, to repeat a run; default: measured by --milliseconds")
    parser.add_argument("--batch-size", type=int, help="of Geokiln; default: the shipped one")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--slow-repeats", type=int, help="of dvc and of snakemake by default; default: as --repeats")
    parser.add_argument("--only", type=lambda text: text.split(","), help="names of programs, separated by commas")
    parser.add_argument("--nothing-to-do-at", type=int, metavar="N", help="only the run with nothing to do, at N items")
    parser.add_argument("--dvc", help="path of a dvc executable")
    parser.add_argument("--output", help="a file to which each result is appended as a line of JSON")
    args = parser.parse_args()
    if args.slow_repeats is None:
        args.slow_repeats = args.repeats
    return args


def all_three(report, name, program, folder, rows, steps):
    """Measure a cold run, one with nothing to do, and one after a change, and check what they made."""
    program.prepare(folder, rows, steps)
    if isinstance(program, Empty):
        run(report, name, "nothing to do", program, folder, len(rows))
        return
    run(report, name, "cold", program, folder, len(rows))
    check(name, program, folder, rows, steps)
    run(report, name, "nothing to do", program, folder, len(rows))
    number = len(rows) // 2
    changed = [*rows]
    changed[number] = [value + 0.125 for value in rows[number]]
    program.change(folder, changed, number, steps)
    run(report, name, "one changed", program, folder, len(rows))
    check(name, program, folder, changed, steps)


def nothing_to_do(report, name, program, folder, rows, steps):
    """Measure a run with nothing to do."""
    program.prepare(folder, rows, steps)
    if isinstance(program, Geokiln):
        run(report, name, "cold", program, folder, len(rows))
    elif not isinstance(program, Empty):
        program.finish(folder, rows, steps)
    run(report, name, "nothing to do", program, folder, len(rows))


def run(report, name, measure, program, folder, count):
    file, before = folder / program.dataset, cooked(folder)
    written = file.exists() and file.stat().st_mtime_ns
    took = seconds(program.command(folder, count), folder, **program.environment)
    report.add(name, measure, took, cooked=cooked(folder) - before)
    if measure == "nothing to do" and (cooked(folder) > before or file.stat().st_mtime_ns != written):
        raise SystemExit(f"{name}: there was nothing to do, and something was made")


def cooked(folder):
    """Return how many items have been cooked in a folder so far: a byte for each."""
    file = folder / "cooked"
    return file.stat().st_size if file.exists() else 0


def check(name, program, folder, rows, steps):
    if (folder / program.dataset).read_bytes() != dataset(rows, steps):
        raise SystemExit(f"{name}: the dataset is not what the items cook to")


if __name__ == "__main__":
    main()

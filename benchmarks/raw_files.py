"""Headerless raw files: written from a geometry, read again, and made the dataset, beside a copy of the same file.

    .venv-test/bin/python benchmarks/raw_files.py [--megabytes 1000] [--repeats 3]

The geometry has attributes of 13 and 12 floats for each point, mapped from files; the raw file has them collated, a row
for each point. Each step is a process of its own, whose largest anonymous memory counts (RssAnon, imports included:
some 30 MB); its time is taken within. The page cache holds what it can, for the copy, too. A copy is read and written:
it is the peer of what does both. The dataset adds checksums, a digest of all bytes, and a line for each example.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from common import CHECKOUT
from memory import peak_anonymous

sys.path.insert(0, str(CHECKOUT / "scripts"))

from geokiln.api import Geometry, read_raw, write_raw
from geokiln.dataset.reading import read_examples
from geokiln.dataset.source import open_source

BLOCKS = [{"name": "x", "size": 13}, {"name": "y", "size": 12, "collate": True}]
ROW = 100  # bytes
STEP = 1 << 18


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        for left in LEFT[args.step]:  # to write over a file takes longer, for all
            with contextlib.suppress(FileNotFoundError):
                os.unlink(left)
        started = time.perf_counter()
        STEPS[args.step]()
        return print(time.perf_counter() - started)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write_arrays(args.megabytes * 1_000_000 // ROW)
        write("a.raw")
        print(f"{os.path.getsize('a.raw') / 1e6:.0f} MB; MB/s, share of the plain copy's, largest anonymous memory")
        seconds, peaks = {name: [] for name in STEPS}, {}
        for _ in range(args.repeats):  # in turns, so that a busy moment hits them alike
            for name in STEPS:
                seconds[name].append(float(subprocess.check_output([sys.executable, __file__, "--step", name])))
        for name in STEPS:
            peaks[name] = peak_anonymous([sys.executable, __file__, "--step", name]).bytes
        copied = statistics.median(seconds["copy"])
        for name, times in seconds.items():
            took = statistics.median(times)
            speed = os.path.getsize("a.raw") / took / 1e6
            print(f"{name:20} {speed:6.0f} MB/s   {copied / took:6.1%}   {peaks[name] / 1e6:4.0f} MB")


def write_arrays(count):
    """Write x.npy and y.npy, a block at a time."""
    random = np.random.default_rng(0)
    for name, width in (("x", 13), ("y", 12)):
        array = np.lib.format.open_memmap(f"{name}.npy", "w+", "<f4", (count, width))
        for first in range(0, count, STEP):
            array[first : first + STEP] = random.random((min(STEP, count - first), width), np.float32)


def copy():
    shutil.copyfile("a.raw", "copy.raw")


def write(path="new.raw"):
    attributes = {name: np.load(f"{name}.npy", mmap_mode="r") for name in "xy"}
    write_raw(path, Geometry(np.zeros((0, 3)), [], attributes), BLOCKS)


def read():
    """Touch all values, as whoever computes with them does."""
    arrays = read_raw("a.raw")
    for first in range(0, len(arrays["x"]), STEP):
        for array in arrays.values():
            array[first : first + STEP].max()


def read_into_memory():
    """Copy all rows out of the map, a block at a time."""
    arrays = read_raw("a.raw")
    for first in range(0, len(arrays["x"]), STEP):
        for array in arrays.values():
            np.array(array[first : first + STEP])


def dataset():
    layout = {"blocks": BLOCKS, "byte_order": "little", "header": 0}
    read_examples(open_source("a.raw", layout), "x", "y", "examples.raw", "examples.ids", "examples.json")


LEFT = {"copy": ["copy.raw"], "write": ["new.raw"], "read": [], "read into memory": [], "dataset": ["examples.raw"]}
STEPS = {"copy": copy, "write": write, "read": read, "read into memory": read_into_memory, "dataset": dataset}

if __name__ == "__main__":
    main()

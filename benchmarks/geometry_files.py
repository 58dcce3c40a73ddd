"""Geometry files: 500,000 polygons with 6 attributes, and a million primitives of one point, read and written.

    .venv-test/bin/python benchmarks/geometry_files.py [--polygons 500000] [--points 1000000] [--repeats 5]

The peer is numpy: the same arrays as an .npz (uncompressed), read whole. `.sc` is read with the library blosc if it is
installed, and by Geokiln's own decoder if not; the first line says which. Each read is a process of its own, whose
largest anonymous memory counts, imports included (some 30 MB).
"""

import argparse
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from common import CHECKOUT
from memory import peak_anonymous

sys.path.insert(0, str(CHECKOUT / "scripts"))

from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import Geometry
from geokiln.geometry.primitives import Primitives


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polygons", type=int, default=500_000)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--read", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.read:
        return print(read(args.read))
    print("blosc:", "the library" if importlib.util.find_spec("blosc") else "Geokiln's own decoder")
    with tempfile.TemporaryDirectory() as folder:
        grids = {"polygons": grid(args.polygons), "points": points(args.points)}
        for name, geometry in grids.items():
            np.savez(f"{folder}/{name}.npz", **arrays(geometry))
            peer = measured(f"{folder}/{name}.npz", args.repeats)
            print(f"{name}: {len(geometry.primitives):,} primitives; numpy reads its arrays in {peer[0]:.3f} s")
            for suffix in ("bgeo.sc", "bgeo", "geo"):
                path = f"{folder}/{name}.{suffix}"
                started = time.perf_counter()
                write_geo(path, geometry)
                wrote = time.perf_counter() - started
                took, peak = measured(path, args.repeats)
                size = Path(path).stat().st_size
                print(
                    f"  .{suffix:8} {size / 1e6:6.0f} MB   written {wrote:6.2f} s   read {took:6.3f} s"
                    f" ({took / peer[0]:.1f} of numpy)   memory {peak / 1e6:5.0f} MB",
                    flush=True,
                )


def measured(path, repeats):
    """Return the median seconds of reading a file, and the largest memory in bytes."""
    command = [sys.executable, __file__, "--read", path]
    seconds = [float(subprocess.check_output(command)) for _ in range(repeats)]
    return statistics.median(seconds), peak_anonymous(command).bytes


def read(path):
    started = time.perf_counter()
    if path.endswith(".npz"):
        with np.load(path) as file:
            {name: file[name] for name in file.files}
    else:
        read_geo(path)
    return time.perf_counter() - started


def grid(count):
    """Return a sheet of *count* squares with normals, colours, texture coordinates, numbers and names."""
    random, side = np.random.default_rng(0), int(np.ceil(np.sqrt(count))) + 1
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    positions = np.stack([x.ravel(), y.ravel(), random.normal(size=side**2)], 1).astype("f4")
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()[:count]
    corners = np.stack([corner, corner + 1, corner + side + 1, corner + side], 1).ravel()
    starts = np.arange(0, 4 * count + 1, 4)
    primitives = Primitives(corners, np.arange(4 * count), starts, ["Polygon"], np.zeros(count, np.uint8))
    normals, colours = random.normal(size=(2, side**2, 3)).astype("f4")
    names = np.array(["a", "b", "c"])[random.integers(0, 3, count)]
    return Geometry(
        positions,
        primitives,
        {"N": normals, "Cd": colours},
        {"id": np.arange(count, dtype="i4"), "name": names},
        {"frame": np.ones(1)},
        vertex_attributes={"uv": random.uniform(size=(4 * count, 3)).astype("f4")},
    )


def points(count):
    """Return *count* primitives of one point each."""
    random = np.random.default_rng(0)
    return Geometry.from_attributes({"pscale": random.uniform(size=count).astype("f4")})


def arrays(geometry):
    primitives = geometry.primitives
    tables = (geometry.point_attributes, geometry.primitive_attributes, geometry.vertex_attributes)
    named = {name: array for table in tables for name, array in table.items()}
    return {**named, "P": geometry.points, "vertices": primitives.vertex_points, "starts": primitives.starts}


if __name__ == "__main__":
    main()

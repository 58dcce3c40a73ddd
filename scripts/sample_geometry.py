"""Make a geometry: by the generator, or from a file; one primitive for each data point."""

import argparse
import json
import shutil

from geokiln.cooking.generator import Generator
from geokiln.errors import command
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.storage.arrays import write_arrays
from geokiln.storage.files import watch, written
from geokiln.storage.npz_headers import row_count
from geokiln.storage.sources import closure


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generator", required=True, help="the user's Python file")
    parser.add_argument("--generator-inputs", nargs="*", default=[], help="files that the generator reads")
    parser.add_argument("--parameters", required=True, type=json.loads, help="generator.parameters, JSON")
    parser.add_argument("--source", required=True, help="generator, or a .geo or .npz file")
    parser.add_argument("--unseen", help="name of an unseen input; without it, the training geometry")
    parser.add_argument("--count", type=int, help="number of primitives; without it, the generator decides")
    parser.add_argument("--seed", type=int, help="seed of the training geometry")
    parser.add_argument("--output", required=True, help="the .geo or .npz file to write")
    args = parser.parse_args(argv)

    made_of = [*closure(args.generator), *args.generator_inputs] if args.source == "generator" else [args.source]
    with written(args.output) as output:
        unchanged = watch(made_of)
        if args.source != "generator":
            count = row_count(args.source) if args.source.endswith(".npz") else len(read_geo(args.source).primitives)
            shutil.copyfile(args.source, output)  # a copy keeps what Geokiln does not read
        else:
            generator = Generator(args.generator)
            if args.unseen:
                geometry = generator.unseen(args.unseen, args.count, args.parameters)
            else:
                geometry = generator.geometry(args.count, args.seed, args.parameters)
            count = len(geometry.primitives)
            write = write_arrays if args.output.endswith(".npz") else write_geo
            write(output, geometry.primitive_attributes if write is write_arrays else geometry)
        unchanged()
    print(f"{count} primitives -> {args.output}")


if __name__ == "__main__":
    main()

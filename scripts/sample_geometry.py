"""Make a geometry: by the generator, or from a .geo file; one primitive for each data point."""

import argparse
import json
import shutil

from geokiln.errors import UserError, command
from geokiln.files import watch, written
from geokiln.generator import Generator
from geokiln.geo import read_geo, write_geo
from geokiln.sources import closure


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generator", required=True, help="the user's Python file")
    parser.add_argument("--generator-inputs", nargs="*", default=[], help="files that the generator reads")
    parser.add_argument("--parameters", required=True, type=json.loads, help="generator.parameters, JSON")
    parser.add_argument("--source", required=True, help="generator, or a .geo file")
    parser.add_argument("--unseen", help="name of an unseen input; without it, the training geometry")
    parser.add_argument("--count", required=True, type=int, help="number of primitives")
    parser.add_argument("--seed", type=int, help="seed of the training geometry")
    parser.add_argument("--output", required=True, help="the .geo file to write")
    args = parser.parse_args(argv)

    made_of = [*closure(args.generator), *args.generator_inputs] if args.source == "generator" else [args.source]
    with written(args.output) as output:
        unchanged = watch(made_of)
        if args.source != "generator":
            geometry = read_geo(args.source)  # only to check it: a copy keeps what Geokiln does not read
            shutil.copyfile(args.source, output)
        elif args.unseen:
            geometry = Generator(args.generator).unseen(args.unseen, args.count, args.parameters)
            write_geo(output, geometry)
        else:
            geometry = Generator(args.generator).geometry(args.count, args.seed, args.parameters)
            write_geo(output, geometry)
        if not geometry.primitives:
            raise UserError(f"{args.source}: the geometry is empty; each data point needs a primitive")
        unchanged()
    print(f"{len(geometry.primitives)} primitives -> {args.output}")


if __name__ == "__main__":
    main()

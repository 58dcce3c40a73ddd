"""Make a geometry: by the generator, or from a file; one element for each data point."""

import argparse
import json
import shutil
from pathlib import Path

from geokiln.cooking.generator import Generator
from geokiln.errors import script
from geokiln.geometry.element_kinds import ELEMENTS, plural
from geokiln.geometry.elements import Elements
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import rows_of
from geokiln.storage.arrays import write_arrays
from geokiln.storage.audit import audited
from geokiln.storage.digests import check_planned
from geokiln.storage.files import content_digest, watch, written
from geokiln.storage.npz_headers import row_count
from geokiln.storage.results import made_from, write_result
from geokiln.storage.sources import closure
from geokiln.storage.users_arrays import read_users_arrays
from geokiln.user_code.supervisor import supervised


@supervised
@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generator", required=True, help="the user's Python file")
    parser.add_argument("--generator-inputs", nargs="*", default=[], help="files that the generator reads")
    parser.add_argument("--generator-digest", help="of both, as the run was planned")
    parser.add_argument("--parameters", required=True, type=json.loads, help="generator.parameters, JSON")
    parser.add_argument(
        "--source", nargs="*", default=[], help="a .geo or .npz file; without one, the generator makes it"
    )
    parser.add_argument("--source-digest", help="of that file, as the run was planned")
    parser.add_argument("--unseen", help="name of an unseen input; without it, the training geometry")
    parser.add_argument("--element", choices=ELEMENTS, default="primitive")
    parser.add_argument("--piece-attribute", default="class", help="attribute that pieces have one value of")
    parser.add_argument("--count", type=_count, help="number of elements; any: the generator decides")
    parser.add_argument("--seed", type=int, help="seed of the training geometry")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--output", required=True, help="the .geo or .npz file to write")
    parser.add_argument("--sidecar", required=True, help="its .json to write: number of elements")
    args = parser.parse_args(argv)

    made_of = args.source or [*closure(args.generator), *args.generator_inputs]
    with written(args.output, args.sidecar) as (output, sidecar):
        unchanged = watch(made_of)
        check_planned(made_of, args.source_digest if args.source else args.generator_digest)
        if args.source:
            (source,) = args.source
            if source.endswith(".npz"):
                count = row_count(source)
                read_users_arrays(source)
            else:
                count = len(Elements(read_geo(source), args.element, None, args.piece_attribute, source))
            shutil.copyfile(source, output)  # a copy keeps what Geokiln does not read
        else:
            function = "unseen" if args.unseen else "geometry"
            with audited(function, args.generator, args.generator_inputs) as covered:
                generator = Generator(args.generator, element=args.element)
                covered()
                if args.unseen:
                    geometry = generator.unseen(args.unseen, args.count, args.parameters)
                else:
                    geometry = generator.geometry(args.count, args.seed, args.parameters)
                covered()
            elements = Elements(geometry, args.element, None, args.piece_attribute, args.output)
            count = len(elements)
            write = write_arrays if args.output.endswith(".npz") else write_geo
            table = {name: rows_of(name, array) for name, array in elements.attributes.items()}
            write(output, table if write is write_arrays else geometry)
        unchanged()
        about = {"elements": count, "digest": content_digest(output)}
        write_result(sidecar, about, made_from(args.plan, []), {Path(args.output).name: output})
    print(f"{count} {plural(args.element)} -> {args.output}")


def _count(text):
    return None if text == "any" else int(text)


if __name__ == "__main__":
    main()

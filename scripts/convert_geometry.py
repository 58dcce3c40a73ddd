"""Make a geometry of a file of another program: a table, a mesh, a point cloud, a USD stage."""

import argparse
import os
from pathlib import Path

from geokiln.errors import script
from geokiln.geometry.element_kinds import ELEMENTS, plural
from geokiln.storage.digests import check_planned, quick_digest
from geokiln.storage.files import content_digest, watch, written
from geokiln.storage.results import made_from, write_result
from geokiln.storage.suffixes import STAGES, TABLES, suffix_of
from geokiln.user_code import running
from geokiln.user_code.supervisor import supervised


@supervised
@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="a .csv, .parquet, .obj, .ply, .usd or the like")
    parser.add_argument("--source-digest", help="of that file, as the run was planned")
    parser.add_argument("--element", choices=ELEMENTS, default="primitive")
    parser.add_argument("--piece-attribute", default="class", help="attribute that pieces have one value of")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--output", required=True, help="the .npz (of a table) or .bgeo file to write")
    parser.add_argument("--sidecar", required=True, help="its .json to write: number of elements")
    args = parser.parse_args(argv)

    suffix = suffix_of(args.source).lower()
    with written(args.output, args.sidecar) as (output, sidecar):
        unchanged = watch([args.source])
        check_planned([args.source], args.source_digest)
        running.page.call(f"the library that reads {args.source}")  # told if it ends the process
        elements, about = (args.element, None, args.piece_attribute, args.source), {}
        if suffix in TABLES:
            about["elements"] = _convert_table(args.source, output)
        elif suffix in STAGES:
            about["elements"], about["layers"] = _convert_stage(args.source, elements, output)
        else:
            about["elements"] = _convert_mesh(args.source, elements, output)
        running.page.call("")
        unchanged()
        about["digest"] = content_digest(output)
        write_result(sidecar, about, made_from(args.plan, []), {Path(args.output).name: output})
    print(f"{about['elements']} {'rows' if suffix in TABLES else plural(args.element)} -> {args.output}")


# Each imports what reads its files: pyarrow, meshio or USD, a tenth of a second each.


def _convert_table(source, output):
    from geokiln.formats.tables import read_table
    from geokiln.storage.arrays import write_arrays

    columns = read_table(source)
    write_arrays(output, columns)
    return len(next(iter(columns.values())))


def _convert_mesh(source, elements, output):
    from geokiln.formats.meshes import read_mesh

    return _write(output, read_mesh(source), elements)


def _convert_stage(source, elements, output):
    """Write the geometry of a stage; return its number of elements, and a digest of each other file that it has."""
    from geokiln.formats.stages import files_of, open_stage, read_stage

    stage = open_stage(source)
    known = files_of(stage)
    unchanged = [watch(known)]
    geometry = read_stage(source, stage)
    files = sorted({*known, *files_of(stage)})  # USD opens value clips when it reads from them
    unchanged.append(watch(files))
    layers = {os.path.relpath(file): quick_digest(file) for file in files}
    count = _write(output, geometry, elements)
    for check in unchanged:
        check()
    return count, layers


def _write(output, geometry, elements):
    from geokiln.geometry.elements import Elements
    from geokiln.geometry.geo_file import write_geo

    write_geo(output, geometry)
    return len(Elements(geometry, *elements))


if __name__ == "__main__":
    main()

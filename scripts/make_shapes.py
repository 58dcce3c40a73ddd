"""Make the shapes that targets mean, of one unseen input: a sequence of Houdini's geometry files for each kind."""

import argparse
import json
from pathlib import Path

from geokiln.cooking.generator import Generator
from geokiln.cooking.shapes import predicted_items, shapes
from geokiln.errors import UserError, script
from geokiln.geometry.geo_file import write_geo
from geokiln.geometry.sequence import frame_path, remove_others
from geokiln.storage.audit import audited
from geokiln.storage.digests import check_planned
from geokiln.storage.files import locked, watch, written
from geokiln.storage.results import check_vouched, made_from, write_result
from geokiln.storage.sources import closure
from geokiln.user_code.supervisor import supervised


@supervised
@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generator", required=True, help="the user's Python file")
    parser.add_argument("--generator-inputs", nargs="*", default=[], help="files that the generator reads")
    parser.add_argument("--generator-digest", help="of both, as the run was planned")
    parser.add_argument("--parameters", required=True, type=json.loads, help="generator.parameters, JSON")
    parser.add_argument("--time-limit", type=_seconds, help="seconds for an item, or none")
    parser.add_argument("--items", required=True, nargs=2, help="work_items/unseen/{unseen}.npz and .json")
    parser.add_argument("--geometry", nargs="*", default=[], help="what they were imported from, if they bring it")
    parser.add_argument("--cooked", required=True, nargs=2, help="unseen/{unseen}.npz and .json: truth, baseline")
    parser.add_argument("--predictions", required=True, nargs=2, help="predictions/{unseen}.npz and .json")
    parser.add_argument("--suffix", required=True, choices=["bgeo", "bgeo.sc", "geo"], help="of the frames")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--sidecar", required=True, help="the .json to write; the frames are put beside it")
    args = parser.parse_args(argv)

    sources, folder = [*closure(args.generator), *args.generator_inputs], Path(args.sidecar).parent
    files, sidecars = zip(args.items, args.cooked, args.predictions)
    with locked(args.sidecar):
        unchanged = watch(sources)
        check_planned(sources, args.generator_digest)
        origin = made_from(args.plan, sidecars)
        for file, sidecar in zip(files, sidecars):
            check_vouched(file, sidecar)
        items, targets = predicted_items(*files, args.parameters, args.geometry)
        keys = [(row, kind) for row in range(len(items)) for kind in targets]
        frames = [frame_path(folder, kind, row + 1, args.suffix) for row, kind in keys]
        with written(*frames, args.sidecar) as temporary:
            places = dict(zip(keys, temporary))
            with audited("shape", args.generator, args.generator_inputs, [*files, *args.geometry]) as covered:
                generator = Generator(args.generator, args.time_limit)
                generator.setup(args.parameters)
                covered()
                for row, kind, shape in shapes(generator, items, targets):
                    try:
                        write_geo(places[row, kind], shape)
                    except UserError as error:
                        raise UserError(f"{args.generator}: shape(item {items[row].id}, {kind}): {error}") from None
                covered()
            unchanged()
            vouched = {path.name: places[key] for key, path in zip(keys, frames)}
            about = {"kinds": list(targets), "ids": [item.id for item in items]}
            write_result(temporary[-1], about, origin, vouched)
        remove_others(folder, args.suffix, set(frames))
    print(f"{len(items)} frames of {', '.join(targets)} -> {folder}/*.{args.suffix}")


def _seconds(text):
    return None if text == "none" else float(text)


if __name__ == "__main__":
    main()

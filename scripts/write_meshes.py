"""Write the shapes of one unseen input as files of other programs, a file for each frame and kind."""

import argparse
from pathlib import Path

from geokiln.errors import script
from geokiln.formats.written_meshes import write_collection, write_mesh
from geokiln.geometry.sequence import frame_path, read_frames, remove_others
from geokiln.storage.files import locked, written
from geokiln.storage.results import made_from, read_result, write_result


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", required=True, help="shapes/{unseen}/bgeo.json, which speaks for the frames")
    parser.add_argument("--suffix", required=True, choices=["ply", "vtu"], help="of the files to write")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--sidecar", required=True, help="the .json to write; the files are put beside it")
    args = parser.parse_args(argv)

    folder = Path(args.sidecar).parent
    with locked(args.sidecar):
        about = read_result(args.frames)
        keys = [(kind, number) for kind in about["kinds"] for number in range(1, len(about["ids"]) + 1)]
        files = [frame_path(folder, kind, number, args.suffix) for kind, number in keys]
        collections = [folder / f"{kind}.pvd" for kind in about["kinds"]] if args.suffix == "vtu" else []
        with written(*files, *collections, args.sidecar) as temporary:
            places = dict(zip(keys, temporary))
            for kind in about["kinds"]:
                for number, geometry in read_frames(args.frames, kind)[1]:
                    write_mesh(places[kind, number], geometry)
            for collection, place in zip(collections, temporary[len(files) :]):
                write_collection(place, [file.name for file in files if file.name.startswith(f"{collection.stem}.")])
            vouched = {path.name: place for path, place in zip([*files, *collections], temporary)}
            write_result(temporary[-1], about, made_from(args.plan, [args.frames]), vouched)
        remove_others(folder, args.suffix, {*files, *collections})
    print(f"{len(about['ids'])} frames of {', '.join(about['kinds'])} -> {folder}/*.{args.suffix}")


if __name__ == "__main__":
    main()

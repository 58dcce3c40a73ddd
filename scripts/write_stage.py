"""Write the shapes of one unseen input and kind as USD."""

import argparse
from pathlib import Path

from geokiln.errors import UserError, script
from geokiln.formats.written_stage import write_stage
from geokiln.geometry.sequence import KINDS, read_frames
from geokiln.storage.files import written
from geokiln.storage.results import made_from, write_result


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", required=True, help="shapes/{unseen}/bgeo.json, which speaks for the frames")
    parser.add_argument("--kind", required=True, choices=KINDS)
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--stage", required=True, help="the .usd to write")
    parser.add_argument("--sidecar", required=True, help="its .json to write: number of frames")
    args = parser.parse_args(argv)

    with written(args.stage, args.sidecar) as (stage, sidecar):
        about, frames = read_frames(args.frames, args.kind)
        if args.kind not in about["kinds"]:
            raise UserError(f"{args.stage}: there is no {args.kind}; there are: {', '.join(about['kinds'])}")
        stage.unlink(missing_ok=True)  # of a killed job; USD would open it
        try:
            write_stage(stage, Path(args.frames).parent.name, frames)
        except UserError as error:
            raise UserError(f"{args.stage}: {error}") from None
        origin = made_from(args.plan, [args.frames])
        write_result(sidecar, {"frames": len(about["ids"])}, origin, {Path(args.stage).name: stage})
    print(f"{len(about['ids'])} frames -> {args.stage}")


if __name__ == "__main__":
    main()

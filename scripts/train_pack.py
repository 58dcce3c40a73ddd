"""Train the wedges of a pack and keep them in the store; a wedge whose fingerprint is there is not trained again."""

import argparse
import json

from geokiln.errors import script
from geokiln.storage.digests import check_planned
from geokiln.storage.files import written
from geokiln.storage.results import made_from, write_result
from geokiln.training.context import PackData
from geokiln.training.pack_job import run_pack_job
from geokiln.user_code.supervisor import supervised


@supervised
@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", required=True, nargs=2, help="training.raw and .json of the preprocessing")
    parser.add_argument("--validation", required=True, nargs=2, help="validation.raw and .json, likewise")
    parser.add_argument("--basis", required=True, help="basis.npz of the preprocessing")
    parser.add_argument("--examples", required=True, nargs=2, help="dataset/examples.raw and .json, for physical units")
    parser.add_argument("--settings", required=True, type=json.loads, help="all keys of training:, JSON")
    parser.add_argument("--wedges", required=True, type=json.loads, help="wedge -> its own values of them, JSON")
    parser.add_argument("--recipe", required=True, nargs=2, help="name and settings (JSON) of preprocessing, to record")
    parser.add_argument(
        "--script", nargs="*", default=[], help="the user's training script, and modules that it imports"
    )
    parser.add_argument("--initial-weights", nargs="*", default=[], help="a weights.safetensors to start from")
    parser.add_argument("--own-digest", help="of the script and these weights, as the run was planned")
    parser.add_argument("--environment", required=True, help="name of the environment, part of the fingerprint")
    parser.add_argument("--earlier", nargs="*", default=[], help="rungs/{rung}/{pack}.json of the rung before")
    parser.add_argument("--chosen", nargs="*", default=[], help="rungs/{rung}.json: the wedges that go on from there")
    parser.add_argument(
        "--until", default="end", help="epochs to train for now, of those that the settings say, or end"
    )
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--output", required=True, help="packs/{pack}.json: where the store keeps each wedge")
    args = parser.parse_args(argv)

    with written(args.output) as output:
        check_planned([*args.script, *args.initial_weights], args.own_digest)
        sidecars = [args.training[1], args.validation[1], args.examples[1], *args.earlier, *args.chosen]
        origin = made_from(args.plan, sidecars)
        data = PackData(args.training, args.validation, args.basis, args.examples)
        files = [_first(paths) for paths in (args.script, args.initial_weights)]
        until = None if args.until == "end" else int(args.until)
        rung = _first(args.earlier), _first(args.chosen)
        wedges, trained = run_pack_job(data, args.settings, args.wedges, args.environment, *files, until, *rung)
        recipe = dict(sorted({"name": args.recipe[0], **json.loads(args.recipe[1])}.items()))
        write_result(output, {"recipe": recipe, "trained": trained, "wedges": wedges}, origin)
    names = f" ({', '.join(trained)})" if trained else ": neither their data nor their settings changed"
    going_on = sum("dropped" not in about for about in wedges.values())
    print(f"{len(trained)} trained, {going_on - len(trained)} reused{names}")


def _first(paths):
    return paths[0] if paths else None


if __name__ == "__main__":
    main()

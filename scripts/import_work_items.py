"""Import geometry into work items: one for each of its elements, and a small sidecar for each batch."""

import argparse
import json
from pathlib import Path

from geokiln.cooking.generator import Generator
from geokiln.dataset.suspects import check_attributes
from geokiln.errors import script
from geokiln.geometry.element_kinds import ELEMENTS
from geokiln.storage.audit import audited
from geokiln.storage.digests import check_planned
from geokiln.storage.files import locked, write_json, written
from geokiln.storage.results import check_vouched, made_from, write_result
from geokiln.user_code.supervisor import supervised
from geokiln.work_items.batches import batch_key, batch_range
from geokiln.work_items.importing import add_attributes, file_names, import_items
from geokiln.work_items.item_table import with_identity, write_items


@supervised
@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--geometry", required=True, nargs="+", help=".geo or .npz files")
    parser.add_argument("--geometry-sidecars", nargs="*", default=[], help="their .json files, in the same order")
    parser.add_argument("--seed", required=True, type=int, help="seed that every item carries")
    parser.add_argument("--element", choices=ELEMENTS, default="primitive")
    parser.add_argument("--piece-attribute", default="class", help="attribute that pieces have one value of")
    parser.add_argument("--group", default="", help="import only the elements in this group; empty: all")
    parser.add_argument("--include", nargs="*", default=[], choices=["bounds", "points", "geometry"])
    parser.add_argument("--attributes", default="*", help="which attributes, such as '* ^name'")
    parser.add_argument("--id-attribute", default="", help="attribute that identifies an element; empty: its number")
    parser.add_argument(
        "--ids", choices=["attribute", "number"], default="attribute", help="number: even with --id-attribute"
    )
    parser.add_argument("--constants", type=json.loads, default={}, help="attributes of every item, JSON")
    parser.add_argument(
        "--generator", nargs="*", default=[], help="the user's files, if attributes(item) gives further ones"
    )
    parser.add_argument("--generator-inputs", nargs="*", default=[], help="files that they read")
    parser.add_argument("--generator-digest", help="of both, as the run was planned")
    parser.add_argument("--check-inputs", choices=["yes", "no"], default="no", help="yes: attributes are the inputs")
    parser.add_argument("--parameters", type=json.loads, default={}, help="generator.parameters, JSON")
    parser.add_argument(
        "--empty", choices=["fail", "warn", "ignore"], default="fail", help="a geometry without elements"
    )
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--items", required=True, help="items.npz to write")
    parser.add_argument("--sidecar", required=True, help="its .json: number of items, digest")
    parser.add_argument("--batches", nargs="*", default=[], help="{batch}.json of each batch to write, likewise")
    args = parser.parse_args(argv)

    with locked(args.items):
        for geometry, sidecar in zip(args.geometry, args.geometry_sidecars):
            check_vouched(geometry, sidecar)
        check_planned([*args.generator, *args.generator_inputs], args.generator_digest)
        names = file_names(args.geometry) if len(args.geometry) > 1 else None
        identity = {"id_attribute": args.id_attribute, "numbered": args.ids == "number"}
        chosen = {"element": args.element, "group": args.group, "piece": args.piece_attribute}
        chosen.update(pattern=args.attributes, include=args.include, **identity)
        items = import_items(args.geometry, args.seed, names, constants=args.constants, empty=args.empty, **chosen)
        if args.generator:
            with audited("attributes", args.generator[0], args.generator_inputs, args.geometry) as covered:
                generator = Generator(args.generator[0])
                if generator.has("attributes"):
                    items = add_attributes(items, generator, args.parameters)
                covered()
        if args.check_inputs == "yes":
            check_attributes(items)
        policy = with_identity("items", items.id_attribute)
        with written(args.items) as output:
            digests = write_items(output, items)
        for path in args.batches:
            batch = batch_range(Path(path).stem)
            rows = digests[batch.start : batch.stop]
            with written(path) as sidecar:
                write_json(sidecar, {"items": len(rows), "digest": batch_key([rows.tobytes()], policy)})
        with written(args.sidecar) as sidecar:
            about = {"items": len(items), "digest": batch_key([digests.tobytes()], policy)}
            write_result(sidecar, about, made_from(args.plan, args.geometry_sidecars), [args.items])
    print(f"{len(items)} work items -> {args.items}")


if __name__ == "__main__":
    main()

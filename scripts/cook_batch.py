"""Cook a batch of work items; those that were cooked before, whichever batch they were in, are reused."""

import argparse
import json
import signal

from geokiln.cooking.batch_job import run_batch_job
from geokiln.cooking.recook import times_recooked
from geokiln.errors import Stopped, script
from geokiln.user_code.stopping import stop_on
from geokiln.user_code.supervisor import supervised
from geokiln.work_items.batches import batch_range


@supervised
@script
def main(argv=None):
    stop_on(signal.SIGTERM, Stopped("asked to stop (SIGTERM); what was cooked is kept"))  # a farm's time limit
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", required=True, help="work_items/items.npz")
    parser.add_argument("--rows", required=True, type=_rows, help="which of them, such as 32-63, or all")
    parser.add_argument("--geometry", nargs="*", default=[], help="what they were imported from, if they bring it")
    parser.add_argument("--generator", required=True, help="the user's Python file")
    parser.add_argument("--generator-inputs", nargs="*", default=[], help="files that it reads")
    parser.add_argument("--generator-digest", dest="planned", help="of both, as the run was planned")
    parser.add_argument("--parameters", required=True, type=json.loads, help="generator.parameters, JSON")
    parser.add_argument("--command", required=True, type=json.loads, help="generator.command, JSON")
    parser.add_argument("--items-per-call", type=int, default=1024, help="of cook_batch(items)")
    parser.add_argument("--time-limit", type=_seconds, help="seconds for an item, or none")
    parser.add_argument("--environment", required=True, help="name of the environment, part of the fingerprint")
    parser.add_argument(
        "--recook", nargs="*", default=[], help=".kept/recook.json, if everything was to be cooked anew"
    )
    parser.add_argument("--parts", required=True, nargs="+", choices=["inputs", "targets", "baseline"])
    parser.add_argument("--invalid", choices=["fail", "drop"], default="fail", help="values that are not finite")
    parser.add_argument("--failed", choices=["fail", "drop"], default="fail", help="items that failed")
    parser.add_argument("--sidecar", help="the .json that speaks for these rows of the work items")
    parser.add_argument("--plan", default="", help="what identifies the job's plan, to record")
    parser.add_argument("--data-points", required=True, help="the .npz to write")
    parser.add_argument("--report", required=True, help="the .json to write: digest, counts, seconds")
    args = vars(parser.parse_args(argv))

    print(run_batch_job(table=args.pop("items"), recooked=times_recooked(args.pop("recook")), **args))


def _rows(text):
    return None if text == "all" else batch_range(text)


def _seconds(text):
    return None if text == "none" else float(text)


if __name__ == "__main__":
    main()

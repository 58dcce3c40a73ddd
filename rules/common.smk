"""What the stages share: the checked config, the names that rules expand over, code and environments as inputs."""

import atexit
import gc
import json
import os
import re
import sys

CHECKOUT = os.path.relpath(workflow.basedir)  # relative, so that a moved project has nothing to do
sys.path.insert(0, os.path.join(workflow.basedir, "scripts"))
os.environ.update(GEOKILN_CHECKOUT=os.path.abspath(workflow.basedir))  # where profiles find their scripts
os.environ["GEOKILN_PYTHON"] = sys.executable  # builds the environments; not tracked, so an upgrade rebuilds nothing

from snakemake.exceptions import WorkflowError

from geokiln.errors import UserError
from geokiln.planning.lost_files import loss_record
from geokiln.planning.command_line import asked_alone
from geokiln.training.packs import forget_lost_packs
from geokiln.planning.project import Project
from geokiln.planning.reservations import memory, minutes
from geokiln.planning.run_lock import claim_run
from geokiln.storage.sources import closure
from geokiln.planning.summary import print_summary
from geokiln.planning.command_line import check_until

try:
    PROJECT = Project(CHECKOUT, config)
    if workflow.is_main_process and PROJECT.count() is None:
        check_until(sys.argv[1:])
except UserError as error:
    sys.exit(f"Geokiln: {error}")
config.update(PROJECT.config)
PROJECT.training.asked = None
if workflow.is_main_process:
    claim_run()
    forget_lost_packs(map("packs/{}.json".format, [*PROJECT.training.packs, *PROJECT.training.wedges]))
    PROJECT.training.asked = asked_alone(sys.argv[1:], PROJECT.training.wedges)
atexit.register(gc.freeze)  # at the end Python would look through all of Snakemake for garbage, for 0.2 s

GEOMETRIES = list(PROJECT.geometries)  # file names in geometry/
BATCHES = PROJECT.batches  # of work items; empty while their number is not known
UNSEEN = list(config["unseen"])
WEDGES = PROJECT.training.wedges  # name -> values
RECIPES = PROJECT.training.recipes  # of preprocessing, which wedges share: name -> settings


wildcard_constraints:
    batch=r"\d+-\d+",
    geometry="|".join(map(re.escape, GEOMETRIES)),
    pack="|".join(map(re.escape, [*PROJECT.training.packs, *WEDGES])),
    epoch=r"[1-9]\d*",
    point=r"0|[1-9]\d*",
    rung="|".join(map(str, PROJECT.training.rungs)) or "none",
    recipe="|".join(map(re.escape, RECIPES)),
    unseen="|".join(UNSEEN),
    wedge="|".join(map(re.escape, WEDGES)),


def code(script):
    """The script and the modules that it imports: an edited module reruns its users, a touched file nothing."""
    return [str(path) for path in closure(os.path.join(CHECKOUT, "scripts", script))]


def environment(kind):
    """The interpreter of an environment: cook, train or predict."""
    return os.path.join(PROJECT.environments, PROJECT.environment_names[kind], "python")


def reserve(kind, members=lambda wildcards: 1):
    """What a job reserves on a farm: *kind* is a section of `resources`, *members* counts its items or wedges."""
    return {
        "mem_mb": lambda wildcards, attempt: memory(config, kind, members(wildcards), attempt),
        "runtime": lambda wildcards, attempt: minutes(config, kind, members(wildcards), attempt),
        "gpu": config["resources"][kind].get("gpus", 0),
    }


def side_car(batch=None, point=None):
    """The small file that speaks for the work items of a batch, or of a data point."""
    try:
        return PROJECT.side_car(batch, point)
    except UserError as error:
        raise WorkflowError(f"Geokiln: {error}")


def parts(known=False):
    """What the dataset is merged from: batches, data points, or the whole set; *known*: as far as is known now."""
    if PROJECT.count() is not None or known:
        return PROJECT.parts
    with open(checkpoints.list_batches.get().output[0]) as manifest:
        return json.load(manifest)["parts"]


def losses(target, files, besides):
    """A record of the files that were lost before *target*, and these files: a new loss remakes them and the target.

    Files *besides* are inputs or outputs of the target's rule anyway. The others are ancient: wanted, not compared.
    """
    record, lost = loss_record(target, files, notice=workflow.is_main_process)
    return [record, *[ancient(file) for file in lost if file not in besides]]


# Everything that leads to a final target, in the order in which data flows.
PACKS = expand("packs/{pack}.json", pack=PROJECT.training.packs)
RUNG_PACKS = expand("rungs/{rung}/{pack}.json", rung=PROJECT.training.rungs, pack=PROJECT.training.packs)
RESULTS = expand("wedges/{wedge}/training.json", wedge=WEDGES)
WEIGHTS = expand("wedges/{wedge}/weights.safetensors", wedge=WEDGES)
ON_UNSEEN = ["wedges_on_unseen.json"] if PROJECT.judges else []
BASES = expand("preprocessed/{recipe}/basis.npz", recipe=RECIPES)
BEFORE_MODEL = [
    *expand("geometry/{geometry}", geometry=GEOMETRIES),
    *expand("work_items/{batch}.json", batch=["items", *BATCHES]),
    "work_items/items.npz",
    *expand("{part}.{suffix}", part=parts(known=True), suffix=["npz", "json"]),
    *expand("dataset/examples.{suffix}", suffix=["raw", "ids", "json"]),
    *expand("preprocessed/{recipe}/training.{suffix}", recipe=RECIPES, suffix=["raw", "json"]),
    *expand("preprocessed/{recipe}/validation.{suffix}", recipe=RECIPES, suffix=["raw", "json"]),
    *[*RUNG_PACKS, *expand("rungs/{rung}.json", rung=PROJECT.training.rungs)],
    *[*BASES, *PACKS, *RESULTS, *WEIGHTS, *ON_UNSEEN, "wedges.csv"],
]
PREDICTIONS = expand("predictions/{unseen}.{suffix}", unseen=UNSEEN, suffix=["npz", "json"])
BEFORE_PREDICTIONS = [
    *BEFORE_MODEL,
    "model.onnx",
    *map(PROJECT.unseen_geometry, UNSEEN),
    *expand("work_items/unseen/{unseen}.{suffix}", unseen=UNSEEN, suffix=["npz", "json"]),
    *expand("unseen/{unseen}.{suffix}", unseen=UNSEEN, suffix=["npz", "json"]),
    *PREDICTIONS,
    "predictions/errors.csv",
]

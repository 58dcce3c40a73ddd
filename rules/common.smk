"""What the stages share: the checked config, the names that rules expand over, code and environments as inputs."""

import atexit
import os
import re
import sys

CHECKOUT = os.path.relpath(workflow.basedir)  # relative, so that a moved project has nothing to do
sys.path.insert(0, os.path.join(workflow.basedir, "scripts"))
os.environ["GEOKILN_PYTHON"] = sys.executable  # builds the environments; not tracked, so an upgrade rebuilds nothing

from snakemake.exceptions import WorkflowError

from geokiln.errors import UserError
from geokiln.lost_files import loss_record
from geokiln.project import Project
from geokiln.run_lock import claim_run
from geokiln.sources import closure
from geokiln.summary import print_summary

try:
    PROJECT = Project(CHECKOUT, config)
except UserError as error:
    sys.exit(f"Geokiln: {error}")
config.update(PROJECT.config)
if workflow.is_main_process:
    claim_run()

GEOMETRY = PROJECT.config["geometry"]["name"]
ID_ATTRIBUTE = config["geometry"]["id_attribute"]
BATCHES = PROJECT.batches
PARTS = PROJECT.parts  # what the dataset is merged from: batches, data points, or the whole set in one
UNSEEN = list(config["unseen"])
WEDGES = PROJECT.wedges  # name -> values


wildcard_constraints:
    batch="|".join(BATCHES),
    point=r"0|[1-9]\d*",
    unseen="|".join(UNSEEN),
    wedge="|".join(map(re.escape, WEDGES)),


def code(script):
    """The script and the modules that it imports: an edited module reruns its users, a touched file nothing."""
    return [str(path) for path in closure(os.path.join(CHECKOUT, "scripts", script))]


def environment(kind):
    """The interpreter of an environment: cook, train or predict."""
    return os.path.join(PROJECT.environments, PROJECT.environment_names[kind], "python")


def work_items_of(wildcards):
    """The batch of work items that a data point belongs to."""
    try:
        return f"work_items/{PROJECT.batch_of(wildcards.point)}.json"
    except UserError as error:
        raise WorkflowError(f"Geokiln: {error}")


def losses(target, files, besides):
    """A record of the files that were lost before *target*, and these files: a new loss remakes them and the target.

    Files *besides* are inputs or outputs of the target's rule anyway. The others are ancient: wanted, not compared.
    """
    record, lost = loss_record(target, files, notice=workflow.is_main_process)
    return [record, *[ancient(file) for file in lost if file not in besides]]


# Everything that leads to a final target, in the order in which data flows.
RESULTS = expand("wedges/{wedge}/training.json", wedge=WEDGES)
WEIGHTS = expand("wedges/{wedge}/weights.safetensors", wedge=WEDGES)
BASIS = "preprocessed/base/basis.npz"
BEFORE_MODEL = [
    f"geometry/{GEOMETRY}.geo",
    *expand("work_items/{batch}.json", batch=BATCHES),
    *expand("{part}.{suffix}", part=PARTS, suffix=["npz", "json"]),
    *expand("dataset/examples.{suffix}", suffix=["raw", "ids", "json"]),
    *expand("preprocessed/base/{split}.{suffix}", split=["training", "validation"], suffix=["raw", "json"]),
    *[BASIS, *RESULTS, *WEIGHTS, "wedges.csv"],
]
PREDICTIONS = expand("predictions/{unseen}.{suffix}", unseen=UNSEEN, suffix=["npz", "json"])
BEFORE_PREDICTIONS = [
    *BEFORE_MODEL,
    "model.onnx",
    *expand("geometry/unseen/{unseen}.geo", unseen=UNSEEN),
    *expand("work_items/unseen/{unseen}.json", unseen=UNSEEN),
    *expand("unseen/{unseen}.{suffix}", unseen=UNSEEN, suffix=["npz", "json"]),
    *PREDICTIONS,
    "predictions/errors.csv",
]

"""What the stages share: the checked project, the names that rules expand over, code and environments as inputs."""

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

gc.set_threshold(200_000)  # rules and jobs are many objects and little garbage: looking for it takes its time
from snakemake.exceptions import WorkflowError

from geokiln.config.command_line_values import command_line_values
from geokiln.errors import UserError
from geokiln.planning.command_line import asked_alone, check_until, looks_only
from geokiln.planning.project import Project
from geokiln.planning.reservations import memory, minutes
from geokiln.storage.terminal import Relay

try:
    given = command_line_values(workflow.overwrite_configfiles, workflow.config_settings.config_args, CHECKOUT)
    PROJECT = Project(CHECKOUT, given)
    if workflow.is_main_process:
        PROJECT.training.check_epochs(sys.argv[1:])
        PROJECT.training.check_basis(sys.argv[1:])
        if PROJECT.count is None:
            check_until(sys.argv[1:])
except UserError as error:
    sys.exit(f"Geokiln: {error}")
config.update(PROJECT.config)

LOOKS = workflow.output_settings.dryrun or looks_only(sys.argv[1:])  # the request makes nothing
if workflow.is_main_process and not LOOKS:
    Relay()  # what jobs, which print to their logs, show in the terminal
TRAINING = PROJECT.training
GEOMETRIES = list(PROJECT.geometries)  # file names in geometry/
BATCHES = PROJECT.batches  # of work items; empty while their number is not known
UNSEEN = list(config["unseen"])
WEDGES = TRAINING.wedges  # name -> values
RECIPES = TRAINING.recipes  # of preprocessing, which wedges share: name -> settings


wildcard_constraints:
    batch=r"\d+-\d+",
    geometry="|".join(map(re.escape, GEOMETRIES)) or "none",
    pack="|".join(map(re.escape, [*TRAINING.packs, *WEDGES])),
    epoch=r"[1-9]\d*",
    point=r"0|[1-9]\d*",
    rung="|".join(map(str, TRAINING.rungs)) or "none",
    recipe="|".join(map(re.escape, RECIPES)),
    stage="|".join(map(re.escape, PROJECT.stages)) or "none",
    target=r"[^/]+",
    unseen="|".join(UNSEEN),
    wedge="|".join(map(re.escape, WEDGES)),


def one_of(names):
    """The pattern of a wildcard that has one of some values."""
    return "|".join(map(re.escape, names)) or "none"


def code(script):
    """A rule's script. The modules that it imports count by the job's `plan`: an edited one reruns its users."""
    return os.path.normpath(os.path.join(CHECKOUT, "scripts", script))


def environment(kind):
    """The interpreter of an environment: cook, train, predict or formats."""
    return PROJECT.environment_plans[kind].python


def as_it_is(text):
    """A parameter that Snakemake does not look for wildcards in: JSON has braces."""
    return lambda wildcards: text


def reserve(kind, members=lambda wildcards: 1):
    """What a job reserves on a farm: *kind* is a section of `resources`, *members* counts its items or wedges."""
    return {
        "mem_mb": lambda wildcards, attempt: memory(config, kind, members(wildcards), attempt),
        "runtime": lambda wildcards, attempt: minutes(config, kind, members(wildcards), attempt),
        "gpu": config["resources"][kind].get("gpus", 0),
    }

"""What the command line asks for. Only the standard library is imported here."""

import argparse
import os
from pathlib import Path

from geokiln.errors import UserError

# Who asks for one of these wants to look: nothing is made.
LOOKS = {
    "-n", "--dry-run", "--dryrun", "--dag", "--rulegraph", "--filegraph", "--d3dag", "--lint", "--report",
    "-S", "--summary", "-D", "--detailed-summary", "-l", "--list", "--list-rules", "--list-target-rules", "--lt",
    "--list-changes", "--lc", "--list-input-changes", "--li", "--list-params-changes", "--lp", "--list-untracked",
    "--lu", "--print-compilation",
}  # fmt: skip

BEFORE_THE_MANIFEST = {
    "build_environment", "take_environment", "sample_geometry", "sample_unseen", "convert_geometry",
    "convert_unseen", "import_work_items", "import_unseen", "list_batches",
}  # fmt: skip


def looks_only(arguments):
    """Whether a command line asks Snakemake to tell something, and to make nothing.

    >>> looks_only(["--summary", "model.onnx"]), looks_only(["--report", "r.html", "--report-after-run"])
    (True, False)
    """
    words = {word.split("=")[0] for word in arguments}
    return bool(words & LOOKS) and "--report-after-run" not in words


def check_until(arguments):
    """Refuse ``--until RULE`` for a rule that is planned only once the number of work items is known.

    Snakemake would cut the plan before the checkpoint, make nothing, and call that success.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--until", "-U", nargs="+", default=[])
    until, _ = parser.parse_known_args(arguments)
    beyond = [rule for rule in until.until if rule not in BEFORE_THE_MANIFEST]
    if beyond:
        why = "is planned only when the number of work items is known"
        raise UserError(f"--until {beyond[0]}: that {why}; ask for a file instead, such as dataset/examples.json")


# targets that every wedge leads to, and folders of such
OF_ALL = ("all", "model.onnx", "model_weights.onnx", "wedges.csv", "wedges_on_unseen.json")


FOLDERS_OF_ALL = ("basis/", "packs/", "predictions/", "rungs/", "shapes/")


def asked_alone(arguments, wedges):
    """Return the wedges that a command line asks for by a file of theirs, where it asks for nothing of all wedges.

    >>> asked_alone(["--cores", "2", "wedges/seed-1/model.onnx"], ["seed-1", "seed-2"])
    {'seed-1'}
    >>> asked_alone(["wedges/seed-1/model.onnx", "predictions/all.npz"], ["seed-1", "seed-2"])
    set()
    """
    if any(word in OF_ALL or word.startswith(FOLDERS_OF_ALL) for word in arguments):
        return set()
    parts = [Path(os.path.relpath(word) if os.path.isabs(word) else word).parts for word in arguments]
    return {part[1] for part in parts if part[0:1] == ("wedges",) and part[1:2] and part[1] in wedges}

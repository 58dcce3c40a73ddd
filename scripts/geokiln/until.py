"""`--until` never ends in silent success."""

import argparse

from geokiln.errors import UserError

BEFORE_THE_MANIFEST = {"build_environment", "sample_geometry", "sample_unseen", "import_work_items", "list_batches"}


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

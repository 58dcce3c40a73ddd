"""The start and the end of a run: who holds the folder, what is written down, what is printed"""

from snakemake.cli import get_argument_parser

from geokiln.planning.folders import check_folders
from geokiln.planning.mending import put_damaged_aside, use_environments
from geokiln.planning.run_lock import claim_run, leave_nothing
from geokiln.planning.summary import note_times, print_summary, print_warnings
from geokiln.planning.targets import check_actions, check_targets, names_of


def made(target):
    """Whether a rule makes a target, or is one."""
    file = target if os.path.isabs(target) else os.path.relpath(target)
    return workflow.is_rule(target) or any(rule.is_producer(file) for rule in workflow.rules)


def names():
    """What rules make, but for what only numbers name."""
    values = {"batch": BATCHES, "geometry": GEOMETRIES, "recipe": RECIPES, "unseen": UNSEEN, "wedge": WEDGES}
    values |= {
        "stage": PROJECT.stages,
        "sequence": ["bgeo", "bgeo.sc", "geo", "ply", "vtu"],
        "table": ["csv", "parquet"],
    }
    return names_of([str(file) for rule in workflow.rules for file in rule.output], values)


def targets_of(arguments):
    return get_argument_parser().parse_known_args(arguments)[0].targets


if workflow.is_main_process:
    try:
        if "snakemake" in sys.argv[0]:
            if PROJECT.dataset:
                check_actions(sys.argv[1:], config["dataset"]["source"])
            check_targets(sys.argv[1:], made, targets_of, names, PROJECT.why_no_shape)
        check_folders(PROJECT.environments if PROJECT.missing_environments([PROJECT.reader]) and not LOOKS else None)
    except UserError as error:
        sys.exit(f"Geokiln: {error}")
    if LOOKS:
        leave_nothing(workflow.logger_manager.get_logfile())
    else:
        claim_run()
        use_environments(PROJECT)

atexit.register(gc.freeze)  # at the end Python would look through all of Snakemake for garbage, for 0.2 s


TABLES = list(map(os.path.abspath, ["wedges.csv", "predictions/errors.csv"]))
TRAINED = list(map(os.path.abspath, [*RUNG_PACKS, *PACKS]))


onstart:
    note_times([*TABLES, *TRAINED])
    # Snakemake ends a run by waiting until its limit on jobs per timespan is over. It is meant for farms.
    if not workflow.non_local_exec:
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    # At the very end: a live progress display swallows what is printed while it is up.
    atexit.register(print_warnings, os.path.abspath("logs"))
    atexit.register(print_summary, *TABLES, TRAINED)


onerror:
    put_damaged_aside(PROJECT)
    atexit.register(print_warnings, os.path.abspath("logs"))

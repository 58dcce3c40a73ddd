"""The start and the end of a run: who holds the folder, what is written down, what is printed"""

if workflow.is_main_process:
    if LOOKS:
        leave_nothing(workflow.logger_manager.get_logfile())
    else:
        claim_run()

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
    atexit.register(print_summary, *TABLES, TRAINED)

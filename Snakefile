"""Geometry -> work items -> batches -> dataset -> wedges -> model.onnx -> predictions/all.npz

The working directory (--directory) is the project: its config.yaml is laid over the one beside this file.
"""

from snakemake.utils import min_version

min_version("9.27.1")


include: "rules/common.smk"
include: "rules/environments.smk"
include: "rules/geometry.smk"
include: "rules/work_items.smk"
include: "rules/dataset.smk"
include: "rules/preprocess.smk"
include: "rules/train.smk"
include: "rules/halving.smk"
include: "rules/export.smk"
include: "rules/predict.smk"


rule all:
    default_target: True
    input:
        "predictions/all.npz",


onstart:
    # Snakemake ends a run by waiting until its limit on jobs per timespan is over. It is meant for farms.
    if not workflow.non_local_exec:
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    # At the very end: a live progress display swallows what is printed while it is up.
    tables = map(os.path.abspath, ("wedges.csv", "predictions/errors.csv"))
    atexit.register(print_summary, *tables, list(map(os.path.abspath, [*RUNG_PACKS, *PACKS])))

"""Geometry -> work items -> batches -> dataset -> wedges -> model.onnx -> predictions/all.npz

The working directory (--directory) is the project: its config.yaml is laid over the one beside this file.
"""

from snakemake.utils import min_version

min_version("9.27.1")


rule all:
    default_target: True
    input:
        "predictions/all.npz",


include: "rules/common.smk"
include: "rules/results.smk"
include: "rules/environments.smk"


if PROJECT.dataset:  # a file of examples that is there already

    include: "rules/read_dataset.smk"

else:

    include: "rules/geometry.smk"
    include: "rules/convert.smk"
    include: "rules/work_items.smk"
    include: "rules/cooking.smk"
    include: "rules/actions.smk"
    include: "rules/dataset.smk"


include: "rules/preprocess.smk"
include: "rules/train.smk"
include: "rules/halving.smk"
include: "rules/select.smk"
include: "rules/export.smk"
include: "rules/basis.smk"
include: "rules/predict.smk"


if PROJECT.stages:  # the generator says what geometry predictions mean

    include: "rules/shapes.smk"


include: "rules/stale.smk"
include: "rules/run.smk"

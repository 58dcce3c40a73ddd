"""a file of examples -> dataset/examples.raw (+ .ids, .json), unseen/{unseen}.npz; where dataset.source is a file"""

from geokiln.planning.dataset_source import split_json


rule read_dataset:
    input:
        python=environment(PROJECT.reader),
        code=code("read_dataset.py"),
        source=PROJECT.dataset.file,
        stale=tell_what_is_stale,
    output:
        raw="dataset/examples.raw",
        ids="dataset/examples.ids",
        sidecar="dataset/examples.json",
    log:
        "logs/read_dataset.log",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("read_dataset"),
        source_digest=lambda wildcards: PROJECT.dataset.digest,
        layout=as_it_is(PROJECT.dataset.layout),
        inputs=as_it_is(config["dataset"]["inputs"]),
        targets=as_it_is(config["dataset"]["targets"]),
        invalid=config["work_items"]["invalid"],
    shell:
        "{input.python:q} {input.code:q}"
        " --source {input.source:q}"
        " --source-digest {params.source_digest}"
        " --layout {params.layout:q}"
        " --inputs={params.inputs:q}"
        " --targets={params.targets:q}"
        " --invalid {params.invalid}"
        " --plan {params.plan}"
        " --raw {output.raw:q}"
        " --ids {output.ids:q}"
        " --sidecar {output.sidecar:q}"
        " > {log:q} 2>&1"


def truth(wildcards):
    """Whether an unseen input has its targets, too."""
    return "yes" if config["unseen"][wildcards.unseen]["ground_truth"] else "no"


rule read_unseen:
    input:
        python=environment(PROJECT.reader),
        code=code("read_unseen.py"),
        sidecar="dataset/examples.json",  # which columns
        source=lambda wildcards: PROJECT.read[wildcards.unseen].file,
    output:
        data_points="unseen/{unseen}.npz",
        report="unseen/{unseen}.json",
    log:
        "logs/read_unseen/{unseen}.log",
    wildcard_constraints:
        unseen="|".join(PROJECT.read) or "none",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("read_unseen"),
        source_digest=lambda wildcards: PROJECT.read[wildcards.unseen].digest,
        layout=lambda wildcards: PROJECT.read[wildcards.unseen].layout,
        truth=truth,
    shell:
        "{input.python:q} {input.code:q}"
        " --source {input.source:q}"
        " --source-digest {params.source_digest}"
        " --layout {params.layout:q}"
        " --dataset {input.sidecar:q}"
        " --truth {params.truth}"
        " --plan {params.plan}"
        " --data-points {output.data_points:q}"
        " --report {output.report:q}"
        " > {log:q} 2>&1"


# The examples that preprocessing holds out for a last test.
rule take_test_split:
    input:
        python=environment("train"),
        code=code("take_test_split.py"),
        sidecar="dataset/examples.json",
        ids=ancient("dataset/examples.ids"),  # the sidecar speaks for both
        examples=ancient("dataset/examples.raw"),
    output:
        data_points="unseen/{unseen}.npz",
        report="unseen/{unseen}.json",
    log:
        "logs/take_test_split/{unseen}.log",
    wildcard_constraints:
        unseen="|".join(unseen for unseen in UNSEEN if unseen not in PROJECT.read) or "none",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("take_test_split"),
        split=as_it_is(split_json(config)),
        truth=truth,
    shell:
        "{input.python:q} {input.code:q}"
        " --examples {input.examples:q} {input.sidecar:q}"
        " --ids {input.ids:q}"
        " --split {params.split:q}"
        " --truth {params.truth}"
        " --plan {params.plan}"
        " --data-points {output.data_points:q}"
        " --report {output.report:q}"
        " > {log:q} 2>&1"

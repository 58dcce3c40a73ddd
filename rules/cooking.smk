"""work items -> batches/{batch}.npz | batches/whole.npz | data_points/{point}.npz, unseen/{unseen}.npz"""

RECOOK = [file for file in [".kept/recook.json"] if os.path.exists(file)]  # what `recook` wrote
OWN_GEOMETRY = expand("geometry/{geometry}", geometry=GEOMETRIES if PROJECT.brings_geometry else [])  # of items


def own_geometry_of_unseen(wildcards):
    """The file that the items of an unseen input were imported from, where they bring their own part of it."""
    return [PROJECT.unseen[wildcards.unseen].target] if PROJECT.brings_geometry else []


rule cook_batch:
    input:
        python=environment("cook"),
        code=code("cook_batch.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        recook=RECOOK,
        sidecar=sidecar_of_items,
        table=ancient("work_items/items.npz"),  # the sidecar speaks for its rows, and for their geometry
        geometry=ancient(OWN_GEOMETRY),
    output:
        data_points="batches/{batch}.npz",
        report="batches/{batch}.json",
    log:
        "logs/cook_batch/{batch}.log",
    threads: config["resources"]["cook"]["threads"]
    resources:
        **reserve("cook", lambda wildcards: PROJECT.items_of(**wildcards)),
    params:
        plan=plan_of("cook_batch"),
        rows="{batch}",
        parameters=as_it_is(PROJECT.parameters),
        command=as_it_is(PROJECT.command),
        items_per_call=config["generator"]["items_per_call"],
        time_limit=config["generator"]["time_limit"] or "none",
        generator_digest=PROJECT.generator_digest,
        environment=PROJECT.environment_names["cook"],
        parts=["inputs", "targets"],
        invalid=config["work_items"]["invalid"],
        failed="drop" if config["work_items"]["failure_share"] else "fail",
    shell:
        "{input.python:q} {input.code:q}"
        " --items {input.table:q}"
        " --rows {params.rows}"
        " --geometry {input.geometry:q}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --generator-digest {params.generator_digest}"
        " --parameters {params.parameters:q}"
        " --command {params.command:q}"
        " --items-per-call {params.items_per_call}"
        " --time-limit {params.time_limit}"
        " --environment {params.environment}"
        " --recook {input.recook:q}"
        " --parts {params.parts}"
        " --invalid {params.invalid}"
        " --failed {params.failed}"
        " --sidecar {input.sidecar:q}"
        " --plan {params.plan}"
        " --data-points {output.data_points:q}"
        " --report {output.report:q}"
        " > {log:q} 2>&1"


use rule cook_batch as cook_point with:
    input:
        python=environment("cook"),
        code=code("cook_batch.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        recook=RECOOK,
        sidecar=sidecar_of_items,
        table=ancient("work_items/items.npz"),
        geometry=ancient(OWN_GEOMETRY),
    output:
        data_points="data_points/{point}.npz",
        report="data_points/{point}.json",
    log:
        "logs/cook_point/{point}.log",
    params:
        plan=plan_of("cook_point"),
        rows="{point}-{point}",


use rule cook_batch as cook_whole with:
    input:
        python=environment("cook"),
        code=code("cook_batch.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        recook=RECOOK,
        sidecar="work_items/items.json",
        table=ancient("work_items/items.npz"),
        geometry=ancient(OWN_GEOMETRY),
    output:
        data_points="batches/whole.npz",
        report="batches/whole.json",
    log:
        "logs/cook_whole.log",
    params:
        plan=plan_of("cook_whole"),
        rows="all",


# Predictions are wanted for all items of an unseen input: none is left out.
use rule cook_batch as cook_unseen with:
    input:
        python=environment("cook"),
        code=code("cook_batch.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        recook=RECOOK,
        sidecar="work_items/unseen/{unseen}.json",
        table=ancient("work_items/unseen/{unseen}.npz"),
        geometry=ancient(own_geometry_of_unseen),
    output:
        data_points="unseen/{unseen}.npz",
        report="unseen/{unseen}.json",
    log:
        "logs/cook_unseen/{unseen}.log",
    params:
        plan=plan_of("cook_unseen"),
        rows="all",
        parts=lambda wildcards: PROJECT.cooked_parts(wildcards.unseen),
        invalid="fail",
        failed="fail",

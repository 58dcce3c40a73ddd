"""work items -> batches/{batch}.npz | batches/whole.npz | data_points/{point}.npz -> dataset/examples.raw (+ .ids, .json)

Which of the three the dataset is merged from is `work_items.granularity`; all can be asked for by name.
"""


rule cook_batch:
    input:
        python=environment("cook"),
        code=code("cook_batch.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        work_items="work_items/{batch}.json",
    output:
        data_points="batches/{batch}.npz",
        report="batches/{batch}.json",
    log:
        "logs/cook_batch/{batch}.log",
    params:
        parameters=lambda wildcards: PROJECT.parameters,  # as it is, braces and all
        generator_digest=PROJECT.generator_digest,
        environment=PROJECT.environment_names["cook"],
        parts=["inputs", "targets"],
        only=[],
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --work-items {input.work_items:q} {params.only}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --parameters {params.parameters:q}"
        " --environment {params.environment}"
        " --parts {params.parts}"
        " --data-points {output.data_points:q}"
        " --report {output.report:q}"
        " > {log:q} 2>&1"


use rule cook_batch as cook_point with:
    input:
        python=environment("cook"),
        code=code("cook_batch.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        work_items=work_items_of,
    output:
        data_points="data_points/{point}.npz",
        report="data_points/{point}.json",
    log:
        "logs/cook_point/{point}.log",
    params:
        parameters=lambda wildcards: PROJECT.parameters,  # as it is, braces and all
        generator_digest=PROJECT.generator_digest,
        environment=PROJECT.environment_names["cook"],
        parts=["inputs", "targets"],
        only=lambda wildcards: ["--only", int(wildcards.point) % config["work_items"]["batch_size"]],


use rule cook_batch as cook_whole with:
    input:
        python=environment("cook"),
        code=code("cook_batch.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        work_items=expand("work_items/{batch}.json", batch=BATCHES),
    output:
        data_points="batches/whole.npz",
        report="batches/whole.json",
    log:
        "logs/cook_whole.log",


use rule cook_batch as cook_unseen with:
    input:
        python=environment("cook"),
        code=code("cook_batch.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        work_items="work_items/unseen/{unseen}.json",
    output:
        data_points="unseen/{unseen}.npz",
        report="unseen/{unseen}.json",
    log:
        "logs/cook_unseen/{unseen}.log",
    params:
        parameters=lambda wildcards: PROJECT.parameters,  # as it is, braces and all
        generator_digest=PROJECT.generator_digest,
        environment=PROJECT.environment_names["cook"],
        parts=lambda wildcards: PROJECT.unseen_parts(wildcards.unseen),
        only=[],


rule merge_dataset:
    input:
        python=environment("cook"),
        code=code("merge_dataset.py"),
        reports=expand("{part}.json", part=PARTS),
        # Batches may be too big to be compared by content; their reports, made by the same job, speak for them.
        parts=ancient(expand("{part}.npz", part=PARTS)),
    output:
        raw="dataset/examples.raw",
        ids="dataset/examples.ids",
        sidecar="dataset/examples.json",
    log:
        "logs/merge_dataset.log",
    shell:
        "{input.python:q} {input.code[0]:q}"
        " {input.parts:q}"
        " --raw {output.raw:q}"
        " --ids {output.ids:q}"
        " --sidecar {output.sidecar:q}"
        " > {log:q} 2>&1"

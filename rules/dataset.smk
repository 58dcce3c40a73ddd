"""work items -> batches/{batch}.npz | batches/whole.npz | data_points/{point}.npz -> dataset/examples.raw (+ .ids, .json)

Which of the three the dataset is merged from is `work_items.granularity`; all can be asked for by name.
"""


rule cook_batch:
    input:
        python=environment("cook"),
        code=code("cook_batch.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        sidecar=lambda wildcards: side_car(wildcards.batch),
        table=ancient("work_items/items.npz"),  # the side-car speaks for its rows
    output:
        data_points="batches/{batch}.npz",
        report="batches/{batch}.json",
    log:
        "logs/cook_batch/{batch}.log",
    threads: config["resources"]["cook"]["threads"]
    resources:
        **reserve("cook", lambda wildcards: PROJECT.items_of(**wildcards)),
    params:
        parameters=lambda wildcards: PROJECT.parameters,  # as it is, braces and all
        settings=lambda wildcards: PROJECT.cook_settings,
        generator_digest=PROJECT.generator_digest,
        environment=PROJECT.environment_names["cook"],
        parts=["inputs", "targets"],
        rows=lambda wildcards: ["--rows", wildcards.batch],
        policy=PROJECT.cook_flags(),
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --items {input.table:q} {params.rows}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --parameters {params.parameters:q}"
        " --settings {params.settings:q}"
        " --environment {params.environment}"
        " --parts {params.parts}"
        " {params.policy}"
        " --data-points {output.data_points:q}"
        " --report {output.report:q}"
        " > {log:q} 2>&1"


use rule cook_batch as cook_point with:
    input:
        python=environment("cook"),
        code=code("cook_batch.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        sidecar=lambda wildcards: side_car(point=wildcards.point),
        table=ancient("work_items/items.npz"),
    output:
        data_points="data_points/{point}.npz",
        report="data_points/{point}.json",
    log:
        "logs/cook_point/{point}.log",
    params:
        parameters=lambda wildcards: PROJECT.parameters,  # as it is, braces and all
        settings=lambda wildcards: PROJECT.cook_settings,
        generator_digest=PROJECT.generator_digest,
        environment=PROJECT.environment_names["cook"],
        parts=["inputs", "targets"],
        rows=lambda wildcards: ["--rows", f"{wildcards.point}-{wildcards.point}"],
        policy=PROJECT.cook_flags(),


use rule cook_batch as cook_whole with:
    input:
        python=environment("cook"),
        code=code("cook_batch.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        sidecar="work_items/items.json",
        table=ancient("work_items/items.npz"),
    output:
        data_points="batches/whole.npz",
        report="batches/whole.json",
    log:
        "logs/cook_whole.log",
    params:
        parameters=lambda wildcards: PROJECT.parameters,  # as it is, braces and all
        settings=lambda wildcards: PROJECT.cook_settings,
        generator_digest=PROJECT.generator_digest,
        environment=PROJECT.environment_names["cook"],
        parts=["inputs", "targets"],
        rows=[],
        policy=PROJECT.cook_flags(),


use rule cook_batch as cook_unseen with:
    input:
        python=environment("cook"),
        code=code("cook_batch.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        sidecar="work_items/unseen/{unseen}.json",
        table=ancient("work_items/unseen/{unseen}.npz"),
    output:
        data_points="unseen/{unseen}.npz",
        report="unseen/{unseen}.json",
    log:
        "logs/cook_unseen/{unseen}.log",
    params:
        parameters=lambda wildcards: PROJECT.parameters,  # as it is, braces and all
        settings=lambda wildcards: PROJECT.cook_settings,
        generator_digest=PROJECT.generator_digest,
        environment=PROJECT.environment_names["cook"],
        parts=lambda wildcards: PROJECT.unseen_parts(wildcards.unseen),
        rows=[],
        policy=PROJECT.cook_flags(unseen=True),


rule merge_dataset:
    input:
        python=environment("cook"),
        code=code("merge_dataset.py"),
        reports=lambda wildcards: [f"{part}.json" for part in parts()],
        # Batches may be too big to be compared by content; their reports, made by the same job, speak for them.
        parts=lambda wildcards: [ancient(f"{part}.npz") for part in parts()],
    output:
        raw="dataset/examples.raw",
        ids="dataset/examples.ids",
        sidecar="dataset/examples.json",
    log:
        "logs/merge_dataset.log",
    resources:
        **reserve("other"),
    params:
        failure_share=config["work_items"]["failure_share"],
    shell:
        "{input.python:q} {input.code[0]:q}"
        " {input.parts:q}"
        " --failure-share {params.failure_share}"
        " --raw {output.raw:q}"
        " --ids {output.ids:q}"
        " --sidecar {output.sidecar:q}"
        " > {log:q} 2>&1"


# An edit of the generator that is declared harmless: `snakemake accept`, and what was cooked before it still counts.
rule accept:
    input:
        python=environment("cook"),
        code=code("accept.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
    log:
        "logs/accept.log",
    localrule: True
    params:
        environment=PROJECT.environment_names["cook"],
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --environment {params.environment}"
        " 2>&1 | tee {log:q}"

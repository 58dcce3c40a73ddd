"""predictions -> the geometry that they mean, a frame per item: shapes/{unseen}/{sequence}.json -> shapes/{stage}.usd"""


rule make_shapes:
    input:
        python=environment("cook"),
        code=code("make_shapes.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        sidecar="work_items/unseen/{unseen}.json",
        table=ancient("work_items/unseen/{unseen}.npz"),  # each sidecar speaks for the file of its name
        geometry=ancient(own_geometry_of_unseen),
        report="unseen/{unseen}.json",
        cooked=ancient("unseen/{unseen}.npz"),
        errors="predictions/{unseen}.json",
        predictions=ancient("predictions/{unseen}.npz"),
    output:
        "shapes/{unseen}/{sequence}.json",
    log:
        "logs/make_shapes/{unseen}_{sequence}.log",
    wildcard_constraints:
        sequence=r"bgeo|bgeo\.sc|geo",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("make_shapes"),
        parameters=as_it_is(PROJECT.parameters),
        time_limit=config["generator"]["time_limit"] or "none",
        generator_digest=PROJECT.generator_digest,
    shell:
        "{input.python:q} {input.code:q}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --generator-digest {params.generator_digest}"
        " --parameters {params.parameters:q}"
        " --time-limit {params.time_limit}"
        " --items {input.table:q} {input.sidecar:q}"
        " --geometry {input.geometry:q}"
        " --cooked {input.cooked:q} {input.report:q}"
        " --predictions {input.predictions:q} {input.errors:q}"
        " --suffix {wildcards.sequence}"
        " --plan {params.plan}"
        " --sidecar {output:q}"
        " > {log:q} 2>&1"


rule write_meshes:
    input:
        python=environment("formats"),
        code=code("write_meshes.py"),
        frames="shapes/{unseen}/bgeo.json",  # it speaks for the frames beside it
    output:
        "shapes/{unseen}/{sequence}.json",
    log:
        "logs/write_meshes/{unseen}_{sequence}.log",
    wildcard_constraints:
        sequence="ply|vtu",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("write_meshes"),
    shell:
        "{input.python:q} {input.code:q}"
        " --frames {input.frames:q}"
        " --suffix {wildcards.sequence}"
        " --plan {params.plan}"
        " --sidecar {output:q}"
        " > {log:q} 2>&1"


rule write_stage:
    input:
        python=environment("formats"),
        code=code("write_stage.py"),
        frames=lambda wildcards: f"shapes/{PROJECT.stages[wildcards.stage][0]}/bgeo.json",
    output:
        stage="shapes/{stage}.usd",
        sidecar="shapes/{stage}.usd.json",
    log:
        "logs/write_stage/{stage}.log",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("write_stage"),
        kind=lambda wildcards: PROJECT.stages[wildcards.stage][1],
    shell:
        "{input.python:q} {input.code:q}"
        " --frames {input.frames:q}"
        " --kind {params.kind}"
        " --plan {params.plan}"
        " --stage {output.stage:q}"
        " --sidecar {output.sidecar:q}"
        " > {log:q} 2>&1"

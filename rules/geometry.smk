"""source -> geometry/{geometry}, geometry/unseen/{unseen}.geo (or .npz); the source is the generator or a file"""


localrules:
    sample_geometry,
    sample_unseen,


rule sample_geometry:
    input:
        python=environment("cook"),
        code=code("sample_geometry.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        source=lambda wildcards: PROJECT.geometries[wildcards.geometry].files,
    output:
        "geometry/{geometry}",
    log:
        "logs/sample_geometry/{geometry}.log",
    params:
        parameters=as_it_is(PROJECT.parameters),
        generator_digest=PROJECT.generator_digest,
        source_digest=lambda wildcards: PROJECT.geometries[wildcards.geometry].digest,
        primitives=config["geometry"]["count"] or "any",
        seed=config["geometry"]["seed"],
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --parameters {params.parameters:q}"
        " --source {input.source:q}"
        " --count {params.primitives}"
        " --seed {params.seed}"
        " --output {output:q}"
        " > {log:q} 2>&1"


rule sample_unseen:
    input:
        python=environment("cook"),
        code=code("sample_geometry.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        source=lambda wildcards: PROJECT.unseen[wildcards.unseen].files,
    output:
        "geometry/unseen/{unseen}.{suffix}",
    log:
        "logs/sample_unseen/{unseen}_{suffix}.log",
    wildcard_constraints:
        suffix="geo|npz",
    params:
        parameters=as_it_is(PROJECT.parameters),
        generator_digest=PROJECT.generator_digest,
        source_digest=lambda wildcards: PROJECT.unseen[wildcards.unseen].digest,
        primitives=lambda wildcards: PROJECT.unseen[wildcards.unseen].count or "any",
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --unseen {wildcards.unseen:q}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --parameters {params.parameters:q}"
        " --source {input.source:q}"
        " --count {params.primitives}"
        " --output {output:q}"
        " > {log:q} 2>&1"

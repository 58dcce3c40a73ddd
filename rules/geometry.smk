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
        source=lambda wildcards: PROJECT.geometry_files(wildcards.geometry),
    output:
        "geometry/{geometry}",
    log:
        "logs/sample_geometry/{geometry}.log",
    params:
        parameters=lambda wildcards: PROJECT.parameters,  # as it is, braces and all
        generator_digest=PROJECT.generator_digest,
        source=lambda wildcards: PROJECT.geometries[wildcards.geometry],
        source_digest=lambda wildcards: PROJECT.geometry_digest(wildcards.geometry),
        primitives=["--count", config["geometry"]["count"]] if config["geometry"]["count"] else [],
        seed=config["geometry"]["seed"],
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --parameters {params.parameters:q}"
        " --source {params.source:q}"
        " {params.primitives}"
        " --seed {params.seed}"
        " --output {output:q}"
        " > {log:q} 2>&1"


rule sample_unseen:
    input:
        python=environment("cook"),
        code=code("sample_geometry.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        source=lambda wildcards: PROJECT.unseen_files(wildcards.unseen),
    output:
        "geometry/unseen/{unseen}.{suffix}",
    log:
        "logs/sample_unseen/{unseen}_{suffix}.log",
    wildcard_constraints:
        suffix="geo|npz",
    params:
        parameters=lambda wildcards: PROJECT.parameters,  # as it is, braces and all
        generator_digest=PROJECT.generator_digest,
        source=lambda wildcards: PROJECT.unseen_source(wildcards.unseen),
        source_digest=lambda wildcards: PROJECT.unseen_digest(wildcards.unseen),
        primitives=lambda wildcards: config["unseen"][wildcards.unseen].get("count", 0),
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --unseen {wildcards.unseen:q}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --parameters {params.parameters:q}"
        " --source {params.source:q}"
        " --count {params.primitives}"
        " --output {output:q}"
        " > {log:q} 2>&1"

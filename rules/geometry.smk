"""source -> geometry/{name}.geo, geometry/unseen/{unseen}.geo; the source is the generator or a .geo file"""


rule sample_geometry:
    input:
        python=environment("cook"),
        code=code("sample_geometry.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        source=PROJECT.source_files(),
    output:
        f"geometry/{GEOMETRY}.geo",
    log:
        "logs/sample_geometry.log",
    params:
        parameters=lambda wildcards: PROJECT.parameters,  # as it is, braces and all
        generator_digest=PROJECT.generator_digest,
        source=PROJECT.source(),
        source_digest=PROJECT.source_digest(),
        primitives=PROJECT.count(),
        seed=config["geometry"]["seed"],
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --parameters {params.parameters:q}"
        " --source {params.source:q}"
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
        source=lambda wildcards: PROJECT.source_files(wildcards.unseen),
    output:
        "geometry/unseen/{unseen}.geo",
    log:
        "logs/sample_unseen/{unseen}.log",
    params:
        parameters=lambda wildcards: PROJECT.parameters,  # as it is, braces and all
        generator_digest=PROJECT.generator_digest,
        source=lambda wildcards: PROJECT.source(wildcards.unseen),
        source_digest=lambda wildcards: PROJECT.source_digest(wildcards.unseen),
        primitives=lambda wildcards: PROJECT.count(wildcards.unseen),
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

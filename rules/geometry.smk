"""source -> geometry/{geometry} (+ .json), geometry/unseen/{unseen}.{suffix}; the source is the generator or a file"""

from geokiln.storage.suffixes import GEOMETRY


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
        stale=tell_what_is_stale,
    output:
        geometry="geometry/{geometry}",
        sidecar="geometry/{geometry}.json",
    log:
        "logs/sample_geometry/{geometry}.log",
    wildcard_constraints:
        geometry=one_of(name for name, one in PROJECT.geometries.items() if not one.converted),
    params:
        plan=plan_of("sample_geometry"),
        parameters=as_it_is(PROJECT.parameters),
        generator_digest=PROJECT.generator_digest,
        source_digest=lambda wildcards: PROJECT.geometries[wildcards.geometry].digest,
        element=config["work_items"]["element"],
        piece_attribute=config["work_items"]["piece_attribute"],
        elements=config["geometry"]["count"] or "any",
        seed=config["geometry"]["seed"],
    shell:
        "{input.python:q} {input.code:q}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --generator-digest {params.generator_digest}"
        " --parameters {params.parameters:q}"
        " --source {input.source:q}"
        " --source-digest={params.source_digest}"
        " --element {params.element}"
        " --piece-attribute {params.piece_attribute:q}"
        " --count {params.elements}"
        " --seed {params.seed}"
        " --plan {params.plan}"
        " --output {output.geometry:q}"
        " --sidecar {output.sidecar:q}"
        " > {log:q} 2>&1"


rule sample_unseen:
    input:
        python=environment("cook"),
        code=code("sample_geometry.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        source=lambda wildcards: PROJECT.unseen[wildcards.unseen].files,
        stale=tell_what_is_stale,
    output:
        geometry="geometry/unseen/{unseen}.{suffix}",
        sidecar="geometry/unseen/{unseen}.{suffix}.json",
    log:
        "logs/sample_unseen/{unseen}_{suffix}.log",
    wildcard_constraints:
        suffix=one_of(suffix[1:] for suffix in GEOMETRY),
        unseen=one_of(name for name, one in PROJECT.unseen.items() if not one.converted),
    params:
        plan=plan_of("sample_unseen"),
        parameters=as_it_is(PROJECT.parameters),
        generator_digest=PROJECT.generator_digest,
        source_digest=lambda wildcards: PROJECT.unseen[wildcards.unseen].digest,
        element=config["work_items"]["element"],
        piece_attribute=config["work_items"]["piece_attribute"],
        elements=lambda wildcards: PROJECT.unseen[wildcards.unseen].count or "any",
    shell:
        "{input.python:q} {input.code:q}"
        " --unseen {wildcards.unseen:q}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --generator-digest {params.generator_digest}"
        " --parameters {params.parameters:q}"
        " --source {input.source:q}"
        " --source-digest={params.source_digest}"
        " --element {params.element}"
        " --piece-attribute {params.piece_attribute:q}"
        " --count {params.elements}"
        " --plan {params.plan}"
        " --output {output.geometry:q}"
        " --sidecar {output.sidecar:q}"
        " > {log:q} 2>&1"

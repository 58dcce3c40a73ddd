"""A file of another program -> geometry/{geometry} (+ .json), geometry/unseen/{unseen}.{suffix}: .npz, .bgeo"""


localrules:
    convert_geometry,
    convert_unseen,


rule convert_geometry:
    input:
        python=environment("formats"),
        code=code("convert_geometry.py"),
        source=lambda wildcards: PROJECT.geometries[wildcards.geometry].files,
        stale=tell_what_is_stale,
    output:
        geometry="geometry/{geometry}",
        sidecar="geometry/{geometry}.json",
    log:
        "logs/convert_geometry/{geometry}.log",
    wildcard_constraints:
        geometry=one_of(name for name, one in PROJECT.geometries.items() if one.converted),
    params:
        plan=plan_of("convert_geometry"),
        source_digest=lambda wildcards: PROJECT.geometries[wildcards.geometry].digest,
        element=config["work_items"]["element"],
        piece_attribute=config["work_items"]["piece_attribute"],
    shell:
        "{input.python:q} {input.code:q}"
        " --source {input.source:q}"
        " --source-digest {params.source_digest}"
        " --element {params.element}"
        " --piece-attribute {params.piece_attribute:q}"
        " --plan {params.plan}"
        " --output {output.geometry:q}"
        " --sidecar {output.sidecar:q}"
        " > {log:q} 2>&1"


use rule convert_geometry as convert_unseen with:
    input:
        python=environment("formats"),
        code=code("convert_geometry.py"),
        source=lambda wildcards: PROJECT.unseen[wildcards.unseen].files,
        stale=tell_what_is_stale,
    output:
        geometry="geometry/unseen/{unseen}.{suffix}",
        sidecar="geometry/unseen/{unseen}.{suffix}.json",
    log:
        "logs/convert_unseen/{unseen}_{suffix}.log",
    wildcard_constraints:
        unseen=one_of(name for name, one in PROJECT.unseen.items() if one.converted),
        suffix="bgeo|npz",
    params:
        plan=plan_of("convert_unseen"),
        source_digest=lambda wildcards: PROJECT.unseen[wildcards.unseen].digest,

"""wedges/{wedge}/training.json -> wedges.csv, the best first; wedges_on_unseen.json where selection.by is unseen"""


localrules:
    select_wedge,


rule judge_wedges:
    input:
        python=environment("train"),
        code=code("judge_wedges.py"),
        packs=PACKS,
        results=RESULTS,
        weights=WEIGHTS,
        bases=BASES,
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        reports=expand("unseen/{unseen}.json", unseen=PROJECT.judges),
        unseen=ancient(expand("unseen/{unseen}.npz", unseen=PROJECT.judges)),  # their reports speak for them
        script=TRAINING.script,
    output:
        "wedges_on_unseen.json",
    log:
        "logs/judge_wedges.log",
    resources:
        **reserve("other"),
    params:
        own_digest=TRAINING.digest,
    # Wedges may be thousands, too many for a command line: their packs name them.
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --packs {input.packs:q}"
        " --result wedges/{{wedge}}/training.json"
        " --weights wedges/{{wedge}}/weights.safetensors"
        " --basis preprocessed/{{recipe}}/basis.npz"
        " --script {input.script:q}"
        " --unseen {input.unseen:q}"
        " --examples {input.examples:q} {input.sidecar:q}"
        " --output {output:q}"
        " > {log:q} 2>&1"


rule select_wedge:
    input:
        python=environment("train"),
        code=code("select_wedge.py"),
        packs=PACKS,
        results=RESULTS,
        on_unseen=ON_UNSEEN,
    output:
        "wedges.csv",
    log:
        "logs/select_wedge.log",
    params:
        axes=TRAINING.axes,
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --packs {input.packs:q}"
        " --result wedges/{{wedge}}/training.json"
        " --axes {params.axes:q}"
        " --on-unseen {input.on_unseen:q}"
        " --output {output:q}"
        " > {log:q} 2>&1"

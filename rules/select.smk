"""wedges/{wedge}/training.json -> wedges.csv (+ .json), the best first; wedges_on_unseen.json where selection.by is unseen"""


localrules:
    select_wedge,


rule judge_wedges:
    input:
        python=environment("train"),
        code=code("judge_wedges.py"),
        packs=PACKS,
        results=RESULTS,
        weights=ancient(WEIGHTS),  # the results speak for them
        bases=ancient(BASES),
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
        plan=plan_of("judge_wedges"),
        script_digest=TRAINING.script_digest,
    # Wedges may be thousands, too many for a command line: their packs name them.
    shell:
        "{input.python:q} {input.code:q}"
        " --packs {input.packs:q}"
        " --result wedges/{{wedge}}/training.json"
        " --weights wedges/{{wedge}}/weights.safetensors"
        " --basis preprocessed/{{recipe}}/basis.npz"
        " --script {input.script:q}"
        " --script-digest {params.script_digest}"
        " --plan {params.plan}"
        " --unseen {input.unseen:q}"
        " --reports {input.reports:q}"
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
        table="wedges.csv",
        sidecar="wedges.json",
    log:
        "logs/select_wedge.log",
    params:
        plan=plan_of("select_wedge"),
        axes=TRAINING.axes,
    shell:
        "{input.python:q} {input.code:q}"
        " --packs {input.packs:q}"
        " --result wedges/{{wedge}}/training.json"
        " --axes {params.axes:q}"
        " --on-unseen {input.on_unseen:q}"
        " --plan {params.plan}"
        " --output {output.table:q}"
        " --sidecar {output.sidecar:q}"
        " > {log:q} 2>&1"

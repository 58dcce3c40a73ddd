"""preprocessed/{recipe} -> packs/{pack}.json -> wedges/{wedge}/weights.safetensors, ... -> wedges.csv"""


localrules:
    publish_wedge,
    select_wedge,


def pack_data(wildcards):
    """What the wedges of a pack are trained on; side-cars speak for the big files."""
    wedge = PROJECT.training.members(wildcards.pack)[0]
    return {
        "preprocessed": PROJECT.training.preprocessed(wedge, "training.json", "validation.json", "basis.npz"),
        "tables": ancient(PROJECT.training.preprocessed(wedge, "training.raw", "validation.raw")),
    }


# One job trains the wedges of a pack and keeps each in the store, .kept/.
rule train_pack:
    input:
        unpack(pack_data),
        python=environment("train"),
        code=code("train_pack.py"),
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        script=PROJECT.training.script,
        initial_weights=PROJECT.training.initial_weights,
        rung=lambda wildcards: PROJECT.training.rung_before(wildcards.pack),
    output:
        "packs/{pack}.json",
    log:
        "logs/train_pack/{pack}.log",
    benchmark:
        "logs/train_pack/{pack}.tsv"
    threads: config["training"]["threads"]
    resources:
        **reserve("train", lambda wildcards: len(PROJECT.training.members(wildcards.pack))),
    params:
        environment=PROJECT.environment_names["train"],
        pack=lambda wildcards: PROJECT.training.pack_flags(wildcards.pack),
        rung=lambda wildcards: PROJECT.training.rung_flags(wildcards.pack),
        own_digest=PROJECT.training.digest,
    shell:
        "{input.python:q} {input.code[0]:q}"
        " {params.pack:q} {params.rung:q}"
        " --examples {input.examples:q}"
        " --sidecar {input.sidecar:q}"
        " --environment {params.environment}"
        " --output {output:q}"
        " > {log:q} 2>&1"


rule publish_wedge:
    input:
        python=environment("train"),
        code=code("publish_wedge.py"),
        pack=lambda wildcards: PROJECT.training.pack_of(wildcards.wedge),
    output:
        result="wedges/{wedge}/training.json",
        weights="wedges/{wedge}/weights.safetensors",
        losses="wedges/{wedge}/losses.csv",
        snapshots="wedges/{wedge}/snapshots.safetensors",
    log:
        "logs/publish_wedge/{wedge}.log",
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --pack {input.pack:q}"
        " --wedge {wildcards.wedge:q}"
        " --folder wedges/{wildcards.wedge:q}"
        " > {log:q} 2>&1"


# Where selection.by is unseen.
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
        script=PROJECT.training.script,
    output:
        "wedges_on_unseen.json",
    log:
        "logs/judge_wedges.log",
    resources:
        **reserve("other"),
    params:
        own=PROJECT.training.script_flags(),
        own_digest=PROJECT.training.digest,
    shell:
        "{input.python:q} {input.code[0]:q} {params.own:q}"
        " --packs {input.packs:q}"
        " --unseen {input.unseen:q}"
        " --preprocessed preprocessed"
        " --examples {input.examples:q}"
        " --sidecar {input.sidecar:q}"
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
        axes=PROJECT.training.axes,
        on_unseen=["--on-unseen", *ON_UNSEEN] if ON_UNSEEN else [],
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --packs {input.packs:q}"
        " --axes {params.axes:q}"
        " {params.on_unseen:q}"
        " --output {output:q}"
        " > {log:q} 2>&1"

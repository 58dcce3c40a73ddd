"""preprocessed/{recipe} -> packs/{pack}.json -> wedges/{wedge}/weights.safetensors, ... -> wedges.csv -> model.onnx"""


# One job trains the wedges of a pack and keeps each in the store, .kept/.
rule train_pack:
    input:
        python=environment("train"),
        code=code("train_pack.py"),
        preprocessed=lambda wildcards: PROJECT.training.preprocessed(
            PROJECT.training.members(wildcards.pack)[0], "training.json", "validation.json", "basis.npz"
        ),
        sidecar="dataset/examples.json",
        # side-cars speak for the big files
        tables=lambda wildcards: ancient(
            PROJECT.training.preprocessed(
                PROJECT.training.members(wildcards.pack)[0], "training.raw", "validation.raw"
            )
        ),
        examples=ancient("dataset/examples.raw"),
        script=PROJECT.training.script,
        initial_weights=PROJECT.training.initial_weights,
    output:
        "packs/{pack}.json",
    log:
        "logs/train_pack/{pack}.log",
    benchmark:
        "logs/train_pack/{pack}.tsv"
    threads: config["training"]["threads"]
    params:
        environment=PROJECT.environment_names["train"],
        pack=lambda wildcards: PROJECT.training.pack_flags(wildcards.pack),
        own_digest=PROJECT.training.digest,
    shell:
        "{input.python:q} {input.code[0]:q}"
        " {params.pack:q}"
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


rule select_wedge:
    input:
        python=environment("train"),
        code=code("select_wedge.py"),
        packs=PACKS,
        results=RESULTS,
    output:
        "wedges.csv",
    log:
        "logs/select_wedge.log",
    params:
        axes=PROJECT.training.axes,
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --packs {input.packs:q}"
        " --axes {params.axes:q}"
        " --output {output:q}"
        " > {log:q} 2>&1"


rule export_model:
    input:
        python=environment("train"),
        code=code("export_model.py"),
        ranking="wedges.csv",
        results=RESULTS,
        weights=WEIGHTS,
        bases=BASES,
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        script=PROJECT.training.script,
        losses=losses("model.onnx", BEFORE_MODEL, [*RESULTS, *WEIGHTS, *BASES, "wedges.csv", "dataset/examples.json"]),
    output:
        "model.onnx",
    log:
        "logs/export_model.log",
    params:
        own=PROJECT.training.script_flags(),
        own_digest=PROJECT.training.digest,
    shell:
        "{input.python:q} {input.code[0]:q} {params.own:q}"
        " --ranking {input.ranking:q}"
        " --preprocessed preprocessed"
        " --examples {input.examples:q}"
        " --sidecar {input.sidecar:q}"
        " --output {output:q}"
        " > {log:q} 2>&1"


rule export_wedge:
    input:
        python=environment("train"),
        code=code("export_model.py"),
        result="wedges/{wedge}/training.json",
        weights="wedges/{wedge}/weights.safetensors",
        basis=lambda wildcards: PROJECT.training.preprocessed(wildcards.wedge, "basis.npz"),
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        script=PROJECT.training.script,
    output:
        "wedges/{wedge}/model.onnx",
    log:
        "logs/export_wedge/{wedge}.log",
    params:
        own=PROJECT.training.script_flags(),
        own_digest=PROJECT.training.digest,
    shell:
        "{input.python:q} {input.code[0]:q} {params.own:q}"
        " --wedge {wildcards.wedge:q}"
        " --preprocessed preprocessed"
        " --examples {input.examples:q}"
        " --sidecar {input.sidecar:q}"
        " --output {output:q}"
        " > {log:q} 2>&1"


# The model as it was after an epoch, of those that training.snapshots keeps.
use rule export_wedge as export_epoch with:
    input:
        python=environment("train"),
        code=code("export_model.py"),
        result="wedges/{wedge}/training.json",
        snapshots="wedges/{wedge}/snapshots.safetensors",
        basis=lambda wildcards: PROJECT.training.preprocessed(wildcards.wedge, "basis.npz"),
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        script=PROJECT.training.script,
    output:
        "wedges/{wedge}/epoch-{epoch}.onnx",
    log:
        "logs/export_epoch/{wedge}_{epoch}.log",
    params:
        own=lambda wildcards: [*PROJECT.training.script_flags(), "--epoch", wildcards.epoch],
        own_digest=PROJECT.training.digest,

"""preprocessed/{recipe} -> wedges/{wedge}/weights.safetensors, training.json, ... -> wedges.csv -> model.onnx"""


rule train_wedge:
    input:
        python=environment("train"),
        code=code("train_wedge.py"),
        preprocessed=lambda wildcards: PROJECT.training.preprocessed(
            wildcards.wedge, "training.json", "validation.json", "basis.npz"
        ),
        sidecar="dataset/examples.json",
        # side-cars speak for the big files
        tables=lambda wildcards: [
            ancient(file) for file in PROJECT.training.preprocessed(wildcards.wedge, "training.raw", "validation.raw")
        ],
        examples=ancient("dataset/examples.raw"),
        script=PROJECT.training.script,
        initial_weights=PROJECT.training.initial_weights,
    output:
        result="wedges/{wedge}/training.json",
        weights="wedges/{wedge}/weights.safetensors",
        losses="wedges/{wedge}/losses.csv",
        snapshots="wedges/{wedge}/snapshots.safetensors",
    log:
        "logs/train_wedge/{wedge}.log",
    benchmark:
        "logs/train_wedge/{wedge}.tsv"
    threads: config["training"]["threads"]
    params:
        environment=PROJECT.environment_names["train"],
        settings=lambda wildcards: PROJECT.training.settings_of(wildcards.wedge),
        own=lambda wildcards: PROJECT.training.flags(wildcards.wedge),
        preprocessed=lambda wildcards: f"preprocessed/{PROJECT.training.recipe_of(wildcards.wedge)}",
        own_digest=PROJECT.training.digest,
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --preprocessed {params.preprocessed:q}"
        " --examples {input.examples:q}"
        " --sidecar {input.sidecar:q}"
        " --settings {params.settings:q}"
        " {params.own:q}"
        " --environment {params.environment}"
        " --folder wedges/{wildcards.wedge:q}"
        " > {log:q} 2>&1"


rule select_wedge:
    input:
        python=environment("train"),
        code=code("select_wedge.py"),
        results=RESULTS,
    output:
        "wedges.csv",
    log:
        "logs/select_wedge.log",
    params:
        axes=PROJECT.training.axes,
    shell:
        "{input.python:q} {input.code[0]:q}"
        " {input.results:q}"
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

"""wedges.csv, wedges/{wedge}/weights.safetensors -> model.onnx; wedges/{wedge}/model.onnx, epoch-{epoch}.onnx"""


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
    resources:
        **reserve("other"),
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
    resources:
        **reserve("other"),
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

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
        script=TRAINING.script,
        lost=lost_before(
            "model.onnx", BEFORE_MODEL, [*RESULTS, *WEIGHTS, *BASES, "wedges.csv", "dataset/examples.json"]
        ),
    output:
        "model.onnx",
    log:
        "logs/export_model.log",
    resources:
        **reserve("other"),
    params:
        own_digest=TRAINING.digest,
        lost=LOST.times("model.onnx"),
    # Which wedge is the first of the ranking is known only now.
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --ranking {input.ranking:q}"
        " --result wedges/{{wedge}}/training.json"
        " --weights wedges/{{wedge}}/weights.safetensors"
        " --basis preprocessed/{{recipe}}/basis.npz"
        " --script {input.script:q}"
        " --examples {input.examples:q} {input.sidecar:q}"
        " --output {output:q}"
        " > {log:q} 2>&1"


rule export_wedge:
    input:
        python=environment("train"),
        code=code("export_model.py"),
        result="wedges/{wedge}/training.json",
        weights="wedges/{wedge}/weights.safetensors",
        basis=preprocessed("basis.npz"),
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        script=TRAINING.script,
    output:
        "wedges/{wedge}/model.onnx",
    log:
        "logs/export_wedge/{wedge}.log",
    resources:
        **reserve("other"),
    params:
        epoch="chosen",
        own_digest=TRAINING.digest,
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --wedge {wildcards.wedge:q}"
        " --epoch {params.epoch}"
        " --result {input.result:q}"
        " --weights {input.weights:q}"
        " --basis {input.basis:q}"
        " --script {input.script:q}"
        " --examples {input.examples:q} {input.sidecar:q}"
        " --output {output:q}"
        " > {log:q} 2>&1"


# The model as it was after an epoch, of those that training.snapshots keeps.
use rule export_wedge as export_epoch with:
    input:
        python=environment("train"),
        code=code("export_model.py"),
        result="wedges/{wedge}/training.json",
        weights="wedges/{wedge}/snapshots.safetensors",
        basis=preprocessed("basis.npz"),
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        script=TRAINING.script,
    output:
        "wedges/{wedge}/epoch-{epoch}.onnx",
    log:
        "logs/export_epoch/{wedge}_{epoch}.log",
    params:
        epoch="{epoch}",

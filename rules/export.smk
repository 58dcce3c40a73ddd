"""wedges.csv, wedges/{wedge}/weights.safetensors -> model.onnx (+ .json); wedges/{wedge}/model.onnx, epoch-{epoch}.onnx"""


rule export_model:
    input:
        python=environment("train"),
        code=code("export_model.py"),
        sidecar_of_ranking="wedges.json",
        ranking=ancient("wedges.csv"),
        results=ancient(RESULTS),  # the ranking speaks for them
        weights=ancient(WEIGHTS),
        bases=ancient(BASES),
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        script=TRAINING.script,
    output:
        model="model.onnx",
        about="model.json",
    log:
        "logs/export_model.log",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("export_model"),
        gives="targets",
        script_digest=TRAINING.script_digest,
    # Which wedge is the first of the ranking is known only now.
    shell:
        "{input.python:q} {input.code:q}"
        " --ranking {input.ranking:q} {input.sidecar_of_ranking:q}"
        " --result wedges/{{wedge}}/training.json"
        " --weights wedges/{{wedge}}/weights.safetensors"
        " --basis preprocessed/{{recipe}}/basis.npz"
        " --script {input.script:q}"
        " --script-digest {params.script_digest}"
        " --examples {input.examples:q} {input.sidecar:q}"
        " --gives {params.gives}"
        " --plan {params.plan}"
        " --output {output.model:q}"
        " --about {output.about:q}"
        " > {log:q} 2>&1"


rule export_wedge:
    input:
        python=environment("train"),
        code=code("export_model.py"),
        result="wedges/{wedge}/training.json",
        weights=ancient("wedges/{wedge}/weights.safetensors"),
        basis=ancient(preprocessed("basis.npz")),
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        script=TRAINING.script,
    output:
        model="wedges/{wedge}/model.onnx",
        about="wedges/{wedge}/model.json",
    log:
        "logs/export_wedge/{wedge}.log",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("export_wedge"),
        epoch="chosen",
        gives="targets",
        script_digest=TRAINING.script_digest,
    shell:
        "{input.python:q} {input.code:q}"
        " --wedge {wildcards.wedge:q}"
        " --epoch {params.epoch}"
        " --result {input.result:q}"
        " --weights {input.weights:q}"
        " --basis {input.basis:q}"
        " --script {input.script:q}"
        " --script-digest {params.script_digest}"
        " --examples {input.examples:q} {input.sidecar:q}"
        " --gives {params.gives}"
        " --plan {params.plan}"
        " --output {output.model:q}"
        " --about {output.about:q}"
        " > {log:q} 2>&1"


# The model as it was after an epoch, of those that training.snapshots keeps.
use rule export_wedge as export_epoch with:
    input:
        python=environment("train"),
        code=code("export_model.py"),
        result="wedges/{wedge}/training.json",
        weights=ancient("wedges/{wedge}/snapshots.safetensors"),
        basis=ancient(preprocessed("basis.npz")),
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        script=TRAINING.script,
    output:
        model="wedges/{wedge}/epoch-{epoch}.onnx",
        about="wedges/{wedge}/epoch-{epoch}.json",
    log:
        "logs/export_epoch/{wedge}_{epoch}.log",
    params:
        plan=plan_of("export_epoch"),
        epoch="{epoch}",

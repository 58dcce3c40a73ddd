"""preprocessed/base -> wedges/{wedge}/weights.safetensors, training.json -> wedges.csv -> model.onnx"""


rule train_wedge:
    input:
        python=environment("train"),
        code=code("train_wedge.py"),
        training="preprocessed/base/training.json",
        validation="preprocessed/base/validation.json",
        basis=BASIS,
        sidecar="dataset/examples.json",
        # side-cars speak for the big files
        tables=ancient(expand("preprocessed/base/{split}.raw", split=["training", "validation"])),
        examples=ancient("dataset/examples.raw"),
    output:
        weights="wedges/{wedge}/weights.safetensors",
        result="wedges/{wedge}/training.json",
    log:
        "logs/train_wedge/{wedge}.log",
    benchmark:
        "logs/train_wedge/{wedge}.tsv"
    params:
        environment=PROJECT.environment_names["train"],
        settings=lambda wildcards: PROJECT.training_settings(wildcards.wedge),
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --preprocessed preprocessed/base"
        " --examples {input.examples:q}"
        " --sidecar {input.sidecar:q}"
        " --settings {params.settings:q}"
        " --environment {params.environment}"
        " --weights {output.weights:q}"
        " --result {output.result:q}"
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
        axes=sorted(config["wedges"]),
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
        basis=BASIS,
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        losses=losses("model.onnx", BEFORE_MODEL, [*RESULTS, *WEIGHTS, BASIS, "wedges.csv", "dataset/examples.json"]),
    output:
        "model.onnx",
    log:
        "logs/export_model.log",
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --ranking {input.ranking:q}"
        " --basis {input.basis:q}"
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
        basis=BASIS,
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
    output:
        "wedges/{wedge}/model.onnx",
    log:
        "logs/export_wedge/{wedge}.log",
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --wedge {wildcards.wedge:q}"
        " --basis {input.basis:q}"
        " --examples {input.examples:q}"
        " --sidecar {input.sidecar:q}"
        " --output {output:q}"
        " > {log:q} 2>&1"

"""The model in two parts, on request: model_weights.onnx (inputs -> coefficients), and what they are weights of"""


use rule export_model as export_weights with:
    output:
        model="model_weights.onnx",
        about="model_weights.json",
    log:
        "logs/export_weights.log",
    params:
        plan=plan_of("export_weights"),
        gives="coefficients",


use rule export_wedge as export_wedge_weights with:
    output:
        model="wedges/{wedge}/model_weights.onnx",
        about="wedges/{wedge}/model_weights.json",
    log:
        "logs/export_wedge_weights/{wedge}.log",
    params:
        plan=plan_of("export_wedge_weights"),
        gives="coefficients",


rule export_basis:
    input:
        python=environment("train"),
        code=code("export_basis.py"),
        sidecar_of_ranking="wedges.json",
        ranking=ancient("wedges.csv"),
        results=ancient(RESULTS),
        bases=ancient(BASES),
        sidecar="dataset/examples.json",
    output:
        shapes="basis/{target}.geo",
        about="basis/{target}.json",
    log:
        "logs/export_basis/{target}.log",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("export_basis"),
    shell:
        "{input.python:q} {input.code:q}"
        " --ranking {input.ranking:q} {input.sidecar_of_ranking:q}"
        " --result wedges/{{wedge}}/training.json"
        " --basis preprocessed/{{recipe}}/basis.npz"
        " --examples {input.sidecar:q}"
        " --target {wildcards.target:q}"
        " --plan {params.plan}"
        " --output {output.shapes:q}"
        " --about {output.about:q}"
        " > {log:q} 2>&1"


rule export_wedge_basis:
    input:
        python=environment("train"),
        code=code("export_basis.py"),
        result="wedges/{wedge}/training.json",
        basis=ancient(preprocessed("basis.npz")),
        sidecar="dataset/examples.json",
    output:
        shapes="wedges/{wedge}/basis/{target}.geo",
        about="wedges/{wedge}/basis/{target}.json",
    log:
        "logs/export_wedge_basis/{wedge}_{target}.log",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("export_wedge_basis"),
    shell:
        "{input.python:q} {input.code:q}"
        " --wedge {wildcards.wedge:q}"
        " --result {input.result:q}"
        " --basis {input.basis:q}"
        " --examples {input.sidecar:q}"
        " --target {wildcards.target:q}"
        " --plan {params.plan}"
        " --output {output.shapes:q}"
        " --about {output.about:q}"
        " > {log:q} 2>&1"

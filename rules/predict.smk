"""model.onnx + unseen/{unseen}.npz -> predictions/{unseen}.npz (+ .json) -> predictions/all.npz, errors.csv"""


localrules:
    merge_predictions,


rule predict:
    input:
        python=environment("predict"),
        code=code("predict.py"),
        about="model.json",
        model=ancient("model.onnx"),
        report="unseen/{unseen}.json",
        unseen=ancient("unseen/{unseen}.npz"),  # its report speaks for it
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
    output:
        predictions="predictions/{unseen}.npz",
        errors="predictions/{unseen}.json",
    log:
        "logs/predict/{unseen}.log",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("predict"),
    shell:
        "{input.python:q} {input.code:q}"
        " --model {input.model:q} {input.about:q}"
        " --unseen {input.unseen:q}"
        " --cook-report {input.report:q}"
        " --examples {input.examples:q} {input.sidecar:q}"
        " --plan {params.plan}"
        " --predictions {output.predictions:q}"
        " --errors {output.errors:q}"
        " > {log:q} 2>&1"


# Predictions of any wedge, when asked for.
use rule predict as predict_wedge with:
    input:
        python=environment("predict"),
        code=code("predict.py"),
        about="wedges/{wedge}/model.json",
        model=ancient("wedges/{wedge}/model.onnx"),
        report="unseen/{unseen}.json",
        unseen=ancient("unseen/{unseen}.npz"),
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
    output:
        predictions="wedges/{wedge}/predictions/{unseen}.npz",
        errors="wedges/{wedge}/predictions/{unseen}.json",
    log:
        "logs/predict_wedge/{wedge}_{unseen}.log",
    params:
        plan=plan_of("predict_wedge"),


rule merge_predictions:
    input:
        python=environment("predict"),
        code=code("merge_predictions.py"),
        predictions=ancient(expand("predictions/{unseen}.npz", unseen=UNSEEN)),  # their errors speak for them
        errors=expand("predictions/{unseen}.json", unseen=UNSEEN),
    output:
        predictions="predictions/all.npz",
        errors="predictions/errors.csv",
        sidecar="predictions/all.json",
    log:
        "logs/merge_predictions.log",
    params:
        plan=plan_of("merge_predictions"),
        order=UNSEEN,  # of the rows; inputs are compared as a set
    shell:
        "{input.python:q} {input.code:q}"
        " --predictions {input.predictions:q}"
        " --judged {input.errors:q}"
        " --output {output.predictions:q}"
        " --errors {output.errors:q}"
        " --plan {params.plan}"
        " --sidecar {output.sidecar:q}"
        " > {log:q} 2>&1"


rule write_table:
    input:
        python=environment("formats"),
        code=code("write_table.py"),
        report="unseen/{unseen}.json",
        cooked=ancient("unseen/{unseen}.npz"),
        errors="predictions/{unseen}.json",
        predictions=ancient("predictions/{unseen}.npz"),
    output:
        table="predictions/{unseen}.{table}",
        sidecar="predictions/{unseen}.{table}.json",
    log:
        "logs/write_table/{unseen}_{table}.log",
    wildcard_constraints:
        unseen="|".join(name for name in UNSEEN if name != "errors") or "none",  # errors.csv is of all of them
        table="csv|parquet",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("write_table"),
    shell:
        "{input.python:q} {input.code:q}"
        " --cooked {input.cooked:q} {input.report:q}"
        " --predictions {input.predictions:q} {input.errors:q}"
        " --plan {params.plan}"
        " --table {output.table:q}"
        " --sidecar {output.sidecar:q}"
        " > {log:q} 2>&1"

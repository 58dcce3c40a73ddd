"""model.onnx + unseen/{unseen}.npz -> predictions/{unseen}.npz (+ .json) -> predictions/all.npz, errors.csv"""


localrules:
    merge_predictions,


rule predict:
    input:
        python=environment("predict"),
        code=code("predict.py"),
        model="model.onnx",
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
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --model {input.model:q}"
        " --unseen {input.unseen:q}"
        " --cook-report {input.report:q}"
        " --examples {input.examples:q} {input.sidecar:q}"
        " --predictions {output.predictions:q}"
        " --errors {output.errors:q}"
        " > {log:q} 2>&1"


# Predictions of any wedge, when asked for.
use rule predict as predict_wedge with:
    input:
        python=environment("predict"),
        code=code("predict.py"),
        model="wedges/{wedge}/model.onnx",
        report="unseen/{unseen}.json",
        unseen=ancient("unseen/{unseen}.npz"),
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
    output:
        predictions="wedges/{wedge}/predictions/{unseen}.npz",
        errors="wedges/{wedge}/predictions/{unseen}.json",
    log:
        "logs/predict_wedge/{wedge}_{unseen}.log",


rule merge_predictions:
    input:
        python=environment("predict"),
        code=code("merge_predictions.py"),
        predictions=expand("predictions/{unseen}.npz", unseen=UNSEEN),
        errors=expand("predictions/{unseen}.json", unseen=UNSEEN),
        lost=lost_before("predictions/all.npz", BEFORE_PREDICTIONS, [*PREDICTIONS, "predictions/errors.csv"]),
    output:
        predictions="predictions/all.npz",
        errors="predictions/errors.csv",
    log:
        "logs/merge_predictions.log",
    params:
        order=UNSEEN,  # of the rows; inputs are compared as a set
        lost=LOST.times("predictions/all.npz"),
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --predictions {input.predictions:q}"
        " --judged {input.errors:q}"
        " --output {output.predictions:q}"
        " --errors {output.errors:q}"
        " > {log:q} 2>&1"

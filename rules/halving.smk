"""Successive halving: rungs/{rung}/{pack}.json, wedges after so many epochs -> rungs/{rung}.json, those that go on"""


localrules:
    select_rung,


# As train_pack, for the first epochs alone, and of those wedges that the rung before chose.
use rule train_pack as train_rung with:
    input:
        python=environment("train"),
        code=code("train_pack.py"),
        training=preprocessed("training.json"),
        training_rows=ancient(preprocessed("training.raw")),
        validation=preprocessed("validation.json"),
        validation_rows=ancient(preprocessed("validation.raw")),
        basis=ancient(preprocessed("basis.npz")),
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        script=TRAINING.script,
        initial_weights=TRAINING.initial_weights,
        earlier=pack_at_the_rung_before,
        chosen=rung_before,
    output:
        "rungs/{rung}/{pack}.json",
    log:
        "logs/train_rung/{rung}_{pack}.log",
    benchmark:
        "logs/train_rung/{rung}_{pack}.tsv"
    params:
        plan=plan_of("train_rung"),
        until="{rung}",


rule select_rung:
    input:
        python=environment("train"),
        code=code("select_rung.py"),
        packs=expand("rungs/{{rung}}/{pack}.json", pack=TRAINING.packs),
    output:
        "rungs/{rung}.json",
    log:
        "logs/select_rung/{rung}.log",
    params:
        plan=plan_of("select_rung"),
        eta=config["selection"]["eta"],
    shell:
        "{input.python:q} {input.code:q}"
        " --packs {input.packs:q}"
        " --epochs {wildcards.rung}"
        " --eta {params.eta}"
        " --plan {params.plan}"
        " --output {output:q}"
        " > {log:q} 2>&1"

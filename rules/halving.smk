"""Successive halving: rungs/{rung}/{pack}.json, wedges after so many epochs -> rungs/{rung}.json, those that go on"""


localrules:
    select_rung,


# As train_pack, for the first epochs alone, and of those wedges that the rung before chose.
use rule train_pack as train_rung with:
    input:
        unpack(pack_data),
        python=environment("train"),
        code=code("train_pack.py"),
        sidecar="dataset/examples.json",
        examples=ancient("dataset/examples.raw"),
        script=PROJECT.training.script,
        initial_weights=PROJECT.training.initial_weights,
        rung=lambda wildcards: PROJECT.training.rung_before(wildcards.pack, int(wildcards.rung)),
    output:
        "rungs/{rung}/{pack}.json",
    log:
        "logs/train_rung/{rung}_{pack}.log",
    benchmark:
        "logs/train_rung/{rung}_{pack}.tsv"
    params:
        environment=PROJECT.environment_names["train"],
        pack=lambda wildcards: PROJECT.training.pack_flags(wildcards.pack),
        rung=lambda wildcards: PROJECT.training.rung_flags(wildcards.pack, int(wildcards.rung)),
        own_digest=PROJECT.training.digest,


rule select_rung:
    input:
        python=environment("train"),
        code=code("select_rung.py"),
        packs=expand("rungs/{{rung}}/{pack}.json", pack=PROJECT.training.packs),
    output:
        "rungs/{rung}.json",
    log:
        "logs/select_rung/{rung}.log",
    params:
        eta=config["halving"]["eta"],
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --packs {input.packs:q}"
        " --epochs {wildcards.rung}"
        " --eta {params.eta}"
        " --output {output:q}"
        " > {log:q} 2>&1"

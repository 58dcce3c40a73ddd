"""preprocessed/{recipe} -> packs/{pack}.json -> wedges/{wedge}/weights.safetensors, training.json, ..."""


localrules:
    publish_wedge,


def pack_at_the_rung_before(wildcards):
    """With successive halving: what the pack came to at the rung that it goes on from."""
    rung = TRAINING.rung_before(wildcards.pack, wildcards.get("rung") and int(wildcards.rung))
    return f"rungs/{rung}/{wildcards.pack}.json" if rung else []


def rung_before(wildcards):
    """The decision at that rung: which wedges go on."""
    rung = TRAINING.rung_before(wildcards.pack, wildcards.get("rung") and int(wildcards.rung))
    return f"rungs/{rung}.json" if rung else []


# One job trains the wedges of a pack and keeps each in the store, .kept/. Sidecars speak for the big files.
rule train_pack:
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
        "packs/{pack}.json",
    log:
        "logs/train_pack/{pack}.log",
    benchmark:
        "logs/train_pack/{pack}.tsv"
    threads: config["training"]["threads"]
    resources:
        **reserve("train", lambda wildcards: len(TRAINING.members(wildcards.pack))),
    params:
        plan=plan_of("train_pack"),
        environment=PROJECT.environment_names["train"],
        settings=as_it_is(TRAINING.settings_json()),
        wedges=lambda wildcards: TRAINING.values_json(wildcards.pack),
        recipe=recipe_of,
        recipe_settings=lambda wildcards: TRAINING.recipe_json(recipe_of(wildcards)),
        until="end",
        own_digest=TRAINING.digest,
    shell:
        "{input.python:q} {input.code:q}"
        " --training {input.training_rows:q} {input.training:q}"
        " --validation {input.validation_rows:q} {input.validation:q}"
        " --basis {input.basis:q}"
        " --examples {input.examples:q} {input.sidecar:q}"
        " --settings {params.settings:q}"
        " --wedges {params.wedges:q}"
        " --recipe {params.recipe:q} {params.recipe_settings:q}"
        " --script {input.script:q}"
        " --initial-weights {input.initial_weights:q}"
        " --own-digest {params.own_digest}"
        " --environment {params.environment}"
        " --earlier {input.earlier:q}"
        " --chosen {input.chosen:q}"
        " --until {params.until}"
        " --plan {params.plan}"
        " --output {output:q}"
        " > {log:q} 2>&1"


rule publish_wedge:
    input:
        python=environment("train"),
        code=code("publish_wedge.py"),
        pack=lambda wildcards: TRAINING.pack_of(wildcards.wedge),
    output:
        result="wedges/{wedge}/training.json",
        weights="wedges/{wedge}/weights.safetensors",
        losses="wedges/{wedge}/losses.csv",
        snapshots="wedges/{wedge}/snapshots.safetensors",
    log:
        "logs/publish_wedge/{wedge}.log",
    params:
        plan=plan_of("publish_wedge"),
    shell:
        "{input.python:q} {input.code:q}"
        " --pack {input.pack:q}"
        " --wedge {wildcards.wedge:q}"
        " --result {output.result:q}"
        " --weights {output.weights:q}"
        " --losses {output.losses:q}"
        " --snapshots {output.snapshots:q}"
        " --plan {params.plan}"
        " > {log:q} 2>&1"

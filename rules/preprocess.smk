"""dataset -> preprocessed/{recipe}/: training and validation split, standardised, targets compressed, and the way back"""


def recipe_of(wildcards):
    """The name of the preprocessing that a wedge, or all wedges of a pack, are trained on."""
    return TRAINING.recipe_of(wildcards.get("wedge") or TRAINING.members(wildcards.pack)[0])


def preprocessed(name):
    """A file of that preprocessing."""
    return lambda wildcards: f"preprocessed/{recipe_of(wildcards)}/{name}"


rule preprocess:
    input:
        python=environment("train"),
        code=code("preprocess.py"),
        sidecar="dataset/examples.json",
        ids=ancient("dataset/examples.ids"),  # the sidecar speaks for both
        examples=ancient("dataset/examples.raw"),
    output:
        training=multiext("preprocessed/{recipe}/training", ".raw", ".json"),
        validation=multiext("preprocessed/{recipe}/validation", ".raw", ".json"),
        basis="preprocessed/{recipe}/basis.npz",
    log:
        "logs/preprocess/{recipe}.log",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("preprocess"),
        environment=PROJECT.environment_names["train"],
        settings=lambda wildcards: TRAINING.recipe_json(wildcards.recipe),
    shell:
        "{input.python:q} {input.code:q}"
        " --raw {input.examples:q}"
        " --sidecar {input.sidecar:q}"
        " --ids {input.ids:q}"
        " --environment {params.environment}"
        " --settings {params.settings:q}"
        " --plan {params.plan}"
        " --training {output.training:q}"
        " --validation {output.validation:q}"
        " --basis {output.basis:q}"
        " > {log:q} 2>&1"

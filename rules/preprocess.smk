"""dataset -> preprocessed/{recipe}/: training and validation split, standardised, targets compressed, and the way back"""


rule preprocess:
    input:
        python=environment("train"),
        code=code("preprocess.py"),
        sidecar="dataset/examples.json",
        ids="dataset/examples.ids",
        examples=ancient("dataset/examples.raw"),  # its side-car speaks for it
    output:
        training=multiext("preprocessed/{recipe}/training", ".raw", ".json"),
        validation=multiext("preprocessed/{recipe}/validation", ".raw", ".json"),
        basis="preprocessed/{recipe}/basis.npz",
    log:
        "logs/preprocess/{recipe}.log",
    resources:
        **reserve("other"),
    params:
        environment=PROJECT.environment_names["train"],
        settings=lambda wildcards: PROJECT.training.recipe_flags(wildcards.recipe),
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --raw {input.examples:q}"
        " --ids {input.ids:q}"
        " --sidecar {input.sidecar:q}"
        " --environment {params.environment}"
        " {params.settings:q}"
        " --folder preprocessed/{wildcards.recipe:q}"
        " > {log:q} 2>&1"

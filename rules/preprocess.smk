"""dataset -> preprocessed/base/: training and validation split, standardised, targets compressed, and the way back"""


rule preprocess:
    input:
        python=environment("train"),
        code=code("preprocess.py"),
        sidecar="dataset/examples.json",
        ids="dataset/examples.ids",
        examples=ancient("dataset/examples.raw"),  # its side-car speaks for it
    output:
        training=expand("preprocessed/base/training.{suffix}", suffix=["raw", "json"]),
        validation=expand("preprocessed/base/validation.{suffix}", suffix=["raw", "json"]),
        basis="preprocessed/base/basis.npz",
    log:
        "logs/preprocess.log",
    params:
        environment=PROJECT.environment_names["train"],
        validation_share=config["preprocess"]["validation_share"],
        test_share=config["preprocess"]["test_share"],
        split_seed=config["preprocess"]["split_seed"],
        standardise_inputs=int(config["preprocess"]["standardise_inputs"]),
        target_components=config["preprocess"]["target_components"],
        target_weights=lambda wildcards: PROJECT.training.target_weights,
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --raw {input.examples:q}"
        " --ids {input.ids:q}"
        " --sidecar {input.sidecar:q}"
        " --environment {params.environment}"
        " --validation-share {params.validation_share}"
        " --test-share {params.test_share}"
        " --split-seed {params.split_seed}"
        " --standardise-inputs {params.standardise_inputs}"
        " --target-components {params.target_components}"
        " --target-weights {params.target_weights:q}"
        " --folder preprocessed/base"
        " > {log:q} 2>&1"

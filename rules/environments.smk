"""envs/*.txt -> virtualenvs, each in a folder named after its requirements and interpreter"""


envvars:
    "GEOKILN_PYTHON",  # set in common.smk: Snakemake's own interpreter, which has virtualenv


localrules:
    build_environment,


rule build_environment:
    output:
        python=os.path.join(PROJECT.environments, "{environment}", "python"),
    log:
        "logs/build_environment/{environment}.log",
    wildcard_constraints:
        # One that is there is a plain file to this project: another one may have made it.
        environment="|".join(PROJECT.missing_environments()) or "none",
    params:
        # No input: the folder's name carries all that counts, so a comment in the requirements rebuilds nothing.
        script=os.path.join(CHECKOUT, "scripts/build_environment.py"),
        requirements=lambda wildcards: PROJECT.requirements[wildcards.environment.split("-")[0]],
        interpreter=config["environments"]["python"],
    shell:
        '"$GEOKILN_PYTHON" {params.script:q}'
        " --requirements {params.requirements:q}"
        " --interpreter {params.interpreter:q}"
        " --python {output.python:q}"
        " > {log:q} 2>&1"

"""environments: of the config -> virtualenvs, each in a folder named after all that it depends on"""

from geokiln.planning.mending import mend_environments


envvars:
    "GEOKILN_PYTHON",  # set in common.smk: Snakemake's own interpreter, which has virtualenv


localrules:
    build_environment,
    take_environment,


if workflow.is_main_process:  # before a job fails on what was deleted from one
    mend_environments(PROJECT, LOOKS)


def environment_plan(name):
    """What the config says of the environment in the folder {environment}, by name."""
    return lambda wildcards: getattr(PROJECT.environment_in(wildcards.environment), name)


rule build_environment:
    output:
        python=os.path.join(PROJECT.environments, "{environment}", "python"),
    log:
        "logs/build_environment/{environment}.log",
    wildcard_constraints:
        # One that is there is a plain file to this project: another one may have made it.
        environment=one_of(PROJECT.missing_environments()),
    params:
        # No input: the folder's name carries all that counts, so a comment in the requirements rebuilds nothing.
        script=os.path.join(CHECKOUT, "scripts/build_environment.py"),
        interpreter=environment_plan("interpreter"),
        requirements=environment_plan("requirements"),
        packages=environment_plan("packages"),
        modules=environment_plan("modules"),
        wheels=PROJECT.wheels,
    shell:
        '"$GEOKILN_PYTHON" {params.script:q}'
        " --interpreter {params.interpreter:q}"
        " --requirements {params.requirements:q}"
        " --packages {params.packages:q}"
        " --modules {params.modules:q}"
        " --wheels {params.wheels:q}"
        " --python {output.python:q}"
        " > {log:q} 2>&1"


# One that is there already is taken as it is: what is made is the way to it.
rule take_environment:
    output:
        python=".kept/environments/{environment}/python",
    log:
        "logs/take_environment/{environment}.log",
    wildcard_constraints:
        environment=one_of(PROJECT.missing_environments(taken=True)),
    params:
        script=os.path.join(CHECKOUT, "scripts/take_environment.py"),
        interpreter=environment_plan("interpreter"),
    shell:
        '"$GEOKILN_PYTHON" {params.script:q}'
        " --interpreter {params.interpreter:q}"
        " --python {output.python:q}"
        " > {log:q} 2>&1"

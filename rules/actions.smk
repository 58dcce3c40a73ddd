"""What is asked for by a name that is no file: accept, recook, check_cooked"""


localrules:
    accept,
    recook,
    check_cooked,


# An edit of the generator that is declared harmless: what was cooked before it still counts.
rule accept:
    input:
        python=environment("cook"),
        code=code("accept.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        recook=RECOOK,
    log:
        "logs/accept.log",
    params:
        environment=PROJECT.environment_names["cook"],
    shell:
        "{input.python:q} {input.code:q}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --environment {params.environment}"
        " --recook {input.recook:q}"
        " 2>&1 | tee {log:q}"


# What was cooked before counts no more: the next request cooks everything anew.
rule recook:
    input:
        python=environment("cook"),
        code=code("recook.py"),
    log:
        "logs/recook.log",
    shell:
        "{input.python:q} {input.code:q} 2>&1 | tee {log:q}"


# Which items a request would have to cook: none of them is cooked.
rule check_cooked:
    input:
        python=environment("cook"),
        code=code("check_cooked.py"),
        generator=PROJECT.generator,
        generator_inputs=PROJECT.generator_inputs,
        recook=RECOOK,
        table="work_items/items.npz",
    log:
        "logs/check_cooked.log",
    params:
        parameters=as_it_is(PROJECT.parameters),
        command=as_it_is(PROJECT.command),
        environment=PROJECT.environment_names["cook"],
    shell:
        "{input.python:q} {input.code:q}"
        " --items {input.table:q}"
        " --generator {input.generator[0]:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --parameters {params.parameters:q}"
        " --command {params.command:q}"
        " --environment {params.environment}"
        " --recook {input.recook:q}"
        " 2>&1 | tee {log:q}"

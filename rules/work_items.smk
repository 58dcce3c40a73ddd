"""geometry -> work_items/{batch}.json, work_items/unseen/{unseen}.json: one work item per primitive"""


rule import_work_items:
    input:
        python=environment("cook"),
        code=code("import_work_items.py"),
        geometry=f"geometry/{GEOMETRY}.geo",
    output:
        expand("work_items/{batch}.json", batch=BATCHES),
    log:
        "logs/import_work_items.log",
    params:
        batches=BATCHES,
        seed=config["geometry"]["seed"],
        id_attribute=["--id-attribute", ID_ATTRIBUTE] if ID_ATTRIBUTE else [],
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --geometry {input.geometry:q}"
        " --seed {params.seed} {params.id_attribute:q}"
        " --folder work_items"
        " --batches {params.batches}"
        " > {log:q} 2>&1"


rule import_unseen:
    input:
        python=environment("cook"),
        code=code("import_work_items.py"),
        geometry="geometry/unseen/{unseen}.geo",
    output:
        "work_items/unseen/{unseen}.json",
    log:
        "logs/import_unseen/{unseen}.log",
    params:
        seed=config["geometry"]["seed"],
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --geometry {input.geometry:q}"
        " --seed {params.seed}"
        " --output {output:q}"
        " > {log:q} 2>&1"

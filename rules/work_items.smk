"""geometry -> work_items/items.npz (all work items), and a small side-car for each batch; work_items/unseen/{unseen}.npz"""


localrules:
    import_work_items,
    import_unseen,


rule import_work_items:
    input:
        python=environment("cook"),
        code=code("import_work_items.py"),
        geometry=expand("geometry/{geometry}", geometry=GEOMETRIES),
        generator=PROJECT.attribute_code,
    output:
        table="work_items/items.npz",
        sidecar="work_items/items.json",
        batches=expand("work_items/{batch}.json", batch=BATCHES),
    log:
        "logs/import_work_items.log",
    params:
        order=GEOMETRIES,
        seed=config["geometry"]["seed"],
        settings=PROJECT.import_flags(),
        batches=BATCHES,
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --geometry {input.geometry:q}"
        " --seed {params.seed} {params.settings:q}"
        " --items {output.table:q}"
        " --sidecar {output.sidecar:q}"
        " --batches {params.batches}"
        " > {log:q} 2>&1"


rule import_unseen:
    input:
        python=environment("cook"),
        code=code("import_work_items.py"),
        geometry=lambda wildcards: PROJECT.unseen_geometry(wildcards.unseen),
        generator=PROJECT.attribute_code,
    output:
        table="work_items/unseen/{unseen}.npz",
        sidecar="work_items/unseen/{unseen}.json",
    log:
        "logs/import_unseen/{unseen}.log",
    params:
        seed=config["geometry"]["seed"],
        settings=PROJECT.import_flags(unseen=True),
    shell:
        "{input.python:q} {input.code[0]:q}"
        " --geometry {input.geometry:q}"
        " --seed {params.seed} {params.settings:q}"
        " --items {output.table:q}"
        " --sidecar {output.sidecar:q}"
        " > {log:q} 2>&1"


if PROJECT.count() is None:

    # How many items there are is known once the geometry is cooked: from here on the plan is made anew.
    checkpoint list_batches:
        input:
            python=environment("cook"),
            code=code("list_batches.py"),
            sidecar="work_items/items.json",
        output:
            "work_items/manifest.json",
        log:
            "logs/list_batches.log",
        localrule: True
        params:
            granularity=config["work_items"]["granularity"],
            batch_size=config["work_items"]["batch_size"],
        shell:
            "{input.python:q} {input.code[0]:q}"
            " --sidecar {input.sidecar:q}"
            " --granularity {params.granularity}"
            " --batch-size {params.batch_size}"
            " --manifest {output:q}"
            " > {log:q} 2>&1"

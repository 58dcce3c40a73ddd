"""geometry -> work_items/items.npz (all work items), and a small sidecar for each batch; work_items/unseen/{unseen}.npz"""


localrules:
    import_work_items,
    import_unseen,


rule import_work_items:
    input:
        python=environment("cook"),
        code=code("import_work_items.py"),
        geometry=ancient(expand("geometry/{geometry}", geometry=GEOMETRIES)),  # their sidecars speak for them
        sidecars=expand("geometry/{geometry}.json", geometry=GEOMETRIES),
        generator=PROJECT.attribute_code,
        generator_inputs=PROJECT.attribute_files,
    output:
        table="work_items/items.npz",
        sidecar="work_items/items.json",
        batches=expand("work_items/{batch}.json", batch=BATCHES),
    log:
        "logs/import_work_items.log",
    params:
        plan=plan_of("import_work_items"),
        order=GEOMETRIES,  # of the items; inputs are compared as a set
        seed=config["geometry"]["seed"],
        element=config["work_items"]["element"],
        piece_attribute=config["work_items"]["piece_attribute"],
        include=config["work_items"]["include"],
        attributes=as_it_is(config["work_items"]["attributes"]),
        constants=as_it_is(json.dumps(config["work_items"]["constants"], sort_keys=True)),
        parameters=as_it_is(PROJECT.parameters if PROJECT.attribute_code else "{}"),
        generator_digest=PROJECT.attribute_digest,
        group=as_it_is(config["work_items"]["group"] or ""),
        id_attribute=config["work_items"]["id_attribute"] or "",
        ids="attribute",
        check_inputs="yes" if PROJECT.default_inputs else "no",
        empty=config["work_items"]["empty"],
        batches=BATCHES,  # sidecars of another batch size may be there, and older
    shell:
        "{input.python:q} {input.code:q}"
        " --geometry {input.geometry:q}"
        " --geometry-sidecars {input.sidecars:q}"
        " --seed {params.seed}"
        " --element {params.element}"
        " --piece-attribute {params.piece_attribute:q}"
        " --include {params.include}"
        " --attributes={params.attributes:q}"
        " --constants {params.constants:q}"
        " --generator {input.generator:q}"
        " --generator-inputs {input.generator_inputs:q}"
        " --generator-digest={params.generator_digest}"
        " --parameters {params.parameters:q}"
        " --group={params.group:q}"
        " --id-attribute={params.id_attribute:q}"
        " --ids {params.ids}"
        " --check-inputs {params.check_inputs}"
        " --empty {params.empty}"
        " --plan {params.plan}"
        " --items {output.table:q}"
        " --sidecar {output.sidecar:q}"
        " --batches {output.batches:q}"
        " > {log:q} 2>&1"


# An unseen input has no groups, and its items keep their numbers.
use rule import_work_items as import_unseen with:
    input:
        python=environment("cook"),
        code=code("import_work_items.py"),
        geometry=ancient(lambda wildcards: PROJECT.unseen[wildcards.unseen].target),
        sidecars=lambda wildcards: f"{PROJECT.unseen[wildcards.unseen].target}.json",
        generator=PROJECT.attribute_code,
        generator_inputs=PROJECT.attribute_files,
    output:
        table="work_items/unseen/{unseen}.npz",
        sidecar="work_items/unseen/{unseen}.json",
        batches=[],
    log:
        "logs/import_unseen/{unseen}.log",
    params:
        plan=plan_of("import_unseen"),
        order=[],
        group="",
        ids="number",
        check_inputs="no",
        empty="fail",
        batches=[],


if PROJECT.count is None:

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
            plan=plan_of("list_batches"),
            granularity=config["work_items"]["granularity"],
            batch_size=config["work_items"]["batch_size"],
        shell:
            "{input.python:q} {input.code:q}"
            " --sidecar {input.sidecar:q}"
            " --granularity {params.granularity}"
            " --batch-size {params.batch_size}"
            " --plan {params.plan}"
            " --manifest {output:q}"
            " > {log:q} 2>&1"

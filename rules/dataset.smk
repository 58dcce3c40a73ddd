"""batches/{batch}.npz, or what else was cooked -> dataset/examples.raw (+ .ids, .json)"""


def parts(suffix):
    """What the dataset is merged from: batches, data points, or the whole set, once their number is known."""

    def files(wildcards):
        known = PROJECT.parts  # of the last manifest, as long as the rules are read
        if PROJECT.count is None and workflow.dag is not None:
            with open(checkpoints.list_batches.get().output[0]) as manifest:
                known = json.load(manifest)["parts"]
        return [part + suffix for part in known]

    return files


rule merge_dataset:
    input:
        python=environment("cook"),
        code=code("merge_dataset.py"),
        reports=parts(".json"),
        # Batches may be too big to be compared by content; their reports, made by the same job, speak for them.
        parts=ancient(parts(".npz")),
    output:
        raw="dataset/examples.raw",
        ids="dataset/examples.ids",
        sidecar="dataset/examples.json",
    log:
        "logs/merge_dataset.log",
    resources:
        **reserve("other"),
    params:
        plan=plan_of("merge_dataset"),
        failure_share=config["work_items"]["failure_share"],
    shell:
        "{input.python:q} {input.code:q}"
        " {input.parts:q}"
        " --failure-share {params.failure_share}"
        " --plan {params.plan}"
        " --raw {output.raw:q}"
        " --ids {output.ids:q}"
        " --sidecar {output.sidecar:q}"
        " > {log:q} 2>&1"

"""The results that lead to the final targets, in the order in which data flows, and what they were made from."""

from geokiln.planning.stale_results import Results

PACKS = expand("packs/{pack}.json", pack=TRAINING.packs)
RUNG_PACKS = expand("rungs/{rung}/{pack}.json", rung=TRAINING.rungs, pack=TRAINING.packs)
RESULTS = expand("wedges/{wedge}/training.json", wedge=WEDGES)
WEIGHTS = expand("wedges/{wedge}/weights.safetensors", wedge=WEDGES)
ON_UNSEEN = ["wedges_on_unseen.json"] if PROJECT.judges else []
BASES = expand("preprocessed/{recipe}/basis.npz", recipe=RECIPES)
COOKED = [
    *expand("geometry/{geometry}{suffix}", geometry=GEOMETRIES, suffix=["", ".json"]),
    *expand("work_items/{batch}.json", batch=["items", *BATCHES]),
    "work_items/items.npz",
    *(["work_items/manifest.json"] if PROJECT.count is None else []),
    *expand("{part}.{suffix}", part=PROJECT.parts, suffix=["npz", "json"]),
]
BEFORE_MODEL = [
    *([] if PROJECT.dataset else COOKED),
    *expand("dataset/examples.{suffix}", suffix=["raw", "ids", "json"]),
    *expand("preprocessed/{recipe}/training.{suffix}", recipe=RECIPES, suffix=["raw", "json"]),
    *expand("preprocessed/{recipe}/validation.{suffix}", recipe=RECIPES, suffix=["raw", "json"]),
    *[*RUNG_PACKS, *expand("rungs/{rung}.json", rung=TRAINING.rungs)],
    *[*BASES, *PACKS, *RESULTS, *WEIGHTS, *ON_UNSEEN, "wedges.csv", "wedges.json"],
]
PREDICTIONS = expand("predictions/{unseen}.{suffix}", unseen=UNSEEN, suffix=["npz", "json"])
BEFORE_PREDICTIONS = [
    *BEFORE_MODEL,
    *["model.onnx", "model.json"],
    *expand("{geometry}{suffix}", geometry=[one.target for one in PROJECT.unseen.values()], suffix=["", ".json"]),
    *expand("work_items/unseen/{unseen}.{suffix}", unseen=PROJECT.unseen, suffix=["npz", "json"]),
    *expand("unseen/{unseen}.{suffix}", unseen=UNSEEN, suffix=["npz", "json"]),
    *PREDICTIONS,
    *["predictions/errors.csv", "predictions/all.json"],
]

TRAINING.asked = asked_alone(sys.argv[1:], WEDGES) if workflow.is_main_process else None

MADE = Results(workflow, WorkflowError)


def plan_of(rule):
    """What the parameters and the code of a job come to: its results say so, and are stale once that is another."""
    return lambda wildcards: MADE.plan(rule, wildcards)


def tell_what_is_stale(wildcards):
    """An input without files. Every plan begins with a geometry, or a user's file of examples: there Snakemake is told
    what must run (stale.smk)."""
    workflow.dag.forcefiles.update([*STALE, *BARE, *LOST])
    return []


def sidecar_of_items(wildcards):
    """The small file that speaks for the work items of a batch, or of a data point."""
    if PROJECT.count is None and workflow.dag is None and _part_of(wildcards) not in PROJECT.parts:
        raise WorkflowError("a leftover: the last manifest has no such batch or data point")
    try:
        return PROJECT.sidecar(wildcards.get("batch"), wildcards.get("point"))
    except UserError as error:
        raise WorkflowError(f"Geokiln: {error}")


def _part_of(wildcards):
    return f"data_points/{wildcards.point}" if wildcards.get("point") else f"batches/{wildcards.get('batch')}"

"""Never "nothing to do" over stale results: what leads to the final targets, and what of it was lost (lost_files.py)."""

# Everything that leads to a final target, in the order in which data flows.
PACKS = expand("packs/{pack}.json", pack=TRAINING.packs)
RUNG_PACKS = expand("rungs/{rung}/{pack}.json", rung=TRAINING.rungs, pack=TRAINING.packs)
RESULTS = expand("wedges/{wedge}/training.json", wedge=WEDGES)
WEIGHTS = expand("wedges/{wedge}/weights.safetensors", wedge=WEDGES)
ON_UNSEEN = ["wedges_on_unseen.json"] if PROJECT.judges else []
BASES = expand("preprocessed/{recipe}/basis.npz", recipe=RECIPES)
BEFORE_MODEL = [
    *expand("geometry/{geometry}", geometry=GEOMETRIES),
    *expand("work_items/{batch}.json", batch=["items", *BATCHES]),
    "work_items/items.npz",
    *(["work_items/manifest.json"] if PROJECT.count is None else []),
    *expand("{part}.{suffix}", part=PROJECT.parts, suffix=["npz", "json"]),
    *expand("dataset/examples.{suffix}", suffix=["raw", "ids", "json"]),
    *expand("preprocessed/{recipe}/training.{suffix}", recipe=RECIPES, suffix=["raw", "json"]),
    *expand("preprocessed/{recipe}/validation.{suffix}", recipe=RECIPES, suffix=["raw", "json"]),
    *[*RUNG_PACKS, *expand("rungs/{rung}.json", rung=TRAINING.rungs)],
    *[*BASES, *PACKS, *RESULTS, *WEIGHTS, *ON_UNSEEN, "wedges.csv"],
]
PREDICTIONS = expand("predictions/{unseen}.{suffix}", unseen=UNSEEN, suffix=["npz", "json"])
BEFORE_PREDICTIONS = [
    *BEFORE_MODEL,
    "model.onnx",
    *(source.target for source in PROJECT.unseen.values()),
    *expand("work_items/unseen/{unseen}.{suffix}", unseen=UNSEEN, suffix=["npz", "json"]),
    *expand("unseen/{unseen}.{suffix}", unseen=UNSEEN, suffix=["npz", "json"]),
    *PREDICTIONS,
    "predictions/errors.csv",
]

LOST = LostFiles(notices=workflow.is_main_process)
LOST.notice("model.onnx", missing(BEFORE_MODEL))
LOST.notice("predictions/all.npz", missing(BEFORE_PREDICTIONS))
for pack in expand("packs/{pack}.json", pack=dict.fromkeys([*TRAINING.packs, *WEDGES])):
    LOST.notice(pack, [f"wedges/{wedge}" for wedge in lost_wedges(pack)])
TRAINING.lost_packs = {target for target in LOST.noticed if target.startswith("packs/")}
TRAINING.asked = asked_alone(sys.argv[1:], WEDGES) if workflow.is_main_process else None


def lost_before(target, files, besides):
    """Those of *files* that were lost before *target*: wanted, not compared. Its rule names those *besides* anyway."""
    return [ancient(file) for file in LOST.before(target) if file in files and file not in besides]

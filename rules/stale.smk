"""Never "nothing to do" over stale results: what was lost, and what was made from something else than is there now."""

from geokiln.planning.stale_results import lost, tell
from geokiln.training.packs import lost_wedges

LOST, BARE, STALE = [], [], []  # BARE: results without their sidecars; a job of a farm does as its run has planned
if workflow.is_main_process:
    LOST = lost([*BEFORE_PREDICTIONS, "predictions/all.npz"])
    for sidecar in MADE.stale():
        (STALE if os.path.exists(sidecar) else BARE).append(sidecar)
    BARE = [sidecar for sidecar in BARE if sidecar not in LOST]
    STALE += [sidecar for sidecar in PROJECT.outdated_geometries() if sidecar not in STALE]
    packs = expand("packs/{pack}.json", pack=dict.fromkeys([*TRAINING.packs, *WEDGES]))
    TRAINING.lost_packs = {pack for pack in packs if lost_wedges(pack, {*LOST, *BARE, *STALE})}
    LOST += TRAINING.lost_packs
    if MADE.out_of_order(mend=not LOOKS) and LOOKS:
        print("Some results are older than what they were made from, yet right: a run makes none anew", file=sys.stderr)

tell("Missing, though what was made from it is there", LOST)
tell("Missing, though the results that it speaks for are there", BARE)
tell("Made from other settings, code or files than today's, or altered since", STALE)

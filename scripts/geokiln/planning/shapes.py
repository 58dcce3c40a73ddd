"""Which shapes can be asked for, and why others cannot. Only the standard library is imported here."""

import re


def stages_of(names, unseen):
    """Return the stages that can be asked for, ``shapes/{stage}.usd``: name -> (unseen input, kind of shape).

    Parameters
    ----------
    names : set of str or None
        What the generator may define, see `geokiln.storage.sources.defined_names`; no stages without ``shape``.
    unseen : dict
        ``unseen`` of the config.
    """
    if names is not None and "shape" not in names:
        return {}
    has_baseline = names is None or names.intersection(("baseline", "baseline_batch"))
    stages = {}
    for name, about in unseen.items():
        stages[name] = name, "prediction"
        for kind in ("truth", "baseline") if about["ground_truth"] else ():
            if kind == "truth" or has_baseline:
                stages[f"{name}.{kind}"] = name, kind
    return stages


def why_no_shape(target, generator, stages, unseen):
    """Return why a target under ``shapes/`` cannot be made, or None where it may be misspelled."""
    match = re.search(r"(?:^|/)shapes/([^./]+)(?:\.(truth|baseline)\.usd)?", target)
    if not match:
        return None
    name, kind = match.groups()
    if not stages:
        table = f"; predictions/{name if name in unseen else next(iter(unseen))}.csv is a table of predictions"
        nobody = f"{generator} defines no function" if generator else "there is no generator, and so no function"
        return f"{target}: {nobody} shape(item, targets), which gives the geometry{table}"
    if name in unseen and kind and not unseen[name]["ground_truth"]:
        return f"{target}: {name} has no ground truth, so no {kind}; ask for shapes/{name}.usd"
    if name in unseen and kind == "baseline" and f"{name}.baseline" not in stages:
        return f"{target}: {generator} defines no function baseline(item); ask for shapes/{name}.usd"
    frames = re.search(r"\.(bgeo\.sc|bgeo|geo|ply|vtu|pvd)$", target)
    if name in unseen and frames:
        suffix = frames[1].replace("pvd", "vtu")
        return f"{target}: frames are made together; ask for shapes/{name}/{suffix}.json, and they are put beside it"
    return None

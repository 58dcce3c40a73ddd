"""Successive halving: all wedges are trained for a few epochs, the best of them for more, and so on.

After Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization" (2016). Only the
standard library is imported here.
"""


def settings_of_rung(settings, rung):
    """Return the settings with which a wedge is trained up to a rung, so many epochs: a part of its full training.

    Its schedule is that of the full training, and it leaves a state to go on from.
    """
    return {
        **settings,
        "epochs": min(settings["epochs"], rung),
        "schedule_epochs": settings["schedule_epochs"] or settings["epochs"],
        "save_state": "auto" if settings["save_state"] in ("never", "improvement") else settings["save_state"],
    }


def dropped_wedges(earlier, chosen):
    """Return the wedges of a pack that do not go on after a rung: wedge -> what the pack knew of it, and ``dropped``.

    Parameters
    ----------
    earlier : dict
        ``wedges`` of the pack's file of that rung.
    chosen : dict
        Contents of ``rungs/{rung}.json``: ``dropped`` holds a record for each wedge.
    """
    records = {**{wedge: about.get("dropped") for wedge, about in earlier.items()}, **chosen["dropped"]}
    return {wedge: {**about, "dropped": records[wedge]} for wedge, about in earlier.items() if records[wedge]}


def rungs_mistake(rungs, wedges):
    """Return what is wrong with ``halving.rungs`` for some wedges' settings, or None."""
    if sorted(set(rungs)) != rungs:
        return f"{rungs} must be epochs that grow from rung to rung"
    for settings in wedges if rungs else ():
        if settings["model"] == "network" and rungs[-1] >= settings["epochs"]:
            return f"a wedge has only {settings['epochs']} epochs; rungs must be fewer"
        every = settings["epochs_per_evaluation"]
        odd = [rung for rung in rungs if rung % every]
        if odd:
            return f"{odd[0]} is no multiple of training.epochs_per_evaluation ({every}): nothing is judged then"
    return None

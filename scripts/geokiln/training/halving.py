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

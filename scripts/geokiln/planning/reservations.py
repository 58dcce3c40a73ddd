"""What a job reserves on a farm, by the work items or wedges that it holds and by the attempt."""

from math import ceil


def memory(config, kind, members, attempt):
    """Return the megabytes that a job reserves.

    Parameters
    ----------
    config : dict
        The project's; its sections ``resources`` and ``training`` are read.
    kind : str
        ``cook``, ``train`` or ``other``.
    members : int
        Work items or wedges that the job holds.
    attempt : int
        1, and one more each time that the job failed.

    >>> cook = {"memory": 1000, "memory_per_item": 2}
    >>> memory({"resources": {"cook": cook}, "training": {"memory": 1024}}, "cook", 250, 2)
    3000
    """
    settings = config["resources"][kind]
    held = config["training"]["memory"] if kind == "train" else 0  # the others read examples a block at a time
    return ceil((settings["memory"] + held + _each(settings, "memory") * members) * attempt)


def minutes(config, kind, members, attempt):
    """Return the minutes that a job reserves; parameters as of `memory`.

    >>> train = {"minutes": 10, "minutes_per_wedge": 2}
    >>> minutes({"resources": {"train": train}}, "train", 32, 1)
    74
    """
    settings = config["resources"][kind]
    return ceil((settings["minutes"] + _each(settings, "minutes") * members) * attempt)


def _each(settings, name):
    """Return what a member adds: an item or a wedge."""
    return settings.get(f"{name}_per_item", settings.get(f"{name}_per_wedge", 0))

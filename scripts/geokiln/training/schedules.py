"""Learning rates over the epochs."""

import math

WITH_END = ("linear", "cosine")  # their rate depends on when they end


def learning_rate(settings, epoch):
    """Return the learning rate of an *epoch*, counted from 0.

    >>> base = {"learning_rate": 1.0, "end_learning_rate": 0.0, "schedule_epochs": None, "epochs": 10,
    ...         "warmup_epochs": 0, "schedule_gamma": 0.5, "step_epochs": 2}
    >>> [learning_rate({**base, "schedule": name}, 5) for name in ("constant", "linear", "step", "cosine")]
    [1.0, 0.5, 0.25, 0.5]
    """
    start, end, name = settings["learning_rate"], settings["end_learning_rate"], settings["schedule"]
    length = schedule_length(settings)
    share = min(1.0, epoch / length) if length else 0.0
    if name == "linear":
        rate = start + (end - start) * share
    elif name == "step":
        rate = start * settings["schedule_gamma"] ** (epoch // settings["step_epochs"])
    elif name == "exponential" and end:
        rate = start * (end / start) ** share
    elif name == "exponential":
        rate = start * settings["schedule_gamma"] ** epoch
    elif name == "cosine":
        rate = end + (start - end) * (1 + math.cos(math.pi * share)) / 2
    else:
        rate = start
    return rate * min(1.0, (epoch + 1) / (settings["warmup_epochs"] + 1))


def schedule_length(settings):
    """Return the epochs after which a schedule reaches its end, or None for a schedule that has none."""
    has_end = settings["schedule"] in WITH_END or (
        settings["schedule"] == "exponential" and settings["end_learning_rate"]
    )
    return (settings["schedule_epochs"] or settings["epochs"]) if has_end else None

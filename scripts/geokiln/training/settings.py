"""What of ``training:`` shapes a result: settings that do not count for one must not make it stale.

Only the standard library is imported here: a job that finds its result in the store must not pay for torch.
"""

from geokiln.training.schedules import schedule_length
from geokiln.wedges.hyperparameters import HYPERPARAMETERS

MEGABYTE = 1 << 20


def that_count(settings):
    """Return the *settings* that shape the result of a training.

    A user's own script may read any of them: then all count.
    """
    return {name: value for name, value in settings.items() if _counts(name, settings)}


def _counts(name, settings):
    about = HYPERPARAMETERS[name]
    if not about.counts or not about.only or settings["script"]:
        return about.counts
    other, values = about.only
    return settings[other] in values and _counts(other, settings)


def streamed_within(settings, about):
    """Return the memory setting if a training table, whose sidecar is *about*, is too large for it, else None.

    The order of streamed examples depends on it.
    """
    count = min(settings["max_examples"] or about["count"], about["count"])
    return settings["memory"] if 4 * count * about["width"] > settings["memory"] * MEGABYTE else None


def of_the_way(settings):
    """Return the settings that shape the way of a training, whatever its end: trainings that share a way share states.

    A schedule that ends with the last epoch makes the number of epochs a part of the way.
    """
    way = {name: value for name, value in that_count(settings).items() if not HYPERPARAMETERS[name].is_end}
    return {**way, "schedule_length": schedule_length(settings)}

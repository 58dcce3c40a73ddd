"""What trainings depend on beside their settings. Only the standard library is imported here."""

from collections import namedtuple

from geokiln.storage.files import content_digest
from geokiln.storage.results import sidecar_digest
from geokiln.storage.sources import code_digest, defined_names

TRAIN_VERSION = 2
STATE_VERSION = 2  # of what a training goes on from


class PackData(namedtuple("PackData", "training validation basis examples")):
    """The files that a pack is trained on.

    Attributes
    ----------
    training, validation : (path, path)
        Of the preprocessing, each a .raw file and its sidecar.
    basis : path
        The way back to physical units.
    examples : (path, path)
        The dataset and its sidecar, for errors in physical units.
    """


def train_context(data, environment, script=None, initial_weights=None):
    """Return what trainings depend on beside their settings, plain JSON.

    Parameters
    ----------
    data : PackData
        Sidecars speak for the big files.
    environment : str
        Name of the environment, which carries the hash of its requirements and interpreter.
    script, initial_weights : path, optional
        The user's code (as syntax trees) and weights to start from.
    """
    context = {
        "version": TRAIN_VERSION,
        "environment": environment,
        "preprocessed": [sidecar_digest(path) for path in (data.training[1], data.validation[1], data.basis)],
        "dataset": sidecar_digest(data.examples[1]),
        "script": code_digest(script) if script else None,
        "initial_weights": content_digest(initial_weights) if initial_weights else None,
    }
    if script and initial_weights and "train" in (defined_names(script) or ()):
        context["own training starts from them"] = True  # before this key was there, it did not
    return context

"""What trainings depend on beside their settings. Only the standard library is imported here."""

from geokiln.storage.files import content_digest
from geokiln.storage.sources import code_digest

TRAIN_VERSION = 2
STATE_VERSION = 2  # of what a training goes on from


def train_context(preprocessed, sidecar, environment, script=None, initial_weights=None):
    """Return what trainings depend on beside their settings, plain JSON.

    Parameters
    ----------
    preprocessed : path
        Folder of ``training.json``, ``validation.json`` and ``basis.npz``.
    sidecar : path
        ``dataset/examples.json``.
    environment : str
        Name of the environment, which carries the hash of its requirements and interpreter.
    script, initial_weights : path, optional
        The user's code (as syntax trees) and weights to start from.
    """
    parts = ("training.json", "validation.json", "basis.npz")
    return {
        "version": TRAIN_VERSION,
        "environment": environment,
        "preprocessed": [content_digest(f"{preprocessed}/{part}") for part in parts],
        "dataset": content_digest(sidecar),
        "script": code_digest(script) if script else None,
        "initial_weights": content_digest(initial_weights) if initial_weights else None,
    }

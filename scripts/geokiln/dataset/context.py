"""What a preprocessing depends on. Only the standard library is imported here."""

from geokiln.storage.files import content_digest
from geokiln.storage.fingerprints import fingerprint
from geokiln.storage.results import sidecar_digest

PREPROCESS_VERSION = 2


def preprocess_key(settings, environment, sidecar, ids):
    """Return the fingerprint of a preprocessing.

    Parameters
    ----------
    settings : dict
        A recipe: all keys of ``preprocess:``.
    environment : str
        Name of the environment, which carries the hash of its requirements and interpreter.
    sidecar, ids : path
        ``dataset/examples.json``, which speaks for the examples, and ``dataset/examples.ids``.
    """
    counted = {**settings, "standardise_inputs": int(settings["standardise_inputs"]), "environment": environment}
    counted.update({name: float(settings[name]) for name in ("validation_share", "test_share")})  # 0 is as good as 0.0
    digests = [sidecar_digest(sidecar), content_digest(ids)]
    return fingerprint({"version": PREPROCESS_VERSION, "settings": counted, "dataset": digests})

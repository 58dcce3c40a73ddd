"""Fingerprints: equal when, and only when, all that a result depends on is equal.

Geokiln's own modules do not count. A version constant for each stage does, raised by hand when the stage's results
change: an upgrade never recooks a week of farm by accident.
"""

import hashlib
import json

from geokiln.files import content_digest
from geokiln.sources import code_digest

COOK_VERSION = 1
PREPROCESS_VERSION = 1
TRAIN_VERSION = 1


def fingerprint(value):
    """Return 32 hexadecimal digits for a value made of dicts, lists, strings, numbers, booleans and None."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def cook_fingerprints(items, generator, generator_inputs, parameters, environment, parts):
    """Return a fingerprint for each work item: identity, attributes, seed, and all that its cook depends on.

    Parameters
    ----------
    items : list of dict
        As they stand in ``work_items/{batch}.json``.
    generator, generator_inputs : path, list of paths
        The user's Python file (it and the modules it imports count as syntax trees), and files that it reads (bytes).
    parameters : dict
        ``generator.parameters`` of the config.
    environment : str
        Name of the environment, which carries the hash of its requirements and interpreter.
    parts : list of str
        What is cooked: ``inputs``, ``targets``, ``baseline``.
    """
    context = fingerprint(
        {
            "version": COOK_VERSION,
            "code": code_digest(generator),
            "inputs": {str(path): content_digest(path) for path in generator_inputs},
            "parameters": parameters,
            "environment": environment,
            "parts": sorted(parts),
        }
    )
    return [fingerprint([context, item]) for item in items]

"""Fingerprints: equal when, and only when, all that a result depends on is equal.

Geokiln's own modules do not count. A version constant for each stage does, raised by hand when the stage's results
change: an upgrade never recooks a week of farm by accident.
"""

import hashlib
import json

from geokiln.files import content_digest
from geokiln.sources import code_digest

COOK_VERSION = 1
PREPROCESS_VERSION = 2
TRAIN_VERSION = 2
STATE_VERSION = 2  # of what a training goes on from


def fingerprint(value):
    """Return 32 hexadecimal digits for a value made of dicts, lists, strings, numbers, booleans and None."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def cook_context(generator, generator_inputs, parameters, environment, parts, command=None):
    """Return what all cooks of a batch depend on beside their items: reason to cook again -> its value, plain JSON.

    Parameters
    ----------
    generator, generator_inputs : path, list of paths
        The user's Python file (it and the modules it imports count as syntax trees), and files that it reads (bytes).
    parameters : dict
        ``generator.parameters`` of the config.
    environment : str
        Name of the environment, which carries the hash of its requirements and interpreter.
    parts : list of str
        What is cooked: ``inputs``, ``targets``, ``baseline``.
    command : list, optional
        The command that cooks an item, and the files that it is to write.
    """
    return {
        "Geokiln cooks differently": COOK_VERSION,
        "the generator's code changed": code_digest(generator),
        "a file under generator.inputs changed": {str(path): content_digest(path) for path in generator_inputs},
        "generator.parameters changed": parameters,
        "the environment changed": environment,
        "other parts are asked for": sorted(parts),
        "generator.command changed": command,
    }


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


def batch_key(digests, policy):
    """Return the fingerprint of some items, cooked in one context: *digests* are their 16 bytes each, in order.

    *policy* says what else shapes the result: what becomes of invalid examples.
    """
    return hashlib.blake2b(b"".join(digests) + policy.encode(), digest_size=16).hexdigest()


def why_cooked(before, context):
    """Return why items were cooked that an earlier run of the job, in the context *before*, had cooked already.

    >>> why_cooked({"the code changed": 1, "a file changed": 2}, {"the code changed": 3, "a file changed": 2})
    'the code changed'
    """
    changed = [reason for reason, value in context.items() if before.get(reason) != value]
    return ", ".join(changed) or "these items are new or changed"

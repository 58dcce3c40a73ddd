"""Fingerprints: equal when, and only when, all that a result depends on is equal.

Geokiln's own modules do not count. A version constant for each stage does, raised by hand when the stage's results
change: an upgrade never recooks a week of farm by accident.
"""

import json

try:
    from _blake2 import blake2b  # hashlib's own; hashlib loads OpenSSL first, which every job would pay for
except ImportError:
    from hashlib import blake2b


def fingerprint(value):
    """Return 32 hexadecimal digits for a value made of dicts, lists, strings, numbers, booleans and None."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()

"""Flat lists of key, value, key, value ..., of which Houdini's documents are made."""


def pairs(flat):
    """Return the dict of a flat list of key, value, key, value ...; a map stays as it is.

    >>> pairs(["type", "numeric", "name", "P"])
    {'type': 'numeric', 'name': 'P'}
    """
    return flat if isinstance(flat, dict) else dict(zip(flat[::2], flat[1::2]))

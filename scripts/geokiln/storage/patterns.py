"""Names that are chosen in Houdini's notation. Only the standard library is imported here."""

import fnmatch


def matches(pattern, name):
    """Whether a name is chosen by a pattern in Houdini's way: words, ``*``, and ``^`` to take away.

    >>> [matches("* ^name", name) for name in ("P", "name")]
    [True, False]
    """
    chosen = False
    for word in pattern.split():
        bare = word.lstrip("^")
        if bare == name or fnmatch.fnmatchcase(name, bare):  # a name may hold brackets
            chosen = not word.startswith("^")
    return chosen

"""Targets that no rule makes, told before Snakemake does. Only the standard library is imported here."""

import difflib
import itertools
import re

from geokiln.errors import UserError

EXAMPLES = "predictions/all.npz, model.onnx or dataset/examples.json (docs/files.md)"
ACTIONS = ("accept", "recook", "check_cooked")
BEFORE_PATHS = ("-s", "--snakefile", "-d", "--directory", "--profile", "--workflow-profile", "--configfile", "--logger")


def check_targets(arguments, made, targets_of, names, why=lambda target: None):
    """Refuse targets that no rule makes.

    Parameters
    ----------
    arguments : list of str
        Of the command line.
    made, targets_of : callable
        Whether a rule makes a word; the targets among *arguments*, which takes Snakemake's parser a moment, so it is
        asked only if a word is odd.
    names : callable
        Gives the files that rules make.
    why : callable, optional
        Gives a sentence of why there is no such target, or None.

    Raises
    ------
    UserError
        A line for each such target.
    """
    pairs = zip(["", *arguments], arguments)
    words = [word for flag, word in pairs if re.match(r"[^-\d][^=]*$", word) and flag not in BEFORE_PATHS]
    if all(map(made, words)):
        return
    refused = [target for target in targets_of(arguments) if not made(target)]
    if refused:
        known = names()
        raise UserError("\n".join(why(target) or _mistake(target, known) for target in refused))


def check_actions(arguments, source):
    """Refuse the actions on cooked items in a project whose examples come from a file, *source*."""
    for word in arguments:
        if word in ACTIONS:
            raise UserError(f"{word}: nothing is cooked here; dataset.source is {source}")


def names_of(patterns, values):
    """Return the files that the outputs of rules stand for, where all their wildcards are known.

    >>> names_of(["model.onnx", "unseen/{unseen}.npz", "{point,[0-9]+}.npz"], {"unseen": ["film", "tape"]})
    ['model.onnx', 'unseen/film.npz', 'unseen/tape.npz']
    """
    names = []
    for pattern in patterns:
        parts = re.split(r"\{(\w+)[^{}]*\}", pattern)  # text, wildcard, text, wildcard ...
        if all(wildcard in values for wildcard in parts[1::2]):
            chosen = itertools.product(*(values[wildcard] for wildcard in parts[1::2]))
            names += ["".join(itertools.chain(*zip(parts[::2], [*choice, ""]))) for choice in chosen]
    return names


def _mistake(target, names):
    ends = [name for name in names if target.endswith(f"/{name}")]
    near = difflib.get_close_matches(target, names, 1, 0.6)
    if ends and (target.startswith("/") or not near or near[0] in ends):
        return f"{target}: targets are relative to the project; write {max(ends, key=len)}"
    if near:
        return f"{target}: there is no such target; did you mean {near[0]}?"
    return f"{target}: there is no such target; targets are relative to the project, such as {EXAMPLES}"

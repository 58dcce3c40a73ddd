"""Columns of a user's file of examples, as far as its header tells. Only the standard library is imported here."""

import csv
import os

from geokiln.errors import UserError, listed, near_match
from geokiln.raw.blocks import Block, rows_in
from geokiln.storage.csv_headers import SEPARATORS, csv_names
from geokiln.storage.npz_headers import array_headers
from geokiln.storage.patterns import matches
from geokiln.storage.users_files import check_start

TAKEN = ("id", "source")  # columns of the predictions


def column_names(path, layout):
    """Return the names of a file's columns; None where only its reader can tell.

    Raises
    ------
    UserError
        If the file only stands for another, is no .npz, ends within a row of its layout, or if its first row does not
        name its columns.
    """
    check_start(path)
    if layout["blocks"]:
        blocks = [Block(**block) for block in layout["blocks"]]
        if not rows_in(path, os.path.getsize(path), blocks, layout["header"]):
            raise UserError(f"{path}: there are no rows; each example needs one")
        return [block.name for block in blocks if not block.ignored]
    suffix = os.path.splitext(path)[1].lower()
    if suffix == ".npz":
        return list(array_headers(path))
    try:
        return [name.strip() for name in csv_names(path)] if suffix in SEPARATORS else None
    except (UnicodeDecodeError, csv.Error):
        return None  # the job that reads it says more


def chosen_columns(names, inputs, targets):
    """Return which of *names* are inputs and which are targets, each in their order.

    *inputs* and *targets* are patterns (`geokiln.storage.patterns.matches`); a target is no input.
    """
    outputs = [name for name in names if matches(targets, name)]
    taken = set(outputs)
    return [name for name in names if matches(inputs, name) and name not in taken], outputs


def column_mistakes(names, inputs, targets):
    """Yield a sentence for each word of the patterns that names no column, or if they choose none, or one in vain."""
    given, outputs = chosen_columns(names, inputs, targets)
    for key, pattern, found in (("inputs", inputs, given), ("targets", targets, outputs)):
        unknown = [word for word in pattern.split() if not any(matches(word.lstrip("^"), name) for name in names)]
        for word in unknown:
            yield f"dataset.{key}: there is no column {word.lstrip('^')!r}; {near_match(word, names)}"
        if not found and not unknown:
            yield f"dataset.{key}: {pattern!r} chooses no column; there are: {listed(names)}"
    for name in outputs:
        if name in TAKEN:
            yield f"dataset.targets: {name!r} is the name of a column of the predictions; call it something else"

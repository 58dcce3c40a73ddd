"""Columns of a user's file of examples, as far as its header tells. Only the standard library is imported here."""

import csv
import io
import os

from geokiln.errors import UserError, listed, near_match
from geokiln.raw.blocks import Block, rows_in
from geokiln.storage.npz_headers import array_headers
from geokiln.storage.patterns import matches

SEPARATORS = {".csv": ",", ".tsv": "\t"}
HEADER = 1 << 20  # characters that are looked at for the names of columns
TAKEN = ("id", "source")  # columns of the predictions


def column_names(path, layout):
    """Return the names of a file's columns; None where only its reader can tell.

    Raises
    ------
    UserError
        If the file is no .npz, or ends within a row of its layout.
    """
    if layout["blocks"]:
        blocks = [Block(**block) for block in layout["blocks"]]
        if not rows_in(path, os.path.getsize(path), blocks, layout["header"]):
            raise UserError(f"{path}: there are no rows; each example needs one")
        return [block.name for block in blocks if not block.ignored]
    suffix = os.path.splitext(path)[1].lower()
    if suffix == ".npz":
        return list(array_headers(path))
    if suffix not in SEPARATORS:
        return None
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            start = file.read(HEADER)
        if len(start) == HEADER and "\n" not in start:
            return None
        rows = csv.reader(io.StringIO(start, newline=""), delimiter=SEPARATORS[suffix])
        return [name.strip() for name in next((row for row in rows if row), [])]
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
    for key, pattern in (("inputs", inputs), ("targets", targets)):
        for word in pattern.split():
            if not any(matches(word.lstrip("^"), name) for name in names):
                yield f"dataset.{key}: there is no column {word.lstrip('^')!r}; {near_match(word, names)}"
    given, outputs = chosen_columns(names, inputs, targets)
    for key, pattern, found in (("targets", targets, outputs), ("inputs", inputs, given)):
        if not found:
            yield f"dataset.{key}: {pattern!r} chooses no column; there are: {listed(names)}"
    for name in outputs:
        if name in TAKEN:
            yield f"dataset.targets: {name!r} is the name of a column of the predictions; call it something else"

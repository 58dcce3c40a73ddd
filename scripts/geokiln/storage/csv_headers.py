"""The first row of a user's CSV, which names its columns. Only the standard library is imported here."""

import csv
import io
import os
import re

from geokiln.errors import UserError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
LONGEST = 16 << 20  # characters of the first row
UTF16 = (b"\xff\xfe", b"\xfe\xff")
NUMBER = "^[+-]?(([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?|[iI]nf(inity)?)$"


def csv_names(path):
    """Return the names of the columns of a ``.csv`` (commas) or ``.tsv`` (tabs), as they stand in its first row.

    Raises
    ------
    UserError
        If it is in UTF-16, is separated by something else, or if a column has no name, another one's, or a number.
    """
    separator = SEPARATORS[os.path.splitext(path)[1].lower()]
    with open(path, "rb") as file:
        if file.read(2) in UTF16:
            raise UserError(f"{path} is encoded in UTF-16; save it in UTF-8")
    with open(path, encoding="utf-8-sig", newline="") as file:
        start = io.StringIO(file.read(LONGEST), newline="")
    names = next((row for row in csv.reader(start, delimiter=separator) if row), [])
    if start.tell() == LONGEST:
        raise UserError(f"{path}: its first row is longer than {LONGEST >> 20} million characters")
    if len(names) == 1 and any(other in names[0] for other in ",;\t"):
        raise UserError(f"{path}: its columns are not separated by {separator!r}, as its suffix says")
    for name in check_names([name.strip() for name in names], path):
        if re.match(NUMBER, name):
            raise UserError(f"{path}: the first row must name the columns; {name} stands there")
    return names


def check_names(names, path):
    """Return the names of columns; each must have one of its own."""
    if not names:
        raise UserError(f"{path} has no columns")
    seen = set()
    for number, name in enumerate(names, 1):
        if not name:
            raise UserError(f"{path}: column {number} has no name")
        if name in seen:
            raise UserError(f"{path}: two columns are called {name!r}; rename one")
        seen.add(name)
    return names

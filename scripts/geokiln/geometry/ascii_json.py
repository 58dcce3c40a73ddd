"""Houdini's ASCII JSON, parsed with its long lists of numbers as arrays.

The json module does the work. The long lists are taken out of its text first and parsed in pieces, so that a piece at
a time exists as Python numbers, which take ten times the memory of their text.
"""

import json
import re
import secrets
from itertools import chain

import numpy as np

from geokiln.geometry.binary_tokens import narrowest, read_only

PIECE = 1 << 16  # bytes of a list parsed at once
NEXT = re.compile(rb'"|\[[-+.0-9eE,\s\[\]]{62,}')  # a string, or what may hold lists of numbers
LIST = re.compile(rb"\[[^\[\]]{62,}\]|\[(?=\s*\[)")  # in the latter: a long list, or one that begins with a list
NESTED = re.compile(rb"\[(?=\s*\[)")
END = re.compile(rb"\]\s*\]")
ROW, COMMA = re.compile(rb"\]\s*,"), re.compile(b",")
EXACT = 1 << 53  # integers from here on are not all float64


def parse(data):
    """Return the document in *data* (bytes) as the json module does, but long lists of numbers as read-only arrays.

    An array is (n,), or (n, size) for a list of equally long lists, such as positions; of the narrowest integer that
    holds it, or of float64.

    Raises
    ------
    ValueError
        If *data* is not complete JSON, or nests too deep for Python.
    """
    skeleton, arrays, spans = bytearray(), [], []
    mark = f"array {secrets.token_hex(8)}"  # no file can hold it
    done = 0
    for start, end, array in _arrays(data):
        skeleton += data[done:start]
        spans.append((len(skeleton), start))
        skeleton += b'{"%s":%d}' % (mark.encode(), len(arrays))
        arrays.append(array)
        spans.append((len(skeleton), end))
        done = end
    skeleton += data[done:]
    text = skeleton.decode("utf-8", "surrogateescape")
    try:
        return json.loads(text, object_hook=lambda members: arrays[members[mark]] if mark in members else members)
    except json.JSONDecodeError as error:
        at = len(text[: error.pos].encode("utf-8", "surrogateescape"))
        before, place = max((span for span in spans if span[0] <= at), default=(0, 0))
        reason = error.msg[:-3] if error.msg.endswith(" at") else error.msg
        raise ValueError(f"{reason} at byte {place + at - before}") from None
    except RecursionError:
        raise ValueError("lists nest too deep") from None


def _arrays(data):
    """Yield (start, end, array) of each long list of numbers, in order; strings are passed over."""
    at = 0
    while True:
        found = NEXT.search(data, at)
        if not found:
            return
        if data[found.start()] == ord('"'):
            at = _end_of_string(data, found.start())
        else:
            at = found.end()
            if at == len(data) and data[at - 1] in b"0123456789.,+-eE[":  # of no use to the json module, but costly
                raise ValueError(f"it ends in a list of numbers at byte {at}")
            yield from _arrays_between(data, found.start(), at)


def _end_of_string(data, start):
    end = start
    while True:
        end = data.find(b'"', end + 1)
        if end < 0:
            return len(data)
        backslashes = end
        while data[backslashes - 1] == ord("\\"):
            backslashes -= 1
        if (end - backslashes) % 2 == 0:
            return end + 1


def _arrays_between(data, at, stop):
    """Yield (start, end, array) of the lists of numbers, and of lists of them, in a text without strings and words."""
    rows_end = at
    while True:
        found = LIST.search(data, at, stop)
        if not found:
            return
        start, end, at = found.start(), found.end(), found.start() + 1
        array = None
        if data[end - 1] == ord("]"):
            array, at = _array(data, start, end, nested=False), end
        else:
            if rows_end <= start:  # looked for once for all lists that it ends
                last = END.search(data, start, stop)
                rows_end = last.end() if last else stop + 1
            deeper = NESTED.search(data, at, stop)
            if rows_end <= stop and not (deeper and deeper.start() < rows_end):
                end = rows_end
                array = _array(data, start, end, nested=True)
                at = end if array is not None else at
        if array is not None:
            yield start, end, array


def _array(data, start, end, nested):
    """Return the array of the list between *start* and *end*, None if it is none: what is left to the json module."""
    if nested and not _are_short_rows(data, start, end):
        return None
    numbers, dtype, size = bytearray(), np.dtype("i1"), None
    at, end = start + 1, end - 1
    while at <= end:
        comma = (ROW if nested else COMMA).search(data, at + PIECE, end)
        stop = comma.end() - 1 if comma else end
        try:
            values = json.loads("[" + str(data[at:stop], "ascii") + "]")
        except (ValueError, RecursionError):
            return None
        at = stop + 1
        if nested:
            sizes = {len(row) if isinstance(row, list) else None for row in values} | ({size} if size else set())
            if len(sizes) != 1 or not all(sizes):
                return None
            size = sizes.pop()
            values = list(chain.from_iterable(values))
        piece = _piece(values)
        if piece is None:
            return None
        wider = np.promote_types(dtype, piece.dtype)
        if wider.kind == "f" and np.int64 in (dtype, piece.dtype):  # it may hold what float64 cannot
            return None
        if wider != dtype:
            numbers, dtype = bytearray(np.frombuffer(numbers, dtype).astype(wider)), wider
        numbers += piece.astype(dtype, copy=False).tobytes()
    array = read_only(np.frombuffer(numbers, dtype))
    return array.reshape(-1, size) if nested else array


def _are_short_rows(data, start, end):
    """Tell if a list of lists is long and has several, of which the first is short; else each is an array itself."""
    row = ROW.search(data, start, min(end, start + PIECE))
    return end - start >= 64 and row is not None


def _piece(values):
    """Return numbers as an array, None if it would not hold each as it is."""
    kinds = set(map(type, values))
    try:
        if kinds == {int}:
            return narrowest(np.array(values, np.int64))
        if kinds and kinds <= {int, float}:
            array = np.array(values, np.float64)
            large = np.abs(array).max() >= EXACT
            return None if large and any(type(v) is int and abs(v) > EXACT for v in values) else array
    except (OverflowError, ValueError):
        pass
    return None

"""Columns of Apache Arrow as arrays of numpy, and back; what the texts of a CSV mean."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from geokiln.errors import UserError
from geokiln.formats.reading import memory
from geokiln.storage.csv_headers import NUMBER

EXACT = 2**53  # up to here, a float64 holds every integer
MISSING = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-nan", "NULL", "null", "None"]
WHOLE = "^[+-]?[0-9]+$"
TRUTH = "^([tT]rue|TRUE|[fF]alse|FALSE)$"


def meaning_of(column, what):
    """Return a column of texts as one of integers, floats or truth values if all its values are some; *what* names it.

    Missing values do not count. Of a column without any value, nobody knows what it was: it becomes floats.
    """
    values = pc.utf8_trim_whitespace(column)
    values = pc.if_else(pc.is_in(values, pa.array(MISSING)), pa.scalar(None, pa.string()), values)

    def all_are(pattern):
        return pc.all(pc.match_substring_regex(values, pattern), min_count=0).as_py()

    if all_are(NUMBER):
        if values.null_count == len(values) or not all_are(WHOLE):
            return values.cast(pa.float64())
        values = pc.replace_substring_regex(values, r"^\+", "")
        for kind in (pa.int64(), pa.uint64()):
            try:
                return values.cast(kind)
            except pa.ArrowInvalid:
                continue
        raise UserError(f"{what} holds integers of more than 64 bits; write them as floats (1e20) or as texts (n123)")
    if all_are(TRUTH):
        return pc.equal(pc.utf8_lower(values), "true")
    return column


def array_of(column, what):
    """Return a column as an array (n_rows,) or (n_rows, ...) of numbers, truth values or texts; *what* names it.

    Raises
    ------
    UserError
        If it holds neither, lists of different lengths, or integers that would lose digits as floats.
    """
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    kind = column.type
    if types.is_dictionary(kind) and not _is_text(kind.value_type):
        return array_of(column.cast(kind.value_type), what)
    if _is_text(kind) or types.is_dictionary(kind):
        return _texts(column, what)
    if types.is_date(kind) or types.is_time(kind) or types.is_timestamp(kind):
        return _texts(column.cast(pa.string()), what)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _lists(column, what)
    if types.is_null(kind):
        return np.full(len(column), np.nan)
    if types.is_decimal(kind):
        column = column.cast(pa.int64() if kind.scale <= 0 else pa.float64())
    elif not (types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)):
        raise UserError(f"{what} holds {kind}; save plain numbers or texts, a column for each, or leave it out")
    if types.is_floating(column.type) or not column.null_count:
        return column.to_numpy()
    if types.is_integer(column.type):
        _check_exact(what, *(number.as_py() or 0 for number in pc.min_max(column).values()))
    return column.cast(pa.float64()).to_numpy()


def _check_exact(what, low, high):
    if max(-low, high) > EXACT:
        raise UserError(f"{what} lacks values, and holds integers that floats do not hold; fill it, or save texts")


def _is_text(kind):
    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _texts(column, what):
    if types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    if not types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.unify_dictionaries().combine_chunks()
    table = np.array([*(text or "" for text in column.dictionary.to_pylist()), ""], dtype=str)
    if len(column) * table.dtype.itemsize > memory() // 4:
        raise UserError(f"{what}: its texts, up to {table.dtype.itemsize // 4} characters long, need too much memory")
    return table[column.indices.fill_null(len(table) - 1).to_numpy()]


def _lists(column, what):
    """Return lists of one length as rows of an array; a list that is missing is a row of NaN, or of empty texts."""
    there = np.flatnonzero(column.is_valid())
    lists = column.drop_null()
    lengths = pc.list_value_length(lists).to_numpy()
    for other in np.flatnonzero(lengths != lengths[:1])[:1]:
        both = " and ".join(f"{lengths[one]} values in row {there[one]}" for one in (0, other))
        raise UserError(f"{what} holds lists of different lengths: {both}, counted from 0; all must have one")
    values = array_of(pc.list_flatten(lists), what)
    width = int(lengths[0]) if len(lengths) else max(getattr(column.type, "list_size", 0), 0)
    values = values.reshape(len(lists), width, *values.shape[1:])
    if len(there) == len(column):
        return values
    if values.dtype.kind in "iu" and values.size:
        _check_exact(what, int(values.min()), int(values.max()))
    kind = values.dtype if values.dtype.kind in "fU" else np.float64
    rows = np.full((len(column), *values.shape[1:]), "" if values.dtype.kind == "U" else np.nan, kind)
    rows[there] = values
    return rows


def column_of(array):
    """Return an array (n_rows,) or (n_rows, ...) as one of Arrow's: rows of several values are lists of one length."""
    array = np.asarray(array)
    column = pa.array(np.ascontiguousarray(array).reshape(-1))
    for size in array.shape[:0:-1]:
        column = pa.FixedSizeListArray.from_arrays(column, size)
    return column

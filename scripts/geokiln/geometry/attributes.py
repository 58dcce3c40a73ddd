"""Attributes of a geometry file: Houdini's several encodings of one table of numbers or texts."""

import numpy as np

from geokiln.errors import UserError
from geokiln.geometry.geometry import check_finite, rows_of
from geokiln.geometry.pairs import pairs

STORAGE = {
    "bool": "b1", "int8": "i1", "uint8": "u1", "int16": "i2", "int32": "i4", "int64": "i8",
    "fpreal16": "f2", "fpreal32": "f4", "fpreal64": "f8",
}  # fmt: skip
NAMES = {code: name for name, code in STORAGE.items()}
EXPANDED = 64 << 20  # bytes that an attribute may have in memory, however few stand for them in the file


class NotRead(ValueError):
    """What has no place in an array: it is kept as it is in the file."""


def read_attribute(entry, count, most=EXPANDED):
    """Return (name, array) of an attribute of *count* elements: (count,) or (count, size) numbers or texts.

    Parameters
    ----------
    entry : list
        Head and body, as a document has them.
    count : int
        Elements that there are.
    most : int
        Bytes that the array may have: a few in the file stand for any number (pages of one value, long texts).

    Raises
    ------
    NotRead
        If its type has no array (dict, arrays, index pairs) or its storage is not known.
    ValueError, KeyError, TypeError
        If it contradicts itself.
    """
    head, body = pairs(entry[0]), pairs(entry[1])
    if head["type"] == "string":
        return head["name"], _texts(body, count, most)
    if head["type"] != "numeric":
        raise NotRead(f"it is of type {head['type']!r}")
    return head["name"], numbers(pairs(body["values"]), count, most)


def _texts(body, count, most):
    table = np.array([*body["strings"], ""], dtype=str)  # index -1: the empty string
    indices = numbers(pairs(body["indices"]), count, most).astype(np.int64)
    if indices.size and not -1 <= indices.min() <= indices.max() < len(table) - 1:
        raise ValueError(f"a text that is not there, of {len(table) - 1}")
    if indices.size * table.dtype.itemsize > most:
        raise NotRead(f"its texts, up to {table.dtype.itemsize // 4} characters long, would take too much memory")
    return table[indices]


def numbers(body, count, most=EXPANDED):
    """Return the numbers of a block of values: (count,), or (count, size)."""
    size, storage = int(body["size"]), body["storage"]
    if storage not in STORAGE:
        raise NotRead(f"its storage is {storage!r}")
    if size < 0:
        raise ValueError(f"tuples of {size}")
    dtype = np.dtype(STORAGE[storage])
    if size == 0:
        return np.broadcast_to(np.zeros(0, dtype), (count, 0))
    if "rawpagedata" in body:
        array = _paged(body, size, dtype, count, most)
    elif "tuples" in body:
        array = _cast(body["tuples"], dtype)
        array = array.reshape(len(array), -1) if array.size else np.zeros((0, size), dtype)
    else:
        array = np.stack([_cast(column, dtype) for column in body["arrays"]], axis=1)
    if array.shape != (count, size):
        wide = f" of {array.shape[1]} numbers" if array.shape[1] != size else ""
        raise ValueError(f"{len(array)} values{wide} for {count} elements")
    return array[:, 0] if size == 1 else array


def _cast(values, dtype):
    """Return numbers as an array of a type that holds them: the width that a file uses for them says nothing."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError("rows of different lengths") from None
    if array.dtype.kind not in "biuf":
        if array.size:
            raise ValueError(f"{array.dtype} where numbers belong")
        return np.zeros(array.shape, dtype)
    with np.errstate(all="ignore"):  # what the type cannot hold becomes infinite, which is refused where it is used
        cast = array.astype(dtype)
    if dtype.kind in "iu" and not np.array_equal(cast, array):
        raise ValueError(f"numbers that {dtype} does not hold")
    return cast


def _paged(body, size, dtype, count, most):
    """Decode pages of up to ``pagesize`` elements; a page holds its sub-vectors (``packing``) one after another.

    A page of a sub-vector that is constant stores one value for all its elements.
    """
    packing = [int(width) for width in body.get("packing", ())] or [size]
    page_size, data = int(body["pagesize"]), np.asarray(body["rawpagedata"])
    if min(packing) < 1 or sum(packing) != size or page_size < 1:
        raise ValueError(f"pages of {page_size} rows of {packing} for tuples of {size}")
    pages = -(-count // page_size)
    flags = [np.asarray(page_flags, bool) for page_flags in body.get("constantpageflags", ())]
    flags = flags or [np.zeros(0, bool)] * len(packing)
    if len(flags) != len(packing) or any(len(one) not in (0, pages) for one in flags):
        raise ValueError(f"flags for other pages than the {pages} that there are")
    if not any(one.any() for one in flags) and len(packing) == 1:
        if data.size != count * size:
            raise ValueError(f"pages of {count * size} numbers, {data.size} stored")
        return _cast(data, dtype).reshape(count, size)
    used = sum(
        width * (count if not len(constant) else _stored_rows(constant, count, page_size))
        for width, constant in zip(packing, flags)
    )
    if used != data.size:
        raise ValueError(f"pages of {used} numbers, {data.size} stored")
    if count * size * dtype.itemsize > most:
        raise ValueError(f"{count} elements of which {data.size} numbers are stored")
    data, array, used = _cast(data, dtype), np.empty((count, size), dtype), 0
    for page, start in enumerate(range(0, count, page_size)):
        rows, column = min(page_size, count - start), 0
        for width, constant in zip(packing, flags):
            length = width if len(constant) and constant[page] else width * rows
            block = data[used : used + length].reshape(-1, width)
            array[start : start + rows, column : column + width] = block
            used, column = used + length, column + width
    return array


def _stored_rows(constant, count, page_size):
    """Return how many rows of a sub-vector are stored: one of a constant page, all of another."""
    rows = np.full(len(constant), page_size, np.int64)
    rows[-1:] = count - page_size * (len(constant) - 1)
    return int(np.where(constant, 1, rows).sum())


def attribute_entry(name, array, paged=False, options=None):
    """Return the lists of one attribute, as `write_geo` puts them into a document: arrays where numbers belong.

    *paged* is how Houdini writes them in binary files; *options* is what it notes of an attribute.

    Raises
    ------
    UserError
        If it is neither floats, integers nor texts, or a number is not finite, which text cannot hold; names it.
    """
    array = rows_of(name, array)
    size = int(np.prod(array.shape[1:]))
    array = array.reshape(len(array), size)
    if array.dtype.kind == "U":
        strings, indices = np.unique(array, return_inverse=True)
        values = ["size", size, "storage", "int32", *_listed(indices.reshape(array.shape).astype(np.int32), paged)]
        head = ["scope", "public", "type", "string", "name", name, "options", options or {}]
        return [head, ["size", size, "storage", "int32", "strings", strings.tolist(), "indices", values]]
    storage = NAMES.get(array.dtype.str[1:])
    if storage is None:
        raise UserError(f"geometry attribute {name!r} has type {array.dtype}; use floats, integers or strings")
    if not paged:
        check_finite("geometry attribute", name, array)
    if name == "P":
        options = {"type": {"type": "string", "value": "point"}}
    head = ["scope", "public", "type", "numeric", "name", name, "options", options or {}]
    defaults = ["size", 1, "storage", "fpreal64", "values", [0]]
    body = ["size", size, "storage", storage, "defaults", defaults]
    return [head, [*body, "values", ["size", size, "storage", storage, *_listed(array, paged)]]]


def _listed(array, paged):
    """Return the values of an array (n, size) in the encoding that Houdini uses for that size."""
    if paged:
        return ["pagesize", 1024, "rawpagedata", array.reshape(-1)]
    return ["arrays", [array[:, 0]]] if array.shape[1] == 1 else ["tuples", array]

"""From geometry to work items: which elements, which attributes, and what identifies each."""

from pathlib import Path

import numpy as np

from geokiln.errors import UserError, warn
from geokiln.geometry.element_kinds import SINGLE, brings_geometry, none_there, plural
from geokiln.geometry.elements import Elements
from geokiln.geometry.extents import bounds_of, points_of
from geokiln.geometry.geo_file import read_geo
from geokiln.geometry.geometry import check_finite
from geokiln.storage.arrays import open_arrays
from geokiln.storage.npz_headers import row_count
from geokiln.storage.patterns import matches
from geokiln.storage.suffixes import suffix_of
from geokiln.storage.users_arrays import as_array
from geokiln.work_items.items import WorkItems
from geokiln.work_items.parts import Parts

BLOCK = 65536


def read_elements(path, element="primitive", group=None, pattern="*", id_attribute=None, piece="class", include=()):
    """Return the attributes of a geometry's elements.

    Parameters
    ----------
    path : path
        A file of Houdini's (``.geo``, ``.bgeo``, ``.bgeo.sc``), or a table of attributes as ``.npz``: arrays by
        name, first axis = elements.
    element, group, piece : str
        As `geokiln.geometry.elements.Elements` takes them; in an ``.npz`` the rows are the elements.
    pattern : str
        Which attributes, see `geokiln.storage.patterns.matches`.
    include : list of str
        ``bounds``, ``points``: further attributes, from the points of each element; ``geometry``: items bring theirs,
        so they may have no attributes.
    id_attribute : str, optional
        Integer or string attribute that identifies an element, whether or not the pattern chooses it.

    Returns
    -------
    tuple
        Identities (n,) text: without an *id_attribute* the elements' numbers in the file, the values of pieces, the
        names of groups; dict of attributes, name -> array (n, ...).
    """
    table = str(path).endswith(".npz")
    if table and (element not in SINGLE or group or include):
        key, what = ("group", "groups") if group else ("include", "points") if include else ("element", plural(element))
        raise UserError(f"{path}: an .npz is a table, it has no {what}; leave work_items.{key} out")
    extents = {}
    if table:
        numbers, attributes = np.arange(row_count(path)), open_arrays(path)
    else:
        geometry = read_geo(path)
        elements = Elements(geometry, element, group, piece, path)
        numbers, attributes = elements.ids, elements.attributes
        varying = [name for name in elements.varying if matches(pattern, name)]
        if varying:
            warn(f"{path}: {', '.join(map(repr, varying))} varies within a {element}, so work items do not have it")
        for what, of in (("bounds", bounds_of), ("points", points_of)):
            extents.update(of(elements) if what in include else {})
        kept = [f"{key[0]} attribute {key[1]!r}" for key in geometry.kept if isinstance(key, tuple)]
        if kept:
            warn(f"{path}: {', '.join(kept)}: neither plain numbers nor texts, so work items have no such attribute")
    chosen = {name: array for name, array in attributes.items() if matches(pattern, name)}
    for name in extents.keys() & chosen.keys():
        raise UserError(f"{path}: work_items.include: {name!r} is an attribute of the geometry, too; leave one out")
    chosen.update(extents)
    if len(numbers) and not chosen and not brings_geometry(element, include):
        names = ", ".join(attributes) or "none"
        raise UserError(
            f"{path}: work_items.attributes: {pattern!r} chooses no {element} attribute; there are: {names}"
        )
    for name, array in chosen.items():
        for start in range(0, len(array), BLOCK):
            check_finite(f"{path}: attribute", name, array[start : start + BLOCK], start)
    if not len(numbers):
        return numbers.astype(str), chosen
    if id_attribute or numbers.dtype.kind == "U":
        return _identities(path, attributes if id_attribute else {element: numbers}, id_attribute or element), chosen
    return numbers.astype(str) if element == "piece" else _texts(numbers), chosen


def import_items(
    paths, seed, names=None, id_attribute=None, constants=None, empty="fail", numbered=False, **import_settings
):
    """Return the WorkItems of one or several geometry files.

    Parameters
    ----------
    names : list of str, optional
        A name for each file, if there are several: an item is called after its file and element, ``walk-12``.
    id_attribute : str, optional
        Integer or string attribute that identifies an element; without it, its number does.
    numbered : bool
        Its number identifies an element even so: unseen inputs. The attribute is no input of a model all the same.
    constants : dict, optional
        Attributes that every item gets.
    empty : str
        What a geometry without elements is: ``fail``, ``warn`` or ``ignore``.
    import_settings
        ``element``, ``group``, ``pattern``, ``piece`` and ``include`` of `read_elements`. With ``geometry`` among what
        is included, and for pieces, groups and packed primitives, the items bring their geometry.
    """
    settings = {key: import_settings.get(key) for key in ("element", "group", "piece") if import_settings.get(key)}
    brings = brings_geometry(settings.get("element"), import_settings.get("include", ()))
    parts, counts = [], []
    for path, name in zip(paths, names or [None] * len(paths)):
        ids, attributes = read_elements(path, id_attribute=None if numbered else id_attribute, **import_settings)
        counts.append(len(ids))
        if not len(ids):
            if empty == "fail":
                raise UserError(_none_there(path, settings))
            if empty == "warn":
                print(f"warning: {path} is empty and gives no work items")
            continue
        parts.append((path, np.char.add(f"{name}-", ids) if name else ids, attributes))
    if not parts:
        raise UserError(f"{', '.join(map(str, paths))}: no element is left to make work items of")
    ids, attributes = _merged(parts)
    if len(parts) > 1:
        _check_unique(ids)
    for name, value in (constants or {}).items():
        if name in attributes:
            raise UserError(f"work_items.constants: {name!r} is an attribute of the geometry, too; choose another name")
        value = _column("work_items.constants:", name, [value])[0]
        attributes[name] = np.broadcast_to(value, (len(ids), *value.shape))
    is_number = id_attribute in attributes and attributes[id_attribute].dtype.kind in "iu"
    own = Parts.of(paths, settings, counts) if brings else None
    return WorkItems(ids, seed, attributes, id_attribute if is_number else None, own)


def _none_there(path, settings):
    if str(path).endswith(".npz"):
        return f"{path}: the table is empty; each data point needs a row"
    geometry, element = read_geo(path), settings.get("element", "primitive")
    return none_there(path, element, len(geometry.points), len(geometry.primitives), settings.get("group"))


def _texts(numbers):
    return numbers.astype(f"U{len(str(numbers.max()))}")


def _identities(path, attributes, name):
    """Return the identities of the elements, from an attribute that must be a different one for each."""
    if name not in attributes:
        names = ", ".join(attributes) or "none"
        raise UserError(f"{path}: work_items.id_attribute: there is no attribute {name!r}; there are: {names}")
    column = attributes[name]
    if column.ndim != 1 or column.dtype.kind not in "iuU":
        raise UserError(f"{path}: work_items.id_attribute: {name!r} must hold one integer or string for each element")
    ids = column.astype(str)
    for number, id_ in enumerate(ids.tolist()):
        if id_.splitlines() != [id_] or "\0" in id_ or id_.encode("utf-8", "replace").decode() != id_:
            raise UserError(
                f"{path}: element {number} has an empty or broken {name!r}, {ascii(id_)}; it must be one line of text"
            )
    values, first, counts = np.unique(ids, return_index=True, return_counts=True)
    if counts.max() > 1:
        twice = values[counts.argmax()]
        one, other = np.flatnonzero(ids == twice)[:2]
        both = f"elements {one} and {other} have the same {name!r}, {twice}"
        raise UserError(f"{path}: work_items.id_attribute: {both}; it must identify one")
    return ids


def _check_unique(ids):
    """Raise a UserError if two items have one identity: ``a-1-2`` is element 1-2 of file a, and 2 of file a-1."""
    values, counts = np.unique(ids, return_counts=True)
    if counts.max() > 1:
        raise UserError(f"geometry.source: two elements are called {values[counts.argmax()]}; rename a file")


def _column(where, name, values):
    """Return the *values* of an attribute, one for each item, as an array of numbers or texts, or say what is wrong."""
    array = as_array(values, f"{where} {name!r}", texts=True)
    check_finite(where, name, array)
    return array


def _merged(parts):
    """Return the ids and attributes of all parts, one after another; they must have the same attributes."""
    first_path, ids, attributes = parts[0]
    if len(parts) == 1:
        return ids, dict(attributes)
    for path, _, others in parts[1:]:
        for name in sorted(attributes.keys() | others.keys()):
            here, there = (str(part[name].shape[1:]) if name in part else "missing" for part in (others, attributes))
            if here != there:
                raise UserError(
                    f"{path}: attribute {name!r} has shape {here}, in {first_path} {there}; both must agree"
                )
    merged = {name: np.concatenate([part[name] for _, _, part in parts]) for name in attributes}
    return np.concatenate([ids for _, ids, _ in parts]), merged


def file_names(paths):
    """Return the names that tell several geometry files apart: their names without folder and suffix."""
    names = [Path(path).name[: -len(suffix_of(path))] for path in paths]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"geometry.source: two files are called {name}; items are named after them, so rename one")
    return names


def add_attributes(items, generator, parameters):
    """Return the items with what the generator's ``attributes(item)`` gives for each of them."""
    columns = {}
    for row in range(len(items)):
        given = generator.attributes(items.item(row, parameters))
        if not isinstance(given, dict) or (row and given.keys() != columns.keys()):
            raise UserError(
                f"{generator.path}: attributes(item {items.ids[row]}) must give a dict, the same names for all"
            )
        for name, value in given.items():
            columns.setdefault(name, []).append(value)
    taken = sorted(columns.keys() & items.attributes.keys())
    if taken:
        raise UserError(f"{generator.path}: attributes: {taken[0]!r} is an attribute of the geometry already")
    given = {name: _column(f"{generator.path}: attributes:", name, values) for name, values in columns.items()}
    return WorkItems(items.ids, items.seed, {**items.attributes, **given}, items.id_attribute, items.parts)

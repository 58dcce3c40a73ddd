"""Kinds of elements that work items are made of. Only the standard library is imported here."""

ELEMENTS = ("primitive", "point", "vertex", "detail", "piece", "group", "packed")
SINGLE = ("primitive", "point", "vertex")  # how many there are stands in a file's header; rows of a table may be any
BRING_PARTS = ("piece", "group", "packed")  # that are little without their part of the geometry


def plural(element):
    """Return what several elements are called; the whole geometry is one."""
    return {"detail": "geometry", "vertex": "vertices", "packed": "packed primitives"}.get(element, f"{element}s")


def brings_geometry(element, include):
    """Whether items made of an *element* bring their part of the geometry; *include* is `work_items.include`."""
    return element in BRING_PARTS or "geometry" in include


def none_there(path, element, points, primitives, group=None):
    """Return a sentence about a geometry that has none of the elements that are wanted, though so many others.

    >>> none_there("scan.bgeo", "primitive", 2000, 0)
    'scan.bgeo has no primitive, and each data point needs one; it has 2000 points (work_items.element)'
    """
    if not points and not primitives:
        return f"{path}: the geometry is empty; each data point needs a {element}"
    if group and element != "group":
        return f"{path}: no {element} is in the group {group!r}, and each data point needs one (work_items.group)"
    what = "packed primitive" if element == "packed" else element
    counts = {"points": points, "primitives": primitives}
    there = " and ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f"{path} has no {what}, and each data point needs one; it has {there} (work_items.element)"

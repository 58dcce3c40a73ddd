"""Kinds of elements that work items are made of. Only the standard library is imported here."""

ELEMENTS = ("primitive", "point", "vertex", "detail", "piece", "group", "packed")
SINGLE = ("primitive", "point", "vertex")  # how many there are stands in a file's header; rows of a table may be any
BRING_PARTS = ("piece", "group", "packed")  # that are little without their part of the geometry


def brings_geometry(element, include):
    """Whether items made of an *element* bring their part of the geometry; *include* is `work_items.include`."""
    return element in BRING_PARTS or "geometry" in include

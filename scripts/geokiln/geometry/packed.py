"""Packed primitives: a geometry within a geometry, placed by a transform."""

from dataclasses import replace

import numpy as np

from geokiln.geometry.geo_file import geometry_of
from geokiln.geometry.geometry import Geometry
from geokiln.geometry.shared_data import EMBEDDED, shared


def packed_geometry(geometry, number):
    """Return the Geometry that a packed primitive holds, where it lies in the scene of *geometry*.

    Parameters
    ----------
    geometry : Geometry
        One that was read, or that `geokiln.geometry.packing.packed` made.
    number : int
        That of a primitive of kind ``PackedGeometry``, or ``PackedFragment`` (a piece of what several share).

    Raises
    ------
    ValueError, KeyError, TypeError
        If the primitive holds no geometry; one that is packed on disk names its file only.
    """
    primitives = geometry.primitives
    kind, fields = primitives.kind(number), primitives.fields.get(number, {})
    parameters = fields.get("parameters", {})
    if "embedded" not in parameters:
        raise ValueError(f"primitive {number}, a {kind}, holds no geometry: {parameters.get('filename', '')}")
    inner = shared(geometry, EMBEDDED, parameters["embedded"])
    if not isinstance(inner, Geometry):
        inner = geometry_of(inner)
    if kind == "PackedFragment":
        inner = _piece(inner, parameters["attribute"], parameters["name"])
    (origin,) = geometry.points[primitives.points_of(number)][:1]
    pivot = np.asarray(fields.get("pivot", (0, 0, 0)), np.float64)
    turn = np.asarray(fields.get("transform", np.eye(3)), np.float64).reshape(3, 3)  # of row vectors
    return replace(inner, points=((inner.points - pivot) @ turn + origin).astype(np.float32))


def _piece(geometry, attribute, name):
    """Return a geometry of the points whose *attribute* is *name*, or of the primitives whose it is."""
    if attribute in geometry.primitive_attributes:
        return geometry.part(np.flatnonzero(geometry.primitive_attributes[attribute] == name))
    chosen = geometry.point_attributes[attribute] == name
    inside = [number for number, points in enumerate(geometry.primitives) if points and chosen[points].all()]
    return geometry.part(np.array(inside, np.int64))

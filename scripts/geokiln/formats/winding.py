"""Which way round polygons go: clockwise seen from outside in Houdini, counterclockwise in other programs."""

from dataclasses import replace

import numpy as np

from geokiln.geometry.outlines import reversed_corners
from geokiln.geometry.primitives import Primitives, ranges


def turned_round(geometry):
    """Return a geometry whose closed polygons, those of soups too, go the other way round; each begins where it did.

    What is noted of vertices goes with them.
    """
    primitives = Primitives.of(geometry.primitives)
    starts, soups = np.asarray(primitives.starts), {}
    for number, fields in primitives.fields.items():
        if "polyinfo" in fields:
            *runs, corners = fields["polyinfo"]
            soups[number] = {**fields, "polyinfo": [*runs, reversed_corners(np.asarray(corners), np.repeat(*runs))]}
    closed = np.flatnonzero(primitives.closed())
    places = ranges(starts[closed], starts[closed + 1])
    order = np.arange(len(primitives.vertex_points))  # the vertex that each one takes the place of
    turned = reversed_corners(places, np.diff(starts)[closed])
    order[primitives.vertices[places]] = primitives.vertices[turned]
    return replace(
        geometry,
        primitives=Primitives(
            primitives.vertex_points[order],
            primitives.vertices,
            primitives.starts,
            primitives.kinds,
            primitives.codes,
            {**primitives.fields, **soups},
        ),
        vertex_attributes={name: array[order] for name, array in geometry.vertex_attributes.items()},
        groups={key: one[order] if key[0] == "vertex" else one for key, one in geometry.groups.items()},
    )

"""Groups of a geometry file: named sets of its points, vertices, primitives or edges."""

import numpy as np

from geokiln.geometry.pairs import pairs


def read_groups(entries, count):
    """Yield (name, bool array (count,)) of each group: members in order, or a flag for each element."""
    for head, body in entries:
        body = pairs(body)
        selection = pairs(body.get("selection", body))
        members = np.zeros(count, bool)
        if "ordered" in selection:
            numbers = np.asarray(selection["ordered"], np.int64)
            if numbers.size and not 0 <= numbers.min() <= numbers.max() < count:
                raise ValueError(f"a member that is not there, of {count}")
            members[numbers] = True
        else:
            encoding, values = selection["unordered"][:2]
            if encoding == "boolRLE":
                times = np.asarray(values[::2], np.int64)
                if times.size and (times.min() < 0 or times.max() > count or times.sum() != count):
                    raise ValueError(f"runs of {times.sum()} flags for {count} elements")
                values = np.repeat(np.asarray(values[1::2], bool), times)
            values = np.asarray(values, bool)
            if len(values) != count:
                raise ValueError(f"{len(values)} flags for {count} elements")
            members[:] = values
        yield pairs(head)["name"], members


def read_edge_groups(entries, count):
    """Yield (name, int array (n_edges, 2)) of each group of edges: the two points of each."""
    for head, body in entries:
        points = np.asarray(pairs(body)["points"], np.int64).reshape(-1, 2)
        if points.size and not 0 <= points.min() <= points.max() < count:
            raise ValueError(f"an edge of a point that is not there, of {count}")
        yield pairs(head)["name"], points


def group_entry(name, members):
    """Return the lists of one group: runs of members and others."""
    members = np.asarray(members, bool)
    starts = np.flatnonzero(np.concatenate([[True], members[1:] != members[:-1]])) if len(members) else []
    counts = np.diff([*starts, len(members)])
    runs = [part for start, count in zip(starts, counts) for part in (int(count), bool(members[start]))]
    return [["name", name], ["selection", ["unordered", ["boolRLE", runs]]]]


def edge_group_entry(name, edges):
    """Return the lists of one group of edges."""
    return [["name", name], ["points", np.asarray(edges).reshape(-1)]]

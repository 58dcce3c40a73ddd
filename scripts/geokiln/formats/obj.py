"""Wavefront's .obj: polygons, polylines and points, with normals, texture coordinates, colours and groups."""

import numpy as np

from geokiln.errors import UserError
from geokiln.formats.cells import primitives_of
from geokiln.formats.reading import memory
from geokiln.geometry.geometry import Geometry

KINDS = {"f": "polygon", "l": "curve", "p": "curve"}
IGNORED = {"s", "mtllib", "usemap"}  # how it is shaded


def read_obj(path):
    """Return the Geometry of an .obj, and what of it has no place.

    Faces become polygons, lines and points curves. Normals (``N``) and texture coordinates (``uv``) are vertex
    attributes, the colours of points ``Cd``; groups are groups, ``name`` and ``material`` texts of the primitives, if
    the file has objects and materials.

    Raises
    ------
    ValueError, IndexError
        If a line is broken.
    UserError
        If its groups need more memory than there is.
    """
    numbers = {"v": [], "vt": [], "vn": []}
    blocks, corners, owners, members, known, lost = [], [], [], [((), 0)], {}, set()
    state = {"o": "", "usemtl": ""}
    with open(path, encoding="utf-8", errors="replace") as file:
        for keyword, *words in _lines(file):
            if keyword in numbers:
                numbers[keyword].append([float(word) for word in words])
            elif keyword in KINDS:
                row = [known.get(word) or _corner(word, numbers, known) for word in words]
                for part in [[one] for one in row] if keyword == "p" else [row]:
                    blocks.append((KINDS[keyword], [[corner[0] for corner in part]]))
                    corners += part
                    owners.append(state)
            elif keyword in state:
                state = {**state, keyword: " ".join(words)}
            elif keyword == "g":
                members.append((words, len(owners)))
            elif keyword not in IGNORED:
                lost.add(f"lines of {keyword[:20]!r}")
    points, colours = _points(numbers["v"])
    primitives, _ = primitives_of(_runs(blocks), len(points))
    corners = np.array(corners, np.int64).reshape(-1, 3)
    vertex = {
        name: _rows(numbers[key])[corners[:, column]] * (corners[:, column] >= 0)[:, None]
        for name, key, column in (("uv", "vt", 1), ("N", "vn", 2))
        if numbers[key] and (corners[:, column] >= 0).any()
    }
    texts = {
        name: np.array([owner[key] for owner in owners], dtype=str)
        for name, key in (("name", "o"), ("material", "usemtl"))
        if any(owner[key] for owner in owners)
    }
    groups = _groups(path, members, len(owners))
    return Geometry(points, primitives, colours, texts, {}, groups, vertex), sorted(lost)


def _groups(path, members, count):
    """Return the groups of *count* primitives; *members* are names, and the primitive from which these hold."""
    ends = [*(first for _, first in members[1:]), count]
    runs = [(names, first, end) for (names, first), end in zip(members, ends) if first < end]
    flags = dict.fromkeys(name for names, _, _ in runs for name in names)
    if len(flags) * count > memory() // 4:
        raise UserError(f"{path} needs more memory than there is: {len(flags)} groups of {count} faces; save fewer")
    for name in flags:
        flags[name] = np.zeros(count, bool)
    for names, first, end in runs:
        for name in names:
            flags[name][first:end] = True
    return {("primitive", name): array for name, array in flags.items()}


def _lines(file):
    """Yield the words of each line; a backslash at its end joins it with the next."""
    before = []
    for line in file:
        words = before + line.partition("#")[0].split()
        if words and words[-1] == "\\":
            before = words[:-1]
        else:
            before = []
            if words:
                yield words


def _corner(word, numbers, known):
    """Return the numbers of point, texture coordinate and normal, from 0; -1 for one that is not given.

    Numbers count from 1, or backwards from the last that was defined. *known* keeps those that mean the same always.
    """
    corner = []
    for text, key in zip([*word.split("/"), "", ""], ("v", "vt", "vn")):
        number, count = int(text or 0), len(numbers[key])
        place = number - 1 if number > 0 else count + number if number else -1
        if number and not 0 <= place < max(count, number if number > 0 else 0):
            raise ValueError(f"{word} refers to what is not there")
        corner.append(place)
    if "-" not in word:
        known[word] = corner
    return corner


def _runs(blocks):
    """Return blocks of cells of one kind, from those of single cells."""
    runs = []
    for kind, (cell,) in blocks:
        if runs and runs[-1][0] == kind:
            runs[-1][1].append(cell)
        else:
            runs.append((kind, [cell]))
    return runs


def _points(rows):
    """Return positions (n, 3), and the colours that some programs write after them."""
    rows = _rows(rows)
    colours = {"Cd": rows[:, -3:].astype(np.float32)} if rows.shape[1] >= 6 else {}
    return rows[:, :3], colours


def _rows(rows):
    """Return rows of numbers as an array; shorter ones are filled with zeros."""
    width = max(map(len, rows), default=3)
    return np.array([row + [0.0] * (width - len(row)) for row in rows], np.float64).reshape(-1, width)

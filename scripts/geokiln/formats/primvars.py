"""Attributes of a geometry as values of USD: arrays by name, written at the frames where they change."""

import math

import numpy as np
from pxr import Sdf, Tf, Usd, UsdGeom, Vt

from geokiln.errors import UserError

TYPES = Sdf.ValueTypeNames
RENAMED = {  # Houdini's name -> USD's, its type, and how many numbers that has
    "Cd": ("displayColor", TYPES.Color3fArray, 3),
    "Alpha": ("displayOpacity", TYPES.FloatArray, 1),
    "N": ("normals", TYPES.Normal3fArray, 3),
    "uv": ("st", TYPES.TexCoord2fArray, 2),
}
ARRAYS = {  # by kind of number, bytes of one, and how many a row has; others are flat, with an element size
    ("f", 4, 1): (TYPES.FloatArray, Vt.FloatArray),
    ("f", 4, 2): (TYPES.Float2Array, Vt.Vec2fArray),
    ("f", 4, 3): (TYPES.Float3Array, Vt.Vec3fArray),
    ("f", 4, 4): (TYPES.Float4Array, Vt.Vec4fArray),
    ("i", 4, 1): (TYPES.IntArray, Vt.IntArray),
    ("i", 4, 2): (TYPES.Int2Array, Vt.Vec2iArray),
    ("i", 4, 3): (TYPES.Int3Array, Vt.Vec3iArray),
    ("i", 4, 4): (TYPES.Int4Array, Vt.Vec4iArray),
    ("i", 8, 1): (TYPES.Int64Array, Vt.Int64Array),
}


class Samples:
    """The attributes of one prim: each is written once while it stays the same, then at each frame where it changes.

    Parameters
    ----------
    schema : UsdGeomPointBased
    first : int
        The first frame of all: a prim that appears later is empty before.
    """

    def __init__(self, schema, first):
        self.schema, self.first, self.unsaved = schema, first, 0
        self._primvars = {}  # name -> primvar
        self._last = {}  # name -> array, the frame of its last time sample (None: it has none), the last frame

    def set(self, attribute, array, frame):
        """Set a UsdAttribute to an array of numbers or texts at a *frame*."""
        name = attribute.GetName()
        if name not in self._last and frame > self.first:
            self._last[name] = array[:0], None, frame - 1
            self._put(attribute, array[:0], Usd.TimeCode.Default())
        if name not in self._last:
            self._put(attribute, array, Usd.TimeCode.Default())
            sampled = None
        else:
            before, sampled, last = self._last[name]
            if not np.array_equal(before, array):
                if sampled != last:  # else the values between the two would go from one to the other
                    self._put(attribute, before, last)
                self._put(attribute, array, frame)
                sampled = frame
        self._last[name] = array, sampled, frame

    def set_primvars(self, attributes, frame):
        """Set attributes of Houdini's as primvars: name -> (array with a row per element, interpolation).

        One that is there in other frames only is empty in this one.

        Raises
        ------
        UserError
            If an attribute has not one type in all frames; names it.
        """
        here = {self._set_primvar(name, *about, frame) for name, about in attributes.items()}
        for name, primvar in self._primvars.items():
            if name not in here:
                self.set(primvar.GetAttr(), self._last[primvar.GetAttr().GetName()][0][:0], frame)

    def _set_primvar(self, name, array, interpolation, frame):
        """Set one primvar, and return its name."""
        given, rows = name, rows_of_elements(array)
        size = rows.shape[1]
        if rows.dtype.kind == "f":
            rows = rows.astype(np.float32)
        elif rows.dtype.kind != "U":
            small = not rows.size or -(2**31) <= int(rows.min()) <= int(rows.max()) < 2**31
            rows = rows.astype(np.int32 if small else np.int64)
        renamed, kind, numbers = RENAMED.get(name, (name, None, None))
        if kind and rows.dtype.kind == "f" and size >= numbers:
            name, size, rows = renamed, numbers, rows[:, :numbers]
        else:
            kind = None
        flat = size == 1 or (rows.dtype.kind, rows.dtype.itemsize, size) not in ARRAYS
        values = rows.reshape(-1) if flat else rows
        name, kind = Tf.MakeValidIdentifier(name), kind or _array_of(values)[0]
        if name not in self._primvars:
            primvars = UsdGeom.PrimvarsAPI(self.schema)
            self._primvars[name] = primvars.CreatePrimvar(name, kind, interpolation, size if flat and size > 1 else -1)
        primvar = self._primvars[name]
        before, now = (primvar.GetTypeName(), primvar.GetElementSize()), (kind, size if flat else 1)
        if before != now:
            types = " and ".join(f"{one} of {number}" for one, number in (before, now))
            raise UserError(f"attribute {given!r} is {types} by frame {frame}; it must have one type in all frames")
        self.set(primvar.GetAttr(), values, frame)
        return name

    def _put(self, attribute, array, time):
        array = np.ascontiguousarray(array)
        make = _array_of(array)[1]
        attribute.Set(make(array.tolist()) if array.dtype.kind == "U" else make.FromNumpy(array), time)
        self.unsaved += array.nbytes


def rows_of_elements(array):
    """Return an attribute as an array (n_elements, numbers of an element), of no elements as well."""
    return array.reshape(len(array), math.prod(array.shape[1:]))


def _array_of(array):
    """Return the type of an attribute, and the class of arrays, that hold an array (n,) or (n, numbers of a row)."""
    if array.dtype.kind == "U":
        return TYPES.StringArray, Vt.StringArray
    return ARRAYS[array.dtype.kind, array.dtype.itemsize, array.shape[1] if array.ndim > 1 else 1]

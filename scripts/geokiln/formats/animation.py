"""What moves in a USD stage: at which times, and the values that are one for a whole prim."""

import numpy as np
from pxr import Usd, UsdGeom

from geokiln.formats.stage_prims import array_of_value

ELEMENTS = (UsdGeom.PointBased, UsdGeom.PointInstancer)  # their arrays have a value for each of their elements
BOUNDS = ("extent", "extentsHint")


def times_of(prims, lost):
    """Return all times at which anything of some prims has a sample, sorted; *lost* gets what moves without any."""
    times = set()
    for prim in prims:
        for attribute in prim.GetAuthoredAttributes():
            samples = attribute.GetTimeSamples()
            times.update(samples)
            if not samples and attribute.ValueMightBeTimeVarying():
                lost[f"the animation of {attribute.GetPath()} (a spline)"] = None
    return sorted(times)


def animated_attributes(prims, times, lost):
    """Return the animated values that have one shape in all frames: name -> array (n_times,) or (n_times, size).

    They are the local transforms of prims, as 16 numbers (``World_arm_transform``), and all attributes but those that
    have a value for each point or face: constant primvars (``World_arm_bend``), rotations of a skeleton's joints,
    custom attributes. A name begins with the prim's path.
    """
    attributes = {}

    def add(name, path, rows):
        if name in attributes:
            lost[f"{path} (another value is called {name}, too)"] = None
        else:
            attributes[name] = rows[:, 0] if rows.shape[1] == 1 else rows

    for prim in prims:
        start = str(prim.GetPath())[1:].replace("/", "_")
        xform = UsdGeom.Xformable(prim)
        if xform and xform.TransformMightBeTimeVarying():
            rows = [np.array(xform.GetLocalTransformation(Usd.TimeCode(time))).reshape(-1) for time in times]
            add(f"{start}_transform", f"the transform of {prim.GetPath()}", np.stack(rows))
        for attribute in prim.GetAuthoredAttributes():
            if attribute.ValueMightBeTimeVarying() and _is_of_the_whole(prim, attribute):
                name = f"{start}_{attribute.GetName().replace('primvars:', '').replace(':', '_')}"
                rows = [array_of_value(attribute.Get(Usd.TimeCode(time))).reshape(-1) for time in times]
                kinds = {(row.dtype.kind, row.shape) for row in rows}
                if len({kind.replace("U", "") for kind, _ in kinds}) > 1 or len({shape for _, shape in kinds}) > 1:
                    lost[f"{attribute.GetPath()} (of another shape from frame to frame)"] = None
                elif rows[0].dtype.kind in "biufU":
                    add(name, attribute.GetPath(), np.stack(rows))
    return attributes


def _is_of_the_whole(prim, attribute):
    """Whether an attribute is none of a prim's points or faces."""
    name = attribute.GetName()
    if name.startswith("xformOp") or name in BOUNDS or name.endswith(":indices"):
        return False
    if not any(prim.IsA(kind) for kind in ELEMENTS):
        return True
    primvar = UsdGeom.Primvar(attribute)
    if primvar:
        return primvar.GetInterpolation() == "constant"
    return not attribute.GetTypeName().isArray

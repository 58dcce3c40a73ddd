"""USD stages as `Geometry`, through USD itself: as they are, or a packed primitive for each frame of an animation."""

import contextlib
import os
import re
from dataclasses import replace

import numpy as np
from pxr import Ar, Gf, Tf, Usd, UsdGeom, UsdSkel, UsdUtils

from geokiln.errors import UserError
from geokiln.formats.animation import animated_attributes, times_of
from geokiln.formats.finishing import checked, tell_lost
from geokiln.formats.instancers import copies_of, prototypes_of
from geokiln.formats.joining import joined
from geokiln.formats.reading import library_reads, memory
from geokiln.formats.stage_prims import geometry_of_prim
from geokiln.geometry.geometry import Geometry
from geokiln.geometry.packing import packed
from geokiln.geometry.primitives import Primitives
from geokiln.storage.users_files import check_start

TAKEN = (UsdGeom.Mesh, UsdGeom.Points, UsdGeom.BasisCurves, UsdGeom.PointInstancer)
SHARED = ("point_attributes", "primitive_attributes", "vertex_attributes", "groups")
PLACE = re.compile(r"\s*Error in '[^']*' at line \d+ in file \S+ : '")  # in C++, in front of what an error says


def open_stage(path):
    """Return the Usd.Stage of a file, with all that it refers to.

    Raises
    ------
    UserError
        If it is missing, no USD, damaged, or refers to what is not there; names it.
    """
    path = str(path)
    check_start(path)
    diagnostics = UsdUtils.CoalescingDiagnosticDelegate()  # as long as it lives, USD prints no warnings itself
    with _usd_reads(path):
        stage = Usd.Stage.Open(path)
    warnings = [" ".join(one.commentary.split()) for one in diagnostics.TakeUncoalescedDiagnostics()]
    del diagnostics
    errors = [" ".join(str(error).split()).rstrip(".") for error in stage.GetCompositionErrors()]
    if errors:
        more = f"; and {len(errors) - 1} more" if len(errors) > 1 else ""
        raise UserError(f"{path} is not complete: {errors[0]}{more}")
    for warning in warnings:
        print(f"{path}: {warning}")
    return stage


@contextlib.contextmanager
def _usd_reads(path):
    """In the block, what USD raises becomes a sentence: the first of its errors, without their places in C++."""
    with library_reads(path, "USD", Tf.ErrorException):
        try:
            yield
        except Tf.ErrorException as error:
            told = PLACE.sub("\n", str(error)).replace(f"{os.path.abspath(path)}:", "line ").strip().splitlines()
            told = re.sub(r"parse error matching \S.*", "that is no text of USD's", told[0].rstrip("'"))
            raise UserError(f"{path} cannot be read as USD ({told}); save it again") from None


def files_of(stage):
    """Return the paths of the files that a stage consists of, sorted, but for its own."""
    layers = [stage.GetRootLayer(), *stage.GetUsedLayers()]  # the path of a layer in a .usdz is file[layer]
    own, *paths = [Ar.SplitPackageRelativePathOuter(layer.realPath)[0] for layer in layers]
    return sorted({*paths} - {"", own})


def read_stage(path, stage=None):
    """Return the Geometry of a USD stage, in its own unit and axes.

    Meshes become closed polygons, clockwise as Houdini has them, curves polylines through their control points, points
    points, each in the world; instances are expanded (a point instancer's have their number as ``instance``), and
    skinned meshes follow their skeleton. What is invisible, a guide or a proxy is not taken. The primitive attribute
    ``path`` is the prim's, subsets of faces are groups, detail attributes tell ``upAxis`` and ``metersPerUnit``.

    If anything has more than one time sample, each time is a packed primitive (see
    `geokiln.geometry.packed.packed_geometry`) with the attribute ``frame``, and those that
    `geokiln.formats.animation.animated_attributes` gives.

    Parameters
    ----------
    path : path
        A ``.usd``, ``.usda``, ``.usdc`` or ``.usdz``.
    stage : Usd.Stage, optional
        That of the path, if it is open.

    Raises
    ------
    UserError
        As `open_stage` does, and if there is nothing geometric in it; names the file.
    """
    path, stage, lost = str(path), stage or open_stage(path), {}
    with _usd_reads(path):
        geometry = _geometry(path, stage, lost)
        geometry.detail_attributes.update(_axes_and_unit(stage))
    tell_lost(path, lost)
    return geometry


def _geometry(path, stage, lost):
    """Return the Geometry of a stage, as it is or a packed primitive for each frame; *lost* gets what has no place."""
    _skin(stage)
    prims = list(stage.Traverse(Usd.TraverseInstanceProxies()))
    shown = [prim for prim in prims if not _is_prototype(prim) and _is_taken(prim, lost)]
    if not shown:
        raise UserError(f"{path} holds no geometry: no mesh, points or curves that are visible")
    many = [prim for prim in shown if prim.IsA(UsdGeom.PointInstancer)]  # their prototypes may lie out of the scene
    copied = (prim for instancer in many for prototype in prototypes_of(instancer) for prim in prototype)
    prims = list(dict.fromkeys(prims) | dict.fromkeys(copied))
    times = times_of(prims, lost)
    if len(times) > 1:
        return _frames(path, prims, shown, times, lost, _axes_and_unit(stage))
    geometry = _at(path, shown, Usd.TimeCode(times[0]) if times else Usd.TimeCode.Default(), lost)
    if not len(geometry.points):
        raise UserError(f"{path} holds no geometry: its meshes, points and curves are empty or invisible")
    return geometry


def _skin(stage):
    """Let the points of skinned meshes follow their skeletons: in the session's layer, which no file is."""
    stage.SetEditTarget(stage.GetSessionLayer())
    for prim in list(stage.Traverse()):
        if prim.IsA(UsdSkel.Root):
            UsdSkel.BakeSkinning(UsdSkel.Root(prim), Gf.Interval.GetFullInterval())


def _is_taken(prim, lost):
    """Whether a prim is geometry of the final picture; *lost* gets the kinds that have no place."""
    if not any(prim.IsA(kind) for kind in TAKEN):
        if prim.IsA(UsdGeom.Gprim):
            lost[f"prims of type {prim.GetTypeName()}"] = None
        return False
    purpose = UsdGeom.Imageable(prim).ComputePurpose()
    if purpose in ("guide", "proxy"):
        lost[f"{purpose} geometry"] = None
        return False
    return True


def _is_visible(prim, time, lost):
    """Whether a prim is visible at a time; *lost* is told if not."""
    if UsdGeom.Imageable(prim).ComputeVisibility(time) != "invisible":
        return True
    lost["invisible geometry"] = None
    return False


def _is_prototype(prim):
    """Whether a prim lies within a point instancer: it is a pattern then, and not in the scene."""
    above = prim.GetParent()
    return bool(above) and (above.IsA(UsdGeom.PointInstancer) or _is_prototype(above))


def _at(path, prims, time, lost):
    """Return the Geometry of prims at a time."""
    cache, parts = UsdGeom.XformCache(time), []
    copied_bytes = 0

    def add(prim, matrix, number=None):
        if not _is_visible(prim, time, lost):
            return
        part, told = geometry_of_prim(path, prim, time, matrix)
        if number is not None:
            owner = part.primitive_attributes if len(part.primitives) else part.point_attributes
            owner["instance"] = np.full(len(owner["path"]), number)
        parts.append(part)
        lost.update(dict.fromkeys(told))

    for prim in prims:
        if not prim.IsA(UsdGeom.PointInstancer):
            add(prim, cache.GetLocalToWorldTransform(prim))
            continue
        if not _is_visible(prim, time, lost):  # its prototypes may lie elsewhere, where all is visible
            continue
        for copied, number, matrix in copies_of(prim, time, cache, lost):
            if copied.IsA(UsdGeom.PointInstancer):
                lost["point instancers within others"] = None
            elif _is_taken(copied, lost):
                before = len(parts)
                add(copied, matrix, number)
                copied_bytes += sum(array.nbytes for part in parts[before:] for array in _arrays(part))
                if copied_bytes > memory() // 4:
                    raise UserError(f"{path} needs more memory than there is: {prim.GetPath()} shows too many copies")
    if not parts:
        return Geometry(np.zeros((0, 3)), Primitives.of([]))
    geometry, told = joined(parts)
    geometry, more = checked(path, geometry)
    lost.update(dict.fromkeys([*told, *more]))
    return geometry


def _axes_and_unit(stage):
    return {
        "upAxis": np.array([str(UsdGeom.GetStageUpAxis(stage))]),
        "metersPerUnit": np.array([UsdGeom.GetStageMetersPerUnit(stage)]),
    }


def _frames(path, prims, shown, times, lost, details):
    """Return a packed primitive for each time, with what is animated as its attributes."""
    frames, known, held = [], set(), 0
    for number, time in enumerate(times):
        frame = _at(path, shown, Usd.TimeCode(time), lost)
        frame.detail_attributes.update(details)
        frames.append(_sharing(frame, frames[-1]) if frames else frame)
        arrays = {id(array): array.nbytes for array in _arrays(frames[-1])}
        held += sum(size for key, size in arrays.items() if key not in known)
        known = arrays.keys()
        if held > memory() // 4:
            size = f"{number + 1} of its {len(times)} frames hold {held / 1e9:.3g} GB"
            raise UserError(f"{path} needs more memory than there is: {size}")
    whole = all(float(time).is_integer() for time in times)
    attributes = {"frame": np.array(times, np.int64 if whole else np.float64)}
    attributes.update(animated_attributes(prims, times, lost))
    geometry, told = checked(path, packed(frames, attributes))
    lost.update(dict.fromkeys(told))
    return geometry


def _arrays(geometry):
    """Yield the arrays of a geometry that may be large."""
    yield geometry.points
    yield from (geometry.primitives.vertex_points, geometry.primitives.vertices, geometry.primitives.starts)
    for owner in SHARED:
        yield from getattr(geometry, owner).values()


def _sharing(frame, before):
    """Return a frame that has the arrays of the one before where they are equal: most stay as they are."""

    def same(array, other):
        return other if other is not None and array.dtype == other.dtype and np.array_equal(array, other) else array

    kept = {}
    for owner in SHARED:
        old = getattr(before, owner)
        kept[owner] = {name: same(array, old.get(name)) for name, array in getattr(frame, owner).items()}
    new, old = frame.primitives, before.primitives
    if np.array_equal(new.vertex_points, old.vertex_points) and np.array_equal(new.starts, old.starts):
        kept["primitives"] = old if np.array_equal(new.codes, old.codes) else new
    return replace(frame, **kept)

"""Geometry as USD: a stage with a time sample for each frame, through Pixar's own library (usd-core)."""

from dataclasses import dataclass

import numpy as np
from pxr import Tf, Usd, UsdGeom

from geokiln.formats.primvars import Samples
from geokiln.geometry.outlines import outlines

FRAMES_PER_SECOND = 24
UNSAVED_BYTES = 64 << 20  # that wait in memory until they are saved
SCHEMAS = {"mesh": UsdGeom.Mesh, "curves": UsdGeom.BasisCurves, "points": UsdGeom.Points}
CONSTANT, UNIFORM, VERTEX, FACE_VARYING = (
    getattr(UsdGeom.Tokens, name) for name in ("constant", "uniform", "vertex", "faceVarying")
)


def write_stage(path, name, frames):
    """Write frames to a stage, which is a binary one (crate) if *path* ends in ``.usd``.

    Faces become a mesh, ``/{name}/mesh``; lines become curves, ``/{name}/curves``; points that have neither become
    ``/{name}/points``. Attributes become primvars. What is the same in all frames, as topology mostly is, is written
    once. Lengths are metres and Y is up, as in Houdini, unless the first frame has the detail attributes
    ``metersPerUnit`` and ``upAxis`` of the stage that it was read from.

    Parameters
    ----------
    path : path
    name : str
        Of the prim that holds the shapes.
    frames : iterable of (int, Geometry)
        Numbers are time codes, one after the other. One geometry at a time is held in memory.
    """
    stage = Usd.Stage.CreateNew(str(path))
    stage.SetFramesPerSecond(FRAMES_PER_SECOND)
    stage.SetTimeCodesPerSecond(FRAMES_PER_SECOND)
    root = UsdGeom.Xform.Define(stage, f"/{Tf.MakeValidIdentifier(name)}")
    stage.SetDefaultPrim(root.GetPrim())
    prims, first = {}, None
    for frame, geometry in frames:
        if first is None:
            first = frame
            _set_axes_and_unit(stage, geometry.detail_attributes)
        drawn = _drawn(geometry)
        for kind in {**prims, **drawn}:
            if kind not in prims:
                prims[kind] = Samples(SCHEMAS[kind].Define(stage, f"{root.GetPath()}/{kind}"), first)
            _write(kind, prims[kind], geometry, drawn.get(kind) or NOTHING, frame)
        stage.SetStartTimeCode(first)
        stage.SetEndTimeCode(frame)
        if sum(samples.unsaved for samples in prims.values()) > UNSAVED_BYTES:
            stage.Save()
            for samples in prims.values():
                samples.unsaved = 0
    stage.Save()


def _set_axes_and_unit(stage, details):
    up, unit = details.get("upAxis", ["Y"])[0], details.get("metersPerUnit", [1.0])[0]
    UsdGeom.SetStageUpAxis(stage, up if up in ("Y", "Z") else "Y")
    UsdGeom.SetStageMetersPerUnit(stage, float(unit) if isinstance(unit, (float, np.floating)) and unit > 0 else 1.0)


@dataclass
class Drawn:
    """What one prim shows of a geometry: the numbers of its points, vertices and primitives, in the prim's order."""

    points: np.ndarray
    corners: np.ndarray
    sizes: np.ndarray
    indices: np.ndarray
    owners: np.ndarray


EMPTY = np.zeros(0, np.int32)
NOTHING = Drawn(EMPTY, EMPTY, EMPTY, EMPTY, EMPTY)


def _drawn(geometry):
    """Return what there is to draw: kind of prim -> Drawn."""
    faces, lines = outlines(geometry)
    all_points = np.arange(len(geometry.points))
    drawn = {}
    if len(faces.sizes):
        drawn["mesh"] = Drawn(all_points, faces.corners, faces.sizes, faces.points, faces.owners)
    if len(lines.sizes):
        drawn["curves"] = Drawn(lines.points, lines.corners, lines.sizes, EMPTY, lines.owners)
    return drawn or {"points": Drawn(all_points, EMPTY, EMPTY, EMPTY, EMPTY)}


def _write(kind, samples, geometry, drawn, frame):
    schema, points = samples.schema, np.asarray(geometry.points, np.float32)[drawn.points]
    samples.set(schema.CreatePointsAttr(), points, frame)
    extent = np.stack([points.min(0), points.max(0)]) if len(points) else np.zeros((2, 3), np.float32)
    samples.set(schema.CreateExtentAttr(), extent, frame)
    if kind == "mesh":
        schema.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
        samples.set(schema.CreateFaceVertexCountsAttr(), drawn.sizes.astype(np.int32), frame)
        samples.set(schema.CreateFaceVertexIndicesAttr(), drawn.indices.astype(np.int32), frame)
    elif kind == "curves":
        schema.CreateTypeAttr(UsdGeom.Tokens.linear)
        samples.set(schema.CreateCurveVertexCountsAttr(), drawn.sizes.astype(np.int32), frame)
    samples.set_primvars(_attributes(kind, geometry, drawn), frame)


def _attributes(kind, geometry, drawn):
    """Return name -> (array, interpolation): of one name, a vertex's attribute hides a point's, that a primitive's."""
    attributes = {name: (array, CONSTANT) for name, array in geometry.detail_attributes.items()}
    if kind != "points":
        of_primitives = geometry.primitive_attributes.items()
        attributes.update({name: (array[drawn.owners], UNIFORM) for name, array in of_primitives})
    attributes.update({name: (array[drawn.points], VERTEX) for name, array in geometry.point_attributes.items()})
    if kind != "points":
        of_vertices, interpolation = geometry.vertex_attributes.items(), FACE_VARYING if kind == "mesh" else VERTEX
        attributes.update({name: (array[drawn.corners], interpolation) for name, array in of_vertices})
    return attributes

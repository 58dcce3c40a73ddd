"""Prims of a USD stage as geometry, at one time: meshes, points and curves, with all their primvars."""

import numpy as np
from pxr import Gf, Sdf, UsdGeom

from geokiln.errors import UserError
from geokiln.formats.cells import KINDS
from geokiln.formats.winding import turned_round
from geokiln.geometry.geometry import Geometry
from geokiln.geometry.primitives import CURVE, POLYGON, Primitives, starts_of

NAMES = {"displayColor": "Cd", "displayOpacity": "Alpha", "normals": "N", "st": "uv", "widths": "width"}
MESH = {"constant": "primitive", "uniform": "primitive", "vertex": "point", "varying": "point", "faceVarying": "vertex"}
CURVES = {**MESH, "faceVarying": "point"}
POINTS = dict.fromkeys(MESH, "point")


def geometry_of_prim(path, prim, time, to_world):
    """Return the Geometry of a mesh, of points or of curves, in the stage's world, and what of it has no place.

    Constant and uniform primvars become primitive attributes, vertex and varying ones point attributes, and those per
    corner of a face vertex attributes; of points, all are point attributes. Normals, velocities and accelerations are
    turned with the prim; other primvars stay as they are.

    Parameters
    ----------
    path : path
        The file, to name.
    prim : Usd.Prim
        A UsdGeom.Mesh, UsdGeom.Points or UsdGeom.BasisCurves.
    time : Usd.TimeCode
    to_world : Gf.Matrix4d
        From the prim to the world, of row vectors.

    Raises
    ------
    UserError
        If its faces or curves contradict its points.
    """
    points = _array(UsdGeom.PointBased(prim).GetPointsAttr().Get(time), (0, 3))
    where, closed, owners, corners, sizes = f"{path}: {prim.GetPath()}", True, POINTS, [], []
    if prim.IsA(UsdGeom.Mesh):
        mesh, owners = UsdGeom.Mesh(prim), MESH
        sizes = _array(mesh.GetFaceVertexCountsAttr().Get(time), (0,))
        corners = _array(mesh.GetFaceVertexIndicesAttr().Get(time), (0,))
    elif prim.IsA(UsdGeom.BasisCurves):
        curves, owners = UsdGeom.BasisCurves(prim), CURVES
        sizes = _array(curves.GetCurveVertexCountsAttr().Get(time), (0,))
        closed, corners = curves.GetWrapAttr().Get(time) == "periodic", np.arange(len(points))
    primitives = _primitives(where, corners, sizes, len(points), POLYGON if closed else CURVE)
    counts = {"point": len(points), "primitive": len(primitives), "vertex": len(corners)}
    attributes, lost = {owner: {} for owner in counts}, []
    for name, value, interpolation, width in _values(prim, time):
        owner = owners.get(interpolation, "point")
        of_the_whole = interpolation == "constant" or (owners is POINTS and interpolation == "uniform")
        rows = _rows(value, counts[owner], of_the_whole, width)
        if rows is None:
            lost.append(f"{prim.GetPath()} {name} ({interpolation}, not a value for each {owner})")
            continue
        attributes[owner][NAMES.get(name, name)] = _turned(name, rows, to_world)
    owner = "primitive" if len(primitives) else "point"
    attributes[owner]["path"] = np.full(counts[owner], str(prim.GetPath()))
    if prim.IsA(UsdGeom.BasisCurves) and UsdGeom.BasisCurves(prim).GetTypeAttr().Get(time) == "cubic":
        lost.append("what lies between the control points of cubic curves")
    groups = _groups(prim, time, len(primitives)) if owners is MESH else {}
    world = points.astype(np.float64) @ np.array(to_world)[:3, :3] + np.array(to_world)[3, :3]
    points = points if to_world == Gf.Matrix4d(1) else world
    parts = attributes["point"], attributes["primitive"], {}, groups, attributes["vertex"]
    geometry = Geometry(points, primitives, *parts)
    return turned_round(geometry) if owners is MESH and _is_right_handed(prim, time, to_world) else geometry, lost


def _is_right_handed(prim, time, to_world):
    """Whether the faces of a mesh go counterclockwise in the world: a transform that mirrors turns them round."""
    right_handed = UsdGeom.Mesh(prim).GetOrientationAttr().Get(time) != "leftHanded"
    return right_handed == (np.linalg.det(np.array(to_world)[:3, :3]) >= 0)


def _primitives(where, corners, sizes, point_count, kind):
    sizes, corners = np.asarray(sizes, np.int64), np.asarray(corners, np.int64)
    if (sizes < 0).any() or sizes.sum() != len(corners):
        raise UserError(f"{where} has faces of {sizes.sum()} corners, and lists {len(corners)}; export it again")
    if len(corners) and not 0 <= corners.min() <= corners.max() < point_count:
        raise UserError(f"{where} has faces of points that are not there, of {point_count}; export it again")
    codes = np.full(len(sizes), KINDS.index(kind))
    return Primitives(corners, np.arange(len(corners)), starts_of(sizes), KINDS, codes)


def _values(prim, time):
    """Yield name, value, interpolation and numbers per element of all that a prim says of its points and faces."""
    based, names = UsdGeom.PointBased(prim), set()
    for primvar in UsdGeom.PrimvarsAPI(prim).FindPrimvarsWithInheritance():
        value = primvar.ComputeFlattened(time)
        if value is not None:
            names.add(str(primvar.GetPrimvarName()))
            yield str(primvar.GetPrimvarName()), value, str(primvar.GetInterpolation()), primvar.GetElementSize()
    plain = {
        "normals": (based.GetNormalsAttr(), str(based.GetNormalsInterpolation())),
        "v": (based.GetVelocitiesAttr(), "vertex"),
        "accel": (based.GetAccelerationsAttr(), "vertex"),
    }
    if prim.IsA(UsdGeom.Points):
        plain["id"] = (UsdGeom.Points(prim).GetIdsAttr(), "vertex")
        plain["widths"] = (UsdGeom.Points(prim).GetWidthsAttr(), str(UsdGeom.Points(prim).GetWidthsInterpolation()))
    elif prim.IsA(UsdGeom.BasisCurves):
        curves = UsdGeom.BasisCurves(prim)
        plain["widths"] = (curves.GetWidthsAttr(), str(curves.GetWidthsInterpolation()))
    for name, (attribute, interpolation) in plain.items():
        value = attribute.Get(time)
        if value is not None and len(value) and name not in names:
            yield name, value, interpolation, 1


def array_of_value(value):
    """Return a value of USD's as an array of numbers or texts; quaternions are x, y, z, w."""
    if isinstance(value, (Gf.Quatf, Gf.Quatd, Gf.Quath)):
        return np.array([*value.GetImaginary(), value.GetReal()])
    if isinstance(value, (Sdf.AssetPath, Sdf.TimeCode)):
        return np.array(value.path if isinstance(value, Sdf.AssetPath) else float(value))
    array = np.array(value)
    if array.dtype == object and isinstance(value, Sdf.AssetPathArray):
        return np.array([one.path for one in value], dtype=str)
    return array


def _array(value, shape):
    array = np.array([] if value is None else value)  # a value of a kind that does not belong there is no array
    return array if array.ndim == len(shape) and array.dtype.kind in "iuf" else np.zeros(shape, np.float32)


def _rows(value, count, of_the_whole, width):
    """Return a value as rows (count, k), *width* of its entries each; None if they are not as many.

    One that is *of_the_whole* prim is each element's row.
    """
    array = array_of_value(value)
    if of_the_whole:
        return np.broadcast_to(array.reshape(-1), (count, array.size))
    if array.ndim == 0 or len(array) != count * width:
        return None
    return array.reshape(count, int(np.prod(array.shape[1:])) * width)


def _turned(name, rows, to_world):
    """Return normals and velocities as they are in the world, all else as it is."""
    rows = rows[:, 0] if rows.shape[1] == 1 else rows
    turn = np.array(to_world)[:3, :3]
    if name not in ("normals", "v", "accel") or np.array_equal(turn, np.eye(3)) or rows.ndim != 2 or rows.shape[1] != 3:
        return rows
    if name != "normals":
        return (rows @ turn).astype(np.float32)
    turned = rows @ np.linalg.pinv(turn).T
    lengths = np.linalg.norm(turned, axis=1, keepdims=True)
    return (turned / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _groups(prim, time, count):
    """Return a mesh's subsets of faces as groups."""
    groups = {}
    for subset in UsdGeom.Subset.GetAllGeomSubsets(UsdGeom.Imageable(prim)):
        faces = np.asarray(_array(subset.GetIndicesAttr().Get(time), (0,)), np.int64)
        if subset.GetElementTypeAttr().Get(time) == "face":
            flags = np.zeros(count, bool)
            flags[faces[(faces >= 0) & (faces < count)]] = True
            groups["primitive", subset.GetPrim().GetName()] = flags
    return groups

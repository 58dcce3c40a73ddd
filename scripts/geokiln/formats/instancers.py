"""Point instancers of a USD stage: copies of prototypes, each at a place of its own."""

from pxr import Usd, UsdGeom


def copies_of(instancer, time, cache):
    """Yield prim, number and matrix to the world of each prim that a point instancer shows at a *time*.

    Parameters
    ----------
    instancer : Usd.Prim
    time : Usd.TimeCode
    cache : UsdGeom.XformCache
        Of that time.
    """
    made = UsdGeom.PointInstancer(instancer)
    roots = [instancer.GetStage().GetPrimAtPath(path) for path in made.GetPrototypesRel().GetForwardedTargets()]
    kinds = made.GetProtoIndicesAttr().Get(time) or []
    places = made.ComputeInstanceTransformsAtTime(time, time, applyMask=UsdGeom.PointInstancer.IgnoreMask) or []
    shown = made.ComputeMaskAtTime(time) or [True] * len(kinds)
    world = cache.GetLocalToWorldTransform(instancer)
    for number, (kind, place, is_shown) in enumerate(zip(kinds, places, shown)):
        if is_shown and 0 <= kind < len(roots) and roots[kind]:
            for prim in Usd.PrimRange(roots[kind], Usd.TraverseInstanceProxies()):
                yield prim, number, cache.ComputeRelativeTransform(prim, roots[kind])[0] * place * world

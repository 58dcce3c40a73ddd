"""Point instancers of a USD stage: copies of prototypes, each at a place of its own."""

from pxr import Usd, UsdGeom

# Prototypes often lie under an `over` or a `class`, so that they are not in the scene themselves.
ALL = Usd.TraverseInstanceProxies(Usd.PrimIsActive & Usd.PrimIsLoaded)


def prototypes_of(instancer):
    """Return the prims of each prototype of a point instancer, its root first; none of one that is not there."""
    paths = UsdGeom.PointInstancer(instancer).GetPrototypesRel().GetForwardedTargets()
    roots = [instancer.GetStage().GetPrimAtPath(path) for path in paths]
    return [list(Usd.PrimRange(root, ALL)) if root else [] for root in roots]


def copies_of(instancer, time, cache, lost):
    """Yield prim, number and matrix to the world of each prim that a point instancer shows at a *time*.

    Parameters
    ----------
    instancer : Usd.Prim
    time : Usd.TimeCode
    cache : UsdGeom.XformCache
        Of that time.
    lost : dict
        Gets what is said of copies whose prototype is not there.
    """
    made = UsdGeom.PointInstancer(instancer)
    patterns = prototypes_of(instancer)
    kinds = made.GetProtoIndicesAttr().Get(time) or []
    places = made.ComputeInstanceTransformsAtTime(time, time, applyMask=UsdGeom.PointInstancer.IgnoreMask) or []
    shown = made.ComputeMaskAtTime(time) or [True] * len(kinds)
    world = cache.GetLocalToWorldTransform(instancer)
    for number, (kind, place, is_shown) in enumerate(zip(kinds, places, shown)):
        prims = patterns[kind] if 0 <= kind < len(patterns) else []
        if is_shown and not prims:
            lost[f"copies of {instancer.GetPath()} whose prototype is not there"] = None
        for prim in prims if is_shown else []:
            yield prim, number, cache.ComputeRelativeTransform(prim, prims[0])[0] * place * world

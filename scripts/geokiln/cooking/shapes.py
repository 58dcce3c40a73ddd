"""Results back into the scene: the geometry that targets mean, item by item."""

import numpy as np

from geokiln.errors import UserError, warn
from geokiln.geometry.sequence import KINDS
from geokiln.storage.arrays import open_arrays
from geokiln.work_items.item_table import read_items

ERROR = "error"  # a point attribute


def predicted_items(table, cooked, predicted, parameters, geometry=()):
    """Return the items of an unseen input that were predicted, in the order of the predictions, and their targets.

    Parameters
    ----------
    table, cooked, predicted : path
        ``work_items/unseen/{unseen}.npz``, ``unseen/{unseen}.npz`` and ``predictions/{unseen}.npz``.
    parameters : dict
        ``generator.parameters``.
    geometry : list of path
        The files that the items were imported from, where items bring their own geometry.

    Returns
    -------
    items : list of geokiln.work_items.items.Item
    targets : dict
        Kind of shape (``truth`` and ``baseline`` where there are any, ``prediction``) -> target component -> array
        (n_items, *shape), in files.
    """
    cooked, predicted = open_arrays(cooked, check=True), open_arrays(predicted, check=True)
    if cooked["id"].tolist() != predicted["id"].tolist():
        raise UserError("the predictions are of other items than the cooked ones; run again to make them anew")
    items = read_items(table, 0, len(open_arrays(table, check=True)["id"]), geometry)
    rows = {item: row for row, item in enumerate(items.ids.tolist())}
    names = [name for name in predicted if name != "id"]
    prefixes = dict(zip(KINDS, ("target/", "baseline/", "")))
    given = {"truth": cooked, "baseline": cooked, "prediction": predicted}
    targets = {
        kind: {name: given[kind][prefix + name] for name in names}
        for kind, prefix in prefixes.items()
        if all(prefix + name in given[kind] for name in names)
    }
    return [items.item(rows[item], parameters) for item in predicted["id"].tolist()], targets


def shapes(generator, items, targets):
    """Yield the row, the kind and the Geometry of each shape; one item's are in memory at a time.

    Each point has its distance from the truth's as the attribute ``error``, in the unit of the scene, where the truth
    is there and has as many points. An attribute of that name that the user's function gave stays as it is.

    Parameters
    ----------
    generator : geokiln.cooking.generator.Generator
    items : list of geokiln.work_items.items.Item
    targets : dict
        As `predicted_items` gives them.
    """
    told = set()
    for row, item in enumerate(items):
        truth = None
        for kind, components in targets.items():
            shape = generator.shape(item, {name: np.array(array[row]) for name, array in components.items()}, kind)
            if kind == "truth":
                truth = shape.points
            elif truth is not None and len(truth) == len(shape.points):
                distance = np.linalg.norm(np.subtract(shape.points, truth, dtype=np.float64), axis=1)
                shape.point_attributes.setdefault(ERROR, distance.astype(np.float32))
            elif truth is not None and kind not in told:
                told.add(kind)
                counts = f"{len(shape.points)} points, its truth has {len(truth)}"
                warn(f"{generator.path}: shape(item {item.id}, {kind}) has {counts}; such items have no error")
            yield row, kind, shape

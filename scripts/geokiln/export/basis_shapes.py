"""The basis of a target as shapes: what Houdini combines with the coefficients that a model gives."""

import numpy as np

from geokiln.errors import UserError
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import Geometry
from geokiln.storage.tables import columns_of


def check_components(wedge, recipe):
    """Raise a UserError if a wedge was trained without principal components: there is nothing to combine."""
    if not recipe["target_components"]:
        raise UserError(
            f"wedge {wedge} was trained with preprocess.target_components: 0, so there is no basis; set it to a number "
            "of components, such as 32, or use its model.onnx, which gives the targets themselves"
        )


def basis_shapes(basis, targets, name):
    """Return the mean of a target and its principal components as one geometry, a shape after the other.

    Parameters
    ----------
    basis : dict
        As `geokiln.dataset.preprocessing.fit_basis` gives it.
    targets : list of dict
        All targets, as `geokiln.storage.tables.components_of` gives them.
    name : str
        The target that is wanted, of shape (n_points, 3).

    Returns
    -------
    geokiln.geometry.geometry.Geometry
        Points ((1 + n_components) n_points), in the target's unit. ``component`` is 0 for the points of the mean, then
        1, 2 ...; ``id`` is the number of a point within its shape. It is the layout of Houdini's PCA SOP.

    Raises
    ------
    UserError
        If there is no such target, or it is no array of points.
    """
    found = [target for target in targets if target["name"] == name]
    if not found:
        there = ", ".join(target["name"] for target in targets)
        raise UserError(f"basis/{name}.geo: there is no target {name!r}; there are: {there}")
    shape = tuple(found[0]["shape"])
    if len(shape) != 2 or shape[1] != 3:
        raise UserError(f"basis/{name}.geo: target {name!r} has the shape {shape}; shapes need an array (points, 3)")
    columns = columns_of(found[0])
    rows = np.vstack([basis["target_mean"][None, columns], basis["basis"][:, columns]])
    component, number = np.indices((len(rows), shape[0]), np.int32)
    attributes = {"component": component.ravel(), "id": number.ravel()}
    return Geometry(rows.reshape(-1, 3), [], attributes)


def write_shapes(path, geometry):
    """Write shapes to a geometry file, and read it again: what is there must be the same, bit by bit."""
    write_geo(path, geometry)
    again = read_geo(path)
    same = np.array_equal(again.points, geometry.points)
    if not (same and np.array_equal(again.point_attributes["component"], geometry.point_attributes["component"])):
        raise RuntimeError(f"{path} holds other shapes than were written")

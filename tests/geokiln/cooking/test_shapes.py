"""The shape of the default example: a closed surface, seen from outside."""

from pathlib import Path

import numpy as np
import pytest

from geokiln.cooking.generator import Generator
from geokiln.geometry.outlines import outlines
from geokiln.work_items.items import WorkItems

TUBE = Path(__file__).parents[3] / "examples/tube_deformer/generator.py"


def test_the_tubes_surface_encloses_its_volume():
    item = WorkItems(np.array(["0"]), 1, {"rotation": np.float32([[0.3, 0.8, -0.5]])}).item(0, {})
    generator = Generator(TUBE)

    shape = generator.shape(item, {"displacement": np.zeros((425, 3), np.float32)}, "prediction")

    faces, lines = outlines(shape)
    vertices, tetrahedra = generator.module.tube()
    corners = shape.points[faces.points.reshape(-1, 3)]
    enclosed = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    edges = shape.points[tetrahedra[:, 1:]] - shape.points[tetrahedra[:, :1]]
    assert enclosed == pytest.approx(np.linalg.det(edges).sum() / 6) and enclosed > 2
    assert len(shape.points) == len(vertices) and not len(lines.sizes)
    sides = faces.points.reshape(-1, 3)[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    assert set(np.unique(np.sort(sides, axis=1), axis=0, return_counts=True)[1]) == {2}  # a face on either side of each

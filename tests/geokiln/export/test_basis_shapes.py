import json

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.export.basis_shapes import basis_shapes, check_components, write_shapes
from geokiln.storage.tables import components_of

TARGETS = components_of({"force": (), "displacement": (4, 3), "velocity": (2, 3)})


@pytest.fixture
def basis():
    random = np.random.default_rng(0)
    return {"target_mean": np.float32(random.normal(size=19)), "basis": np.float32(random.normal(size=(2, 19)))}


def test_the_file_holds_the_mean_and_each_component_in_the_order_of_points(basis, tmp_path):
    write_shapes(tmp_path / "shapes.geo", basis_shapes(basis, TARGETS, "displacement"))

    document = json.loads((tmp_path / "shapes.geo").read_text())
    sections = dict(zip(document[::2], document[1::2], strict=True))
    attributes = dict(zip(sections["attributes"][::2], sections["attributes"][1::2], strict=True))["pointattributes"]
    values = {}
    for head, body in attributes:
        stored = dict(zip(body[::2], body[1::2], strict=True))["values"][-1]
        values[head[head.index("name") + 1]] = np.array(stored)
    assert (sections["pointcount"], sections["primitivecount"]) == (12, 0)
    rows = np.float32([basis["target_mean"][1:13], *basis["basis"][:, 1:13]])
    assert np.array_equal(values["P"].astype(np.float32), rows.reshape(12, 3))
    assert values["component"].ravel().tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert values["id"].ravel().tolist() == [0, 1, 2, 3] * 3


@pytest.mark.parametrize(
    ("name", "shape", "sentence"),
    [
        ("force", (), "target 'force' has the shape (); shapes need an array (points, 3)"),
        ("force", (3,), "target 'force' has the shape (3,); shapes need an array (points, 3)"),
        ("force", (3, 2), "target 'force' has the shape (3, 2); shapes need an array (points, 3)"),
        ("force", (2, 2, 3), "target 'force' has the shape (2, 2, 3); shapes need an array (points, 3)"),
        ("push", (1, 3), "there is no target 'push'; there are: force, wave"),
    ],
)
def test_what_is_no_array_of_points_has_no_shapes(name, shape, sentence):
    with pytest.raises(UserError) as error:
        basis_shapes({}, components_of({"force": shape, "wave": (5,)}), name)

    assert str(error.value) == f"basis/{name}.geo: {sentence}"


def test_without_components_there_is_nothing_to_combine():
    check_components("one", {"target_components": 1})

    with pytest.raises(UserError, match="^wedge one was trained with preprocess.target_components: 0, so there is no"):
        check_components("one", {"target_components": 0})

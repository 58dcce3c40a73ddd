import re

import pytest

from geokiln.errors import UserError
from geokiln.geometry.geometry import Geometry


def test_attributes_make_a_primitive_for_each_row():
    result = Geometry.from_attributes({"time": [0.1, 0.2], "name": ["a", "b"]})

    assert result.points.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert result.primitives == [[0], [1]]
    assert {n: a.tolist() for n, a in result.primitive_attributes.items()} == {"time": [0.1, 0.2], "name": ["a", "b"]}


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({}, "there are no geometry attributes; at least one is needed, with a row per primitive"),
        (
            {"time": [1, 2], "name": ["a"]},
            "geometry attributes differ in length ({'time': 2, 'name': 1}); each needs one row per primitive",
        ),
        ({"time": [1, 2], "size": 1.0}, "geometry attribute 'size' is one value; it needs a row per primitive"),
    ],
    ids=["none", "lengths", "number"],
)
def test_attributes_that_make_no_geometry_are_refused_by_name(attributes, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        Geometry.from_attributes(attributes)

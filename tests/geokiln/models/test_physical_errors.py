import numpy as np
import pytest

from geokiln.models.physical_errors import relative_error, rms_and_spread, rms_by_example
from geokiln.storage.tables import components_of

COMPONENTS = components_of({"height": (2,), "force": ()})
ERRORS = np.array([[3.0, 4.0, 1.0], [0.0, 0.0, -7.0]])


def test_rms_and_spread_of_each_component_by_hand():
    targets = np.array([[1.0, -1.0, 12.0], [1.0, -1.0, 8.0]])
    blocks = zip(np.split(targets + ERRORS, [1]), np.split(targets, [1]), strict=True)

    rms, spread = rms_and_spread(blocks, COMPONENTS, mean=np.array([0.0, 0.0, 10.0]))

    assert rms == pytest.approx({"height": 2.5, "force": 5.0})
    assert spread == pytest.approx({"height": 1.0, "force": 2.0})
    assert all(type(value) is float for value in [*rms.values(), *spread.values()])


def test_rms_of_each_example_by_hand():
    result = {component["name"]: rms_by_example(ERRORS, component).tolist() for component in COMPONENTS}

    assert result == {"height": pytest.approx([12.5**0.5, 0]), "force": [1, 7]}


def test_the_relative_error_of_a_constant_target_is_absolute():
    assert relative_error({"a": 0.5}, {"a": 0.0}) == 0.5

from pathlib import Path

import numpy as np
import pytest

from geokiln.dataset.preprocessing import preprocess_table
from geokiln.models.reference import coefficient_function
from geokiln.models.wedge_errors import errors_on_examples
from geokiln.storage.arrays import read_arrays
from geokiln.storage.tables import Table


def rms(array):
    return np.sqrt(np.square(array).mean())


def test_errors_are_those_of_the_held_out_examples_in_physical_units(dataset, wedge):
    x = np.linspace(-1, 1, 40)[:, None]
    files = dataset(x, {"line": np.hstack([x, 2 * x]), "square": 1000 * x**2})
    Path("base").mkdir()
    preprocess_table(*files, "base", 0.2, 0, True, 2, 0.3)
    basis, table = read_arrays("base/basis.npz"), Table(*files[:2])
    weights = {"layers.0.weight": np.float32([[0.5, -0.25]]), "layers.0.bias": np.float32([0.125, 1])}

    errors = errors_on_examples(coefficient_function(wedge(), weights, 1, 2), basis, table)

    rows, standardised = table.read(), (np.float32(x) - basis["input_mean"]) / basis["input_scale"]
    coefficients = standardised @ weights["layers.0.weight"] + weights["layers.0.bias"]
    off = coefficients @ basis["basis"] + basis["target_mean"] - rows[:, 1:]
    validation, test = basis["validation"], basis["test"]
    spread = rows[validation, 1:] - rows[~validation & ~test, 1:].mean(0)
    parts = {"line": slice(2), "square": slice(2, 3)}
    shares = [rms(off[validation, part]) / rms(spread[:, part]) for part in parts.values()]
    assert not (validation & test).any() and test.sum() > 5
    assert errors["judged_on"] == "validation"
    for name, held_out in (("validation_rmse", validation), ("test_rmse", test)):
        expected = {target: rms(off[held_out, part]) for target, part in parts.items()}
        assert errors[name] == pytest.approx(expected, rel=1e-5)
    assert errors["relative_validation_rmse"] == pytest.approx(rms(np.array(shares)), rel=1e-4)

from datetime import datetime
from fractions import Fraction

import numpy as np
import pytest

from geokiln.cooking.checked_values import float_arrays
from geokiln.errors import UserError
from geokiln.storage.rounding import rounding_of

BIG = 2**24 + 1  # the first whole number that float32 lacks


class Tensor:
    """As a tensor with a gradient: it is no array by itself."""

    def __array__(self, *_, **__):
        raise RuntimeError("use tensor.detach().numpy()\nmore")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("3.5", ": it holds text"),
        ([b"3"], ": it holds bytes; save it as text: astype(str)"),
        (None, ": it holds Python objects; save it as text, astype(str), or as numbers, astype(float)"),
        ([1.0, None], ": it holds Python objects; save it as text, astype(str), or as numbers, astype(float)"),
        ([Fraction(1, 3)], ": it holds Python objects; save it as text, astype(str), or as numbers, astype(float)"),
        ([2**70], ": it holds Python objects; save it as text, astype(str), or as numbers, astype(float)"),
        ([1 + 0j], ": it holds complex numbers; give .real and .imag"),
        (np.zeros(2, [("x", "f4")]), ": it holds records; give each field as an array of its own"),
        (
            np.array([datetime(2020, 1, 1)], "M8[s]"),
            ": it holds dates; give the time since a start: (date - start) / np.timedelta64(1, 's')",
        ),
        (
            np.array([5], "m8[s]"),
            ": it holds durations; give them as numbers: duration / np.timedelta64(1, 's')",
        ),
        (np.array(["3"], "T"), ": it is of type StringDType(); save it as text, astype(str)"),
        (Tensor(), " (use tensor.detach().numpy())"),
        ([1, "2"], ": it holds text"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_with_what_it_is(value, reason):
    with pytest.raises(UserError) as error:
        float_arrays("target", {"h": value}, "cook(item 1)")

    assert str(error.value) == f"cook(item 1): target 'h' is not an array of numbers{reason}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.matrix([[1, 2]]), [[1, 2]]),
        (np.array([True, False]), [1, 0]),
        (np.float16(0.5), 0.5),
        (np.longdouble([2.5]), [2.5]),
        (np.ma.array([1, 2], mask=[False, False]), [1, 2]),
        (np.ma.masked, None),
        ([np.ma.array([1, 2], mask=[True, False])], [[None, 2]]),
    ],
)
def test_what_are_numbers_become_float32_and_masked_ones_nan(value, expected):
    array = float_arrays("target", {"h": value}, "")["h"]

    assert array.dtype == np.float32 and type(array) is np.ndarray
    assert np.array_equal(array, np.array(expected, np.float32), equal_nan=True)


@pytest.mark.parametrize(
    ("kind", "value", "lost"),
    [
        ("input", np.float64([[1.7e9 + 1, 0.5]]), [[1, 0]]),
        ("input", np.array([[BIG, -BIG]]), [[1, -1]]),
        ("input", np.array([[2**60 + 1]]), [[1]]),  # more digits than float64 has
        ("input", np.array([[1e-50]]), [[1e-50]]),
        ("target", np.array([[BIG] * 4, [BIG, 0, 0, 0]]), [[2], [0.5]]),
        ("input", np.full((1, 100), BIG), [[10]]),  # wide
    ],
)
def test_what_float32_takes_away_is_told_by_column_of_an_input_and_by_target(kind, value, lost):
    result = rounding_of(kind, value, value.astype(np.float32))

    assert result.tolist() == lost


@pytest.mark.parametrize(
    ("dtype", "recorded"), [("f8", True), ("i8", True), ("i4", True), ("f4", False), ("i2", False)]
)
def test_types_of_which_float32_holds_all_values_need_no_record(dtype, recorded):
    assert bool(float_arrays("input", {"x": np.ones(2, dtype)}, "").rounding) == recorded

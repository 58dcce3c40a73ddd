import numpy as np
import pytest

from geokiln.dataset.suspects import check_copies, check_rounding
from geokiln.errors import UserError
from geokiln.storage.arrays import write_arrays
from geokiln.storage.rounding import rounding_of

COUNT = 40
RANDOM = np.random.default_rng(0).uniform(0, 1, COUNT)
SEVERAL = np.stack([RANDOM, RANDOM[::-1], np.ones(COUNT)], 1)


def batches(components, size):
    """Write *components* (name -> float64 rows) as batches of a *size*; return the reports and the files."""
    reports, paths = [], []
    for first in range(0, COUNT, size):
        rows = {name: np.asarray(array)[first : first + size] for name, array in components.items()}
        report = {"items": len(next(iter(rows.values()))), "default_inputs": True, "rounding": {}}
        arrays = {"id": np.arange(report["items"]).astype(str)}
        for name, array in rows.items():
            arrays[name] = array.astype(np.float32)
            lost = rounding_of(name.split("/")[0], array, arrays[name])
            report["rounding"][name] = np.stack([lost.min(0), lost.max(0)], 1).tolist()
        reports.append(report)
        paths.append(f"{first}.npz")
        write_arrays(paths[-1], arrays)
    return reports, paths


@pytest.mark.parametrize("size", [1, 8, COUNT], ids="batches of {}".format)
@pytest.mark.parametrize(
    ("name", "array", "sentence"),
    [
        ("input/x", 1.7e9 + 2 * RANDOM, "by about 2 at 1.7e+09, which float32 cannot hold (it has steps of 128 there)"),
        ("input/x", 5e6 + 100 * RANDOM, "at 5.0001e+06"),
        ("input/x", 2**24 + np.arange(COUNT), "by about 42 at 1.67773e+07"),
        ("input/x", 2**60 + np.arange(COUNT), "by about 39 at 1.15292e+18"),
        (
            "input/x",
            1e-50 * RANDOM,
            "at 0, which float32 cannot hold (it has steps of 1.401e-45 there); take a smaller",
        ),
        ("input/x", SEVERAL + [0, 1e7, 0], "at 1e+07"),
        ("target/x", 1e6 + 0.01 * SEVERAL, "at 1e+06"),
        ("input/x", RANDOM, None),
        ("input/x", 5e6 + 1e5 * RANDOM, None),
        ("input/x", np.float32(1.7e9 + 2 * RANDOM), None),  # the generator itself says that it does not matter
        ("input/x", np.full(COUNT, 0.1), None),
        ("input/x", np.cos(RANDOM) ** 2 + np.sin(RANDOM) ** 2, None),  # one, but for float64's own rounding
        ("input/x", np.stack([RANDOM, np.full(COUNT, 0.1)], 1), None),
        ("input/x", np.arange(COUNT) + 2**23, None),
        ("target/x", SEVERAL + [0, 0, 1e-9], None),
        ("target/x", np.stack([RANDOM, 1 + 1e-9 * RANDOM], 1), None),  # within a target proportions stay
    ],
)
def test_digits_that_tell_items_apart_and_that_float32_lacks_are_named_whatever_the_batches(
    name, array, sentence, size
):
    reports, paths = batches({name: array}, size)

    if sentence is None:
        check_rounding(reports, paths)
    else:
        with pytest.raises(UserError) as error:
            check_rounding(reports, paths)
        kind, where = name.split("/")[0], "inputs(item)" if name.startswith("input") else "cook(item)"
        assert str(error.value).startswith(f"{kind} 'x' differs from item to item by about ")
        assert sentence in str(error.value)
        assert f" in {where}, or give np.float32(...) there if" in str(error.value)


def test_batches_of_earlier_versions_say_nothing():
    reports, paths = batches({"input/x": 1.7e9 + 2 * RANDOM, "target/x": 1.7e9 + 2 * RANDOM}, 8)
    for report in reports:
        del report["rounding"], report["default_inputs"]

    check_rounding(reports, paths)
    check_copies(reports, paths)


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        (RANDOM, RANDOM, True),
        (SEVERAL, SEVERAL, True),
        (SEVERAL, RANDOM, True),  # a number of a vector
        (np.round(RANDOM, 6), RANDOM, True),  # as it stands in a text file
        (RANDOM, 2 * RANDOM, False),  # a law may be linear
        (SEVERAL, SEVERAL + [0, 0.1, 0], False),  # positions of which one coordinate moves
        (np.ones(COUNT), np.ones(COUNT), False),
        (1e6 + RANDOM, 1e6 + RANDOM[::-1], False),
        (RANDOM, np.where(np.arange(COUNT) == COUNT - 1, 0, RANDOM), False),
    ],
)
def test_an_input_that_equals_a_target_is_named_with_what_leaves_it_out(source, target, found):
    reports, paths = batches({"input/time": RANDOM[::-1] ** 2, "input/given": source, "target/height": target}, 8)

    if found:
        with pytest.raises(UserError) as error:
            check_copies(reports, paths)
        assert str(error.value).startswith("input 'given' is the target 'height', in every example")
        assert 'work_items.attributes: "* ^given"' in str(error.value)
    else:
        check_copies(reports, paths)

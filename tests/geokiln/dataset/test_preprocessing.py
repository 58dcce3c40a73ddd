from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.dataset import preprocessing
from geokiln.dataset.preprocessing import fit_basis, held_out, preprocess_rows, preprocess_table
from geokiln.errors import UserError
from geokiln.storage import tables
from geokiln.storage.arrays import read_arrays
from geokiln.storage.tables import Table, components_of

IDS = [str(number) for number in range(400)]
SEEDS = st.integers(0, 1000)


def fit(inputs, targets, components=0, shapes=None, standardise=True, weights=None):
    targets = np.asarray(targets, np.float32)
    shapes = components_of(shapes or {"y": (targets.shape[1],)})
    return fit_basis(np.float32(inputs), targets, components, shapes, standardise, weights)


def reconstruct(rows, n_in, basis):
    return preprocess_rows(rows, n_in, basis)[:, n_in:] @ basis["basis"] + basis["target_mean"]


def random_rows(count=30, n_in=2, n_out=5, seed=0):
    return np.random.default_rng(seed).normal(size=(count, n_in + n_out)).astype(np.float32)


# The split


@given(st.floats(0.1, 0.45), st.floats(0.1, 0.45), SEEDS, st.integers(150, 400))
def test_growth_order_and_a_test_split_keep_every_item_on_its_side(validation, test, seed, count):
    some = np.random.default_rng(seed).permutation(400)[:count]

    of_some = held_out([IDS[number] for number in some], validation, test, seed)
    of_all = held_out(IDS, validation, test, seed)

    assert np.array_equal(of_some, np.array(of_all)[:, some])
    assert np.array_equal(of_all[0], held_out(IDS, validation, 0.0, seed)[0])


@pytest.mark.parametrize(("validation", "test"), [(0.05, 0.0), (0.15, 0.2), (0.9, 0.05)])
def test_about_the_shares_are_held_out_and_others_by_another_seed(validation, test):
    ids = [str(number) for number in range(5000)]

    held, of_another_seed = held_out(ids, validation, test, 0), held_out(ids, validation, test, 1)

    assert not np.array_equal(held, of_another_seed)
    assert np.mean(held, 1) == pytest.approx([validation, test], abs=0.02)


@given(st.floats(0, 0.999), st.floats(0, 1), st.sampled_from([*range(7), 200]), SEEDS)
def test_no_item_is_held_out_twice_and_of_few_one_lands_on_each_side_and_one_is_left(validation, part, count, seed):
    test = part * (0.999 - validation)

    held = held_out(IDS[:count], validation, test, seed)

    assert len(held[0]) == len(held[1]) == count
    assert not (held[0] & held[1]).any()
    if count > 1:
        assert not (held[0] | held[1]).all()
        assert held[0].any() == (validation > 0)
    if count > 2:
        assert held[1].any() == (test > 0)


# The basis


@pytest.mark.parametrize(("components", "count", "kept"), [(0, 30, 5), (1000, 30, 5), (1000, 4, 3)])
def test_reconstruction_with_all_components_that_there_are_is_exact_in_float32(components, count, kept):
    rows = random_rows(count)
    rows[:, 2:] = rows[:, 2:] * [1, 10, 100, 1e3, 1e4] + [5, 0, 0, 1e3, 0]
    basis = fit(rows[:, :2], rows[:, 2:], components, {"a": (2,), "b": (), "c": (2, 1)})

    errors, size = np.abs(reconstruct(rows, 2, basis) - rows[:, 2:]), np.abs(rows[:, 2:])

    assert (basis["basis"].shape, basis["inverse"].shape) == ((kept, 5), (5, kept))
    assert errors.max() < 1e-5 * size.max()
    assert (errors / size.max(0)).max() < 1e-4
    assert basis["kept_variance"] == pytest.approx(1)
    assert {array.dtype.str for array in basis.values()} == {"<f4"}


def expected_rows(rows, components, weights):
    """The preprocessed rows and the kept variance by their definitions; targets are a (2,) and b (3,)."""
    inputs, targets = np.split(rows.astype(np.float64), [2], axis=1)
    inputs, targets = inputs - inputs.mean(0), targets - targets.mean(0)
    for name, columns in (("a", slice(0, 2)), ("b", slice(2, 5))):
        targets[:, columns] *= np.sqrt(weights.get(name, 1) / np.square(targets[:, columns]).mean())
    coefficients = targets
    if components:
        directions = np.linalg.eigh(targets.T @ targets)[1][:, ::-1][:, :components]
        coefficients = targets @ (directions * np.where(directions[0] < 0, -1, 1))
    kept = np.square(coefficients).sum() / np.square(targets).sum()
    return np.hstack([inputs / inputs.std(0), coefficients / np.sqrt(np.square(coefficients).mean())]), kept


@pytest.mark.parametrize(
    ("components", "weights"), [(0, {"b": 9.0}), (3, {}), (3, {"b": 9.0})], ids=["weight", "PCA", "both"]
)
def test_inputs_are_standardised_and_coefficients_principal_components_of_scaled_targets(components, weights):
    rows = random_rows(200) * np.float32([3, 1e-3, 1e-6, 2e-6, 1e6, 2e6, 3e6])
    rows += np.float32([100, 1, 0, 1e-6, 0, 1e6, 0])

    basis = fit(rows[:, :2], rows[:, 2:], components, {"a": (2,), "b": (3,)}, weights=weights)
    result = preprocess_rows(rows, 2, basis)

    expected, kept = expected_rows(rows, components, weights)
    assert result == pytest.approx(expected, abs=1e-3)
    assert basis["kept_variance"] == pytest.approx(kept, rel=1e-4)


def test_inputs_may_stay_as_they_are():
    rows = random_rows() * 30

    inputs = preprocess_rows(rows, 2, fit(rows[:, :2], rows[:, 2:], standardise=False))[:, :2]

    assert np.array_equal(inputs, rows[:, :2])


@pytest.mark.parametrize(
    ("components", "value", "targets"),
    [(0, 0.1, [4]), (2, 3e38, [4]), (0, 0.1, [2, 3, 4, 5]), (3, 0.1, [2, 3, 4, 5])],
)
def test_a_constant_input_or_target_is_finite_and_comes_back(components, value, targets):
    rows = random_rows(20, 2, 4)
    rows[:, [1, *targets]] = value
    basis = fit(rows[:, :2], rows[:, 2:], components, {"a": (2,), "b": (), "c": ()})

    result = preprocess_rows(rows, 2, basis)

    assert all(np.isfinite(array).all() for array in basis.values())
    assert np.isfinite(result).all()
    assert not result[:, 1].any()
    assert len(targets) == 1 or not result[:, 2:].any()
    assert reconstruct(rows, 2, basis)[:, np.array(targets) - 2] == pytest.approx(value, rel=1e-6)


def test_an_input_that_varies_by_rounding_alone_counts_as_constant():
    rows = random_rows(20)
    rows[:, 1] = np.float32(1e6) + np.float32(0.0625) * (np.arange(20) % 2)

    inputs = preprocess_rows(rows, 2, fit(rows[:, :2], rows[:, 2:]))[:, :2]

    assert np.abs(inputs[:, 1]).max() < 0.1
    assert inputs[:, 0].std() == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize(
    ("count", "width", "components", "weights", "sentence"),
    [
        (1, 3, 0, {}, "1 example is left to train on, and 2 are needed: cook more (geometry.count), or give a "
         "longer file"),
        (3, 5, 0, {}, "preprocess.target_components is 0, but each example has 5 target values, of which at most 4 can "
         "stay as they are: set it to a number of principal components, such as 128"),
        (3, 3, 2, {"z": 2.0}, "preprocess.target_weights: there is no target 'z'; there are: y"),
    ],
    ids=["one", "wide", "weight"],
)  # fmt: skip
def test_what_cannot_be_fitted_is_told_with_the_key(count, width, components, weights, sentence, monkeypatch):
    monkeypatch.setattr(preprocessing, "UNCOMPRESSED_WIDTH", 4)

    with pytest.raises(UserError) as error:
        fit(np.zeros((count, 2)), np.zeros((count, width)), components, weights=weights)

    assert str(error.value) == sentence
    assert fit(np.zeros((3, 2)), np.zeros((3, 4)))["basis"].shape == (4, 4)  # the widest that may stay


# The whole table


def preprocess(dataset, rows, folder="out", components=3):
    Path(folder).mkdir()
    raw, sidecar, ids = dataset(rows[:, :2], {"y": rows[:, 2:]})
    return preprocess_table(raw, sidecar, ids, folder, 0.3, 0, True, components, test_share=0.2)


def results(folder="out"):
    """The basis, with the split, and the tables of the training and the validation split."""
    parts = [Table(f"{folder}/{split}.raw", f"{folder}/{split}.json") for split in ("training", "validation")]
    return read_arrays(f"{folder}/basis.npz"), *parts


def test_the_way_back_leads_to_the_raw_targets_of_each_split(dataset):
    rows = random_rows(40)

    preprocess(dataset, rows, components=5)
    basis, *splits = results()

    validation, test = basis["validation"], basis["test"]
    assert validation.any() and test.any()
    for table, held in zip(splits, (~(validation | test), validation), strict=True):
        assert (table.input_width, table.width) == (2, 7)
        assert table.read()[:, 2:] @ basis["basis"] + basis["target_mean"] == pytest.approx(rows[held, 2:], abs=1e-5)
        assert table.read()[:, :2] * basis["input_scale"] + basis["input_mean"] == pytest.approx(
            rows[held, :2], abs=1e-5
        )


@pytest.mark.parametrize("components", [0, 3])
def test_what_is_held_out_leaks_into_nothing(components, dataset):
    rows = random_rows(40)
    preprocess(dataset, rows, "before", components)
    before, training, validation = results("before")
    replaced = rows.copy()
    replaced[before["validation"] | before["test"]] = 1e6

    preprocess(dataset, replaced, "after", components)
    after, same, other = results("after")

    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert np.array_equal(training.read(), same.read())
    assert not np.array_equal(validation.read(), other.read())


@pytest.mark.parametrize(("components", "block_bytes"), [(0, 100), (3, 1)])
def test_the_size_of_the_blocks_changes_nothing(components, block_bytes, dataset, monkeypatch):
    rows = random_rows(40) * 10 + 3
    preprocess(dataset, rows, "whole", components)
    monkeypatch.setattr(tables, "BLOCK_BYTES", block_bytes)

    preprocess(dataset, rows, "parts", components)
    (whole, *whole_tables), (parts, *parts_tables) = results("whole"), results("parts")

    for one, other in zip(whole_tables, parts_tables, strict=True):
        assert other.read() == pytest.approx(one.read(), abs=1e-5)
    assert all(parts[name] == pytest.approx(whole[name], rel=1e-5, abs=1e-6) for name in whole)

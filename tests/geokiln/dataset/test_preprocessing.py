import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geokiln.dataset import pca, preprocessing
from geokiln.dataset.preprocessing import fit_basis, fit_basis_in_blocks, held_out, preprocess_rows, preprocess_table
from geokiln.errors import UserError
from geokiln.storage import tables as tables_module
from geokiln.storage.arrays import read_arrays
from geokiln.storage.tables import Table, components_of


def in_validation(ids, share, seed):
    return held_out(ids, share, 0.0, seed)[0]


IDS = [str(number) for number in range(400)]


def fit(inputs, targets, components=0, shapes=None, standardise=True):
    targets = np.asarray(targets, np.float32)
    shapes = components_of(shapes or {"y": (targets.shape[1],)})
    return fit_basis(np.float32(inputs), targets, components, shapes, standardise)


def reconstruct(rows, n_in, basis):
    return preprocess_rows(rows, n_in, basis)[:, n_in:] @ basis["basis"] + basis["target_mean"]


def random_rows(count=30, n_in=2, n_out=5, seed=0):
    return np.random.default_rng(seed).normal(size=(count, n_in + n_out)).astype(np.float32)


# The split


@given(share=st.floats(0.01, 0.99), seed=st.integers(0, 1000), random=st.randoms(use_true_random=False))
def test_the_split_does_not_depend_on_the_order(share, seed, random):
    shuffled = random.sample(IDS, len(IDS))

    result = dict(zip(shuffled, in_validation(shuffled, share, seed), strict=True))

    assert result == dict(zip(IDS, in_validation(IDS, share, seed), strict=True))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [100, 200, 399])
def test_growth_keeps_every_item_on_its_side(count, seed):
    before = in_validation(IDS[:count], 0.15, seed)

    after = in_validation(IDS, 0.15, seed)

    assert np.array_equal(after[:count], before)


@pytest.mark.parametrize("share", [0.05, 0.15, 0.5, 0.9])
def test_about_the_share_is_held_out(share):
    ids = [str(number) for number in range(5000)]

    result = in_validation(ids, share, 0).mean()

    assert result == pytest.approx(share, abs=0.02)


def test_another_seed_gives_another_split():
    splits = {in_validation(IDS, 0.5, seed).tobytes() for seed in range(10)}

    assert len(splits) == 10


@given(count=st.integers(2, 6), share=st.floats(0.001, 0.999), seed=st.integers(0, 50))
def test_of_few_items_at_least_one_lands_on_each_side(count, share, seed):
    result = in_validation(IDS[:count], share, seed)

    assert 1 <= result.sum() <= count - 1


def test_no_items_are_split_into_nothing():
    assert in_validation([], 0.5, 0).tolist() == []


# The basis


@pytest.mark.parametrize("components", [0, 5, 99])
@pytest.mark.parametrize("shapes", [{"y": (5,)}, {"a": (2,), "b": (), "c": (2, 1)}], ids=["one", "three"])
def test_reconstruction_with_all_components_is_exact(components, shapes):
    rows = random_rows()
    rows[:, 2:] = rows[:, 2:] * [1, 10, 100, 1e3, 1e4] + [5, 0, 0, 1e3, 0]
    basis = fit(rows[:, :2], rows[:, 2:], components, shapes)

    result = reconstruct(rows, 2, basis)

    scale = np.abs(rows[:, 2:]).max(0) if len(shapes) > 1 else np.abs(rows[:, 2:]).max()
    assert np.abs((result - rows[:, 2:]) / np.abs(rows[:, 2:]).max()).max() < 1e-5
    assert np.abs((result - rows[:, 2:]) / scale).max() < 1e-4
    assert basis["kept_variance"] == pytest.approx(1)


@pytest.mark.parametrize(("rows", "width"), [(30, 5), (4, 5), (2, 5), (30, 1)])
def test_no_more_components_are_kept_than_there_are(rows, width):
    table = random_rows(rows, 2, width)

    basis = fit(table[:, :2], table[:, 2:], 1000)

    assert basis["basis"].shape == (min(rows - 1, width), width)
    assert basis["inverse"].shape == basis["basis"].shape[::-1]
    assert np.abs(reconstruct(table, 2, basis) - table[:, 2:]).max() < 1e-5


@pytest.mark.parametrize("components", [1, 2, 3])
def test_the_first_components_keep_the_most_variance(components):
    random = np.random.default_rng(0)
    targets = random.normal(size=(100, 6)) * [9, 5, 3, 1, 0.5, 0.1] @ np.linalg.qr(random.normal(size=(6, 6)))[0]

    basis = fit(random.normal(size=(100, 1)), targets, components)

    variance = np.sort(np.linalg.eigvalsh(np.cov(targets.T)))[::-1]
    assert basis["kept_variance"] == pytest.approx(variance[:components].sum() / variance.sum(), rel=1e-4)


def test_the_kept_variance_is_that_of_the_reconstruction():
    rows = random_rows(50)
    basis = fit(rows[:, :2], rows[:, 2:], 2)

    result = reconstruct(rows, 2, basis)

    targets = rows[:, 2:]
    lost = np.square(result - targets).sum() / np.square(targets - targets.mean(0)).sum()
    assert 1 - lost == pytest.approx(float(basis["kept_variance"]), abs=1e-5)


def test_coefficients_of_the_training_split_have_mean_0_and_one_scale_of_1():
    rows = random_rows(200) * np.float32([1, 1, 50, 50, 50, 50, 50]) + 7

    coefficients = preprocess_rows(rows, 2, fit(rows[:, :2], rows[:, 2:], 3))[:, 2:]

    assert np.abs(coefficients.mean(0)).max() < 1e-4
    assert np.sqrt(np.square(coefficients).mean()) == pytest.approx(1, rel=1e-4)
    assert np.all(np.diff(coefficients.std(0)) < 0)


def test_inputs_are_standardised():
    rows = random_rows(200) * np.float32([3, 1e-3, 1, 1, 1, 1, 1]) + np.float32([100, 1, 0, 0, 0, 0, 0])

    inputs = preprocess_rows(rows, 2, fit(rows[:, :2], rows[:, 2:]))[:, :2]

    assert np.abs(inputs.mean(0)).max() < 1e-3
    assert inputs.std(0) == pytest.approx(1, rel=1e-3)


def test_inputs_may_stay_as_they_are():
    rows = random_rows() * 30

    inputs = preprocess_rows(rows, 2, fit(rows[:, :2], rows[:, 2:], standardise=False))[:, :2]

    assert np.array_equal(inputs, rows[:, :2])


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -1e6, 1e-20, 3e38])
@pytest.mark.parametrize("components", [0, 2])
def test_a_constant_input_or_target_makes_nothing_but_zeros(components, value):
    rows = random_rows(20, 2, 4)
    rows[:, [1, 4]] = value
    basis = fit(rows[:, :2], rows[:, 2:], components, {"a": (2,), "b": (), "c": ()})

    result = preprocess_rows(rows, 2, basis)

    assert all(np.isfinite(array).all() for array in basis.values())
    assert np.isfinite(result).all()
    assert not result[:, 1].any()
    assert reconstruct(rows, 2, basis)[:, 2] == pytest.approx(value, rel=1e-6)


def test_an_input_that_varies_by_rounding_alone_counts_as_constant():
    rows = random_rows(20)
    rows[:, 1] = np.float32(1e6) + np.float32(0.0625) * (np.arange(20) % 2)

    inputs = preprocess_rows(rows, 2, fit(rows[:, :2], rows[:, 2:]))[:, :2]

    assert np.abs(inputs[:, 1]).max() < 0.1
    assert inputs[:, 0].std() == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("components", [0, 3])
def test_targets_that_are_all_constant_make_coefficients_of_zero(components):
    rows = np.tile(np.float32([1, 2, 0.1, 7, -3]), (9, 1))
    basis = fit(rows[:, :2], rows[:, 2:], components)

    result = preprocess_rows(rows, 2, basis)

    assert np.isfinite(basis["basis"]).all() and np.isfinite(basis["inverse"]).all()
    assert not result.any()
    assert reconstruct(rows, 2, basis) == pytest.approx(rows[:, 2:])


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e6])
def test_target_components_of_very_different_units_count_alike(unit):
    random = np.random.default_rng(0)
    inputs = random.normal(size=(60, 2))
    displacement = np.outer(inputs[:, 0], random.normal(size=4))
    force = np.outer(inputs[:, 1], random.normal(size=3))
    shapes = {"displacement": (4,), "force": (3,)}
    same = fit(inputs, np.hstack([displacement, force]), 2, shapes)
    rows = np.float32(np.hstack([inputs, displacement, unit * force]))

    basis = fit(rows[:, :2], rows[:, 2:], 2, shapes)
    error = np.abs(reconstruct(rows, 2, basis) - rows[:, 2:]).max(0)

    assert basis["kept_variance"] == pytest.approx(1, rel=1e-5)
    assert (error / np.abs(rows[:, 2:]).max(0)).max() < 1e-4
    same_rows = np.float32(np.hstack([inputs, displacement, force]))
    assert preprocess_rows(rows, 2, basis) == pytest.approx(preprocess_rows(same_rows, 2, same), abs=1e-3)


def test_proportions_within_a_component_stay():
    rows = random_rows(200, 1, 2) * np.float32([1, 1, 10])

    coefficients = preprocess_rows(rows, 1, fit(rows[:, :1], rows[:, 1:]))[:, 1:]

    assert coefficients[:, 1].std() / coefficients[:, 0].std() == pytest.approx(
        rows[:, 2].std() / rows[:, 1].std(), rel=1e-4
    )


def test_the_basis_holds_float32_arrays():
    rows = random_rows().astype(np.float64)

    basis = fit(rows[:, :2], rows[:, 2:], 3)

    assert {array.dtype.str for array in basis.values()} == {"<f4"}


def test_the_sign_of_the_components_is_settled():
    rows = random_rows(40)

    bases = [fit(rows[order, :2], rows[order, 2:], 5)["basis"] for order in (slice(None), slice(None, None, -1))]

    assert bases[0] == pytest.approx(bases[1], abs=1e-4)
    assert (bases[0][:, 0] >= 0).all()


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_training_examples_are_told_with_the_key(count):
    with pytest.raises(UserError) as error:
        fit(np.zeros((count, 2)), np.zeros((count, 3)))

    expected = f"preprocess: {count} training examples; at least 2 are needed (geometry.count)"
    assert str(error.value) == expected


@pytest.mark.parametrize("components", [0, 3, 99])
@pytest.mark.parametrize("size", [1, 7, 29, 30])
def test_blocks_of_any_size_give_the_basis_of_the_whole(size, components):
    rows, shapes = random_rows(30, 2, 5) * 10 + 3, {"a": (2,), "b": (), "c": (2, 1)}
    whole = fit(rows[:, :2], rows[:, 2:], components, shapes)

    result = fit_basis_in_blocks(
        lambda: (rows[first : first + size] for first in range(0, 30, size)),
        2,
        components,
        components_of(shapes),
        True,
        {},
    )

    assert list(result) == list(whole)
    assert all(result[name] == pytest.approx(whole[name], rel=1e-5, abs=1e-6) for name in whole)


@pytest.mark.parametrize("unit", [1.0, 1e4])
def test_a_basis_found_by_iteration_keeps_what_the_exact_one_keeps(unit, monkeypatch):
    rows = random_rows(120, 2, 90)
    rows[:, 2:] = rows[:, 2:] / np.arange(1, 91) * unit + unit
    whole = fit(rows[:, :2], rows[:, 2:], 10)
    monkeypatch.setattr(pca, "EXACT_BYTES", 0)
    monkeypatch.setattr(pca, "WHOLE_SPACE", 0)

    basis = fit(rows[:, :2], rows[:, 2:], 10)

    targets, back = rows[:, 2:].astype(np.float64), reconstruct(rows, 2, basis)
    lost = np.square(back - targets).sum() / np.square(targets - targets.mean(0)).sum()
    assert 1 - lost == pytest.approx(float(basis["kept_variance"]), abs=1e-5)
    assert basis["kept_variance"] == pytest.approx(float(whole["kept_variance"]), rel=1e-3)
    assert basis["basis"].dtype == basis["inverse"].dtype == np.float32
    assert (basis["basis"][:, 0] >= 0).all()


def test_targets_too_wide_to_stay_as_they_are_are_told_with_the_key(monkeypatch):
    monkeypatch.setattr(preprocessing, "UNCOMPRESSED_WIDTH", 4)

    with pytest.raises(UserError) as error:
        fit(np.zeros((3, 2)), np.zeros((3, 5)))

    assert str(error.value) == (
        "preprocess.target_components is 0, but each example has 5 target values, of which at most 4 can stay as "
        "they are: set it to a number of principal components, such as 128"
    )
    assert fit(np.zeros((3, 2)), np.zeros((3, 5)), 2) and fit(np.zeros((3, 2)), np.zeros((3, 4)))


# The whole table


def preprocess(dataset, rows, folder="out", components=3, share=0.3, seed=0, standardise=True):
    Path(folder).mkdir(exist_ok=True)
    raw, sidecar, ids = dataset(rows[:, :2], {"y": rows[:, 2:]})
    return preprocess_table(raw, sidecar, ids, folder, share, seed, standardise, components)


def tables(folder="out"):
    return [Table(f"{folder}/{split}.raw", f"{folder}/{split}.json") for split in ("training", "validation")]


def test_every_example_is_in_one_of_the_splits(dataset):
    rows = random_rows(40)

    preprocess(dataset, rows)
    training, validation = tables()

    held_out = read_arrays("out/basis.npz")["validation"]
    assert (training.count, validation.count) == ((~held_out).sum(), held_out.sum())
    assert training.count + validation.count == 40
    assert (training.input_width, training.width) == (2, 5)


def test_the_way_back_leads_to_the_raw_targets(dataset):
    rows = random_rows(40)

    preprocess(dataset, rows, components=5)
    basis = read_arrays("out/basis.npz")
    back = [table.read()[:, 2:] @ basis["basis"] + basis["target_mean"] for table in tables()]

    held_out = basis["validation"]
    assert back[0] == pytest.approx(rows[~held_out, 2:], abs=1e-5)
    assert back[1] == pytest.approx(rows[held_out, 2:], abs=1e-5)


@pytest.mark.parametrize("components", [0, 3])
@pytest.mark.parametrize("noise", [1.0, 1e6])
def test_the_validation_split_leaks_into_nothing(noise, components, dataset):
    rows = random_rows(40)
    preprocess(dataset, rows, "before", components)
    held_out = read_arrays("before/basis.npz")["validation"]
    replaced = rows.copy()
    replaced[held_out] = noise * random_rows(40, seed=1)[held_out]

    preprocess(dataset, replaced, "after", components)
    before, after = read_arrays("before/basis.npz"), read_arrays("after/basis.npz")

    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert Path("before/training.raw").read_bytes() == Path("after/training.raw").read_bytes()
    assert Path("before/validation.raw").read_bytes() != Path("after/validation.raw").read_bytes()


@pytest.mark.parametrize("block_bytes", [1, 100, 500])
def test_the_size_of_the_blocks_changes_nothing(block_bytes, dataset, monkeypatch):
    rows = random_rows(40)
    preprocess(dataset, rows, "whole")
    monkeypatch.setattr(tables_module, "BLOCK_BYTES", block_bytes)

    preprocess(dataset, rows, "parts")

    for whole, parts in zip(tables("whole"), tables("parts"), strict=True):
        assert parts.read() == pytest.approx(whole.read(), abs=1e-5)
    whole, parts = read_arrays("whole/basis.npz"), read_arrays("parts/basis.npz")
    assert all(parts[name] == pytest.approx(whole[name], rel=1e-5, abs=1e-6) for name in whole)


def test_a_changed_training_example_changes_the_basis(dataset):
    rows = random_rows(40)
    preprocess(dataset, rows, "before")
    held_out = read_arrays("before/basis.npz")["validation"]
    rows[np.flatnonzero(~held_out)[0]] += 1

    preprocess(dataset, rows, "after")

    assert not np.array_equal(read_arrays("before/basis.npz")["basis"], read_arrays("after/basis.npz")["basis"])


def test_what_was_done_is_told_in_a_line(dataset):
    line = preprocess(dataset, random_rows(40), components=2)

    found = re.fullmatch(
        r"(\d+) training, (\d+) validation examples; 2 target components keep (\d+\.\d{4})% of the variance", line
    )
    assert int(found[1]) + int(found[2]) == 40
    assert 0 < float(found[3]) < 100


def test_a_dataset_of_one_data_point_is_refused(dataset):
    with pytest.raises(UserError) as error:
        preprocess(dataset, random_rows(1))

    assert "at least 2 are needed (geometry.count)" in str(error.value)


def test_a_damaged_dataset_is_named(dataset):
    raw, sidecar, ids = dataset(random_rows()[:, :2], {"y": random_rows()[:, 2:]})
    content = bytearray(raw.read_bytes())
    content[40] ^= 1
    raw.write_bytes(content)

    with pytest.raises(UserError) as error:
        preprocess_table(raw, sidecar, ids, ".", 0.3, 0, True, 2)

    assert "examples.raw is damaged (checksum of rows" in str(error.value)


@given(st.floats(0, 0.6), st.floats(0, 0.39), st.integers(0, 200), st.integers(0, 5))
def test_validation_and_test_are_disjoint_and_leave_something_to_train_on(validation, test, count, seed):
    held = held_out(IDS[:count], validation, test, seed)

    assert not (held[0] & held[1]).any()
    if count > 1:
        assert not (held[0] | held[1]).all()
        assert held[0].any() == (validation > 0)
    if count > 2:
        assert held[1].any() == (test > 0)


@given(st.floats(0.01, 0.39), st.integers(0, 5))
def test_a_test_split_leaves_validation_as_it_was(share, seed):
    assert np.array_equal(held_out(IDS, 0.3, share, seed)[0], held_out(IDS, 0.3, 0.0, seed)[0])


def test_the_test_share_is_about_what_was_asked_for():
    ids = [str(number) for number in range(4000)]

    assert held_out(ids, 0.15, 0.2, 0)[1].mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("components", [0, 3])
def test_a_weight_multiplies_the_squared_errors_of_its_target(components):
    rows, shapes = random_rows(60, 2, 6), {"a": (3,), "b": (3,)}
    even = fit(rows[:, :2], rows[:, 2:], components, shapes)
    inputs, targets = np.float32(rows[:, :2]), np.float32(rows[:, 2:])

    heavy = fit_basis(inputs, targets, components, components_of(shapes), True, {"b": 9.0})

    def squares(basis):
        """The loss that an error of 1 in each number of a, or of b, makes: their ratio."""
        unit = np.eye(6) @ basis["inverse"]
        return np.square(unit).sum(1)

    if not components:
        ratio = squares(heavy) / squares(even)
        assert ratio[3:] / ratio[:3] == pytest.approx(9, rel=1e-3)
    else:  # the components that are kept are spent on what counts more
        errors = [
            np.square((targets - basis["target_mean"]) @ (np.eye(6) - basis["inverse"] @ basis["basis"])).mean(0)
            for basis in (even, heavy)
        ]
        assert errors[1][3:].sum() < errors[0][3:].sum() and errors[1][:3].sum() > errors[0][:3].sum()


def test_a_weight_of_a_target_that_is_not_there_is_named():
    rows = random_rows(10, 2, 3)

    with pytest.raises(UserError) as error:
        fit_basis(rows[:, :2], rows[:, 2:], 2, components_of({"a": (3,)}), True, {"displacment": 2.0})

    assert str(error.value) == "preprocess.target_weights: there is no target 'displacment'; there are: a"

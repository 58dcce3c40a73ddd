import numpy as np
import pytest

from geokiln.dataset import pca
from geokiln.dataset.pca import principal_directions, subspace_iteration


def decaying_rows(count, width, decay=1.0, noise=0.01, seed=0):
    """Rows whose largest directions have standard deviations 1, 1/2, 1/3 ... to the power of *decay*, and noise."""
    random = np.random.default_rng(seed)
    rank = min(count, width) // 2
    directions = np.linalg.qr(random.normal(size=(width, rank)))[0].T
    rows = random.normal(size=(count, rank)) * np.arange(1, rank + 1) ** -decay @ directions
    return rows + noise / width**0.5 * random.normal(size=(count, width))


def in_blocks(rows, size):
    return lambda: (rows[first : first + size] for first in range(0, len(rows), size))


def exact(rows, n_components):
    _, singular, directions = np.linalg.svd(rows, full_matrices=False)
    return directions[:n_components], singular[:n_components] ** 2


@pytest.fixture
def nothing_is_small(monkeypatch):
    """Neither few rows nor few columns are a reason to compute exactly."""
    monkeypatch.setattr(pca, "EXACT_BYTES", 0)
    monkeypatch.setattr(pca, "WHOLE_SPACE", 0)


@pytest.mark.parametrize("size", [1, 7, 60])
@pytest.mark.parametrize(("count", "width"), [(60, 20), (20, 60), (2, 5), (30, 1)])
def test_small_data_are_decomposed_exactly(count, width, size):
    rows = decaying_rows(count, width, noise=0.1)

    directions, squares = principal_directions(in_blocks(rows, size), count, width, 2 if width > 1 else 1)

    expected = exact(rows, len(directions))
    assert np.array_equal(squares, expected[1])
    assert np.array_equal(directions, expected[0])


@pytest.mark.parametrize("decay", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(("count", "width"), [(300, 900), (900, 300)])
def test_the_iteration_keeps_the_variance_of_the_exact_directions(count, width, decay, nothing_is_small):
    rows = decaying_rows(count, width, decay)

    directions, squares = principal_directions(in_blocks(rows, 64), count, width, 20)

    best = exact(rows, 20)[1].sum()
    assert best * (1 - 1e-3) < squares.sum() < best * (1 + 1e-6)
    assert squares == pytest.approx(np.square(rows @ directions.T).sum(0), rel=1e-4)
    assert directions @ directions.T == pytest.approx(np.eye(20), abs=1e-5)
    assert np.all(np.diff(squares) <= 0)


@pytest.mark.parametrize("size", [1, 13, 200, 1000])
def test_blocks_of_any_size_give_the_same_directions(size, nothing_is_small):
    rows = decaying_rows(200, 300)
    whole = principal_directions(lambda: [rows], 200, 300, 5)

    result = principal_directions(in_blocks(rows, size), 200, 300, 5)

    assert result[1] == pytest.approx(whole[1], rel=1e-4)
    assert np.abs((result[0] * whole[0]).sum(1)) == pytest.approx(1, abs=1e-4)


def test_the_same_rows_give_the_same_bytes(nothing_is_small):
    rows = decaying_rows(200, 300)

    first, second = (principal_directions(in_blocks(rows, 50), 200, 300, 5) for _ in range(2))

    assert first[0].tobytes() == second[0].tobytes()
    assert first[1].tobytes() == second[1].tobytes()


@pytest.mark.parametrize("n_components", [1, 7, 48])
def test_a_table_of_few_columns_is_exact_in_one_pass(n_components):
    rows, passes = decaying_rows(2000, 48, decay=0.1), []

    def blocks():
        passes.append(1)
        return in_blocks(rows, 300)()

    directions, squares = subspace_iteration(blocks, 48, n_components)

    assert len(passes) == 1
    assert squares == pytest.approx(exact(rows, n_components)[1], rel=1e-5)
    assert directions.shape == (n_components, 48)


def test_the_passes_have_an_end(nothing_is_small, monkeypatch):
    rows, passes = np.random.default_rng(0).normal(size=(300, 400)), []
    monkeypatch.setattr(pca, "TOLERANCE", -1.0)

    def blocks():
        passes.append(1)
        return [rows]

    directions, squares = principal_directions(blocks, 300, 400, 3)

    assert len(passes) == pca.PASSES
    assert squares.sum() == pytest.approx(exact(rows, 3)[1].sum(), rel=1e-3)


@pytest.mark.parametrize("rank", [0, 1, 3])
def test_fewer_directions_than_asked_for_are_filled_with_some_that_hold_nothing(rank, nothing_is_small):
    random = np.random.default_rng(0)
    rows = random.normal(size=(100, rank)) @ random.normal(size=(rank, 80))

    directions, squares = principal_directions(in_blocks(rows, 30), 100, 80, 6)

    assert np.isfinite(directions).all()
    assert directions @ directions.T == pytest.approx(np.eye(6), abs=1e-5)
    assert squares.sum() == pytest.approx(np.square(rows).sum(), rel=1e-4)
    assert squares[rank:] == pytest.approx(0, abs=1e-6 * np.square(rows).sum())

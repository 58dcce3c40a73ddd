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


class Blocks:
    """Rows, a few at a time; counts the passes."""

    def __init__(self, rows, size):
        self.rows, self.size, self.passes = rows, size, 0

    def __call__(self):
        self.passes += 1
        return (self.rows[first : first + self.size] for first in range(0, len(self.rows), self.size))


def exact(rows, n_components):
    _, singular, directions = np.linalg.svd(rows, full_matrices=False)
    return directions[:n_components], singular[:n_components] ** 2


@pytest.fixture
def nothing_is_small(monkeypatch):
    """Neither few rows nor few columns are a reason to compute exactly."""
    monkeypatch.setattr(pca, "EXACT_BYTES", 0)
    monkeypatch.setattr(pca, "WHOLE_SPACE", 0)


@pytest.mark.parametrize(("count", "width"), [(60, 20), (20, 60), (30, 1)])
def test_small_data_are_decomposed_exactly(count, width):
    rows = decaying_rows(count, width, noise=0.1)

    directions, squares = principal_directions(Blocks(rows, 7), count, width, 2)

    expected = exact(rows, 2)
    assert np.array_equal(squares, expected[1])
    assert np.array_equal(directions, expected[0])


@pytest.mark.parametrize(("count", "width", "decay"), [(300, 900, 0.5), (900, 300, 2.0)])
def test_the_iteration_keeps_the_variance_of_the_exact_directions(count, width, decay, nothing_is_small):
    rows = decaying_rows(count, width, decay)

    (directions, squares), again = (principal_directions(Blocks(rows, 64), count, width, 20) for _ in range(2))

    best = exact(rows, 20)[1].sum()
    assert best * (1 - 1e-3) < squares.sum() < best * (1 + 1e-6)
    assert squares == pytest.approx(np.square(rows @ directions.T).sum(0), rel=1e-4)
    assert directions @ directions.T == pytest.approx(np.eye(20), abs=1e-5)
    assert np.all(np.diff(squares) <= 0)
    assert (directions.tobytes(), squares.tobytes()) == (again[0].tobytes(), again[1].tobytes())


@pytest.mark.parametrize("n_components", [7, 48])
def test_a_table_of_few_columns_is_exact_in_one_pass(n_components):
    rows = decaying_rows(2000, 48, decay=0.1)
    blocks = Blocks(rows, 300)

    directions, squares = subspace_iteration(blocks, 48, n_components)

    assert blocks.passes == 1
    assert squares == pytest.approx(exact(rows, n_components)[1], rel=1e-5)
    assert directions.shape == (n_components, 48)


@pytest.mark.parametrize("rank", [0, 3])
def test_fewer_directions_than_asked_for_are_filled_with_some_that_hold_nothing(rank, nothing_is_small):
    random = np.random.default_rng(0)
    rows = random.normal(size=(100, rank)) @ random.normal(size=(rank, 80))

    directions, squares = principal_directions(Blocks(rows, 30), 100, 80, 6)

    assert np.isfinite(directions).all()
    assert directions @ directions.T == pytest.approx(np.eye(6), abs=1e-5)
    assert squares.sum() == pytest.approx(np.square(rows).sum(), rel=1e-4)
    assert squares[rank:] == pytest.approx(0, abs=1e-6 * np.square(rows).sum())

from pathlib import Path

import numpy as np
import pytest

from geokiln.dataset.merging import merge_batches
from geokiln.errors import UserError
from geokiln.storage.arrays import write_arrays
from geokiln.storage.tables import Table


def batch(path, ids, **changes):
    rows = np.float32(ids)
    arrays = {
        "id": np.array([str(id_) for id_ in ids]),
        "input/time": rows,
        "target/height": rows[:, None] * [10, 20, 30],
        "target/force": rows[:, None, None] * np.ones((2, 2)),
    }
    write_arrays(path, {**arrays, **changes})
    return path


def merge(*batches):
    return merge_batches(list(batches), "e.raw", "e.ids", "e.json")


def test_the_rows_of_all_batches_are_merged_in_their_order():
    batches = [batch("0-2.npz", [0, 1, 2]), batch("3-5.npz", [3, 4])]

    done = merge(*batches)
    rows = Table("e.raw", "e.json").read()

    assert (done.rows, done.width) == (5, 8)
    assert rows[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert rows[3].tolist() == [3, 30, 60, 90, 3, 3, 3, 3]
    assert Path("e.ids").read_text().splitlines() == ["0", "1", "2", "3", "4"]


def test_the_table_names_its_components_inputs_first():
    merge(batch("a.npz", [0]))

    components = Table("e.raw", "e.json").components

    assert [(c["name"], c["shape"]) for c in components] == [
        ("input/time", []),
        ("target/height", [3]),
        ("target/force", [2, 2]),
    ]


def test_how_items_are_spread_over_batches_does_not_change_the_dataset():
    files = []

    for batches in ([[0, 1, 2, 3]], [[0, 1], [2, 3]], [[0], [1], [2, 3]]):
        merge(*(batch(f"{number}.npz", ids) for number, ids in enumerate(batches)))
        files.append([Path(f"e.{suffix}").read_bytes() for suffix in ("raw", "ids", "json")])

    assert files[0] == files[1] == files[2]


def test_components_that_stand_in_another_order_are_the_same():
    batch("a.npz", [0])
    arrays = dict(np.load("a.npz"))
    write_arrays("b.npz", {name: arrays[name] for name in reversed(list(arrays))})

    merge("a.npz", "b.npz")
    rows = Table("e.raw", "e.json").read()

    assert np.array_equal(rows[0], rows[1])


@pytest.mark.parametrize("position", [0, 1, 2])
def test_the_batch_with_another_shape_is_named_wherever_it_stands(position):
    batches = [batch(f"batches/{n}.npz".replace("/", "_"), [n]) for n in range(3)]
    batch(batches[position], [position], **{"target/height": np.zeros((1, 4))})

    with pytest.raises(UserError) as error:
        merge(*batches)

    expected = f"batches_{position}.npz: target/height has shape (4,), the others have (3,); all must agree"
    assert str(error.value) == expected


def test_a_batch_with_one_component_more_is_named():
    batches = [batch(f"{n}.npz", [n]) for n in range(3)]
    batch("1.npz", [1], **{"target/more": np.zeros(1)})

    with pytest.raises(UserError) as error:
        merge(*batches)

    assert str(error.value).startswith("1.npz: target/more has shape (), the others have missing")


def test_a_truncated_batch_is_put_aside_and_named():
    batches = [batch("a.npz", [0]), batch("b.npz", [1])]
    Path("b.npz").write_bytes(Path("b.npz").read_bytes()[:-10])

    with pytest.raises(UserError) as error:
        merge(*batches)

    assert str(error.value).startswith("b.npz is damaged")
    assert Path("b.npz.damaged").exists()

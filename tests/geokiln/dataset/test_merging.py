from pathlib import Path

import numpy as np
import pytest

from geokiln.dataset.merging import merge_batches
from geokiln.errors import UserError
from geokiln.storage.arrays import read_arrays, write_arrays
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


def test_the_rows_of_all_batches_are_merged_in_their_order_inputs_first_whatever_the_order_of_components():
    batches = [batch("0-2.npz", [0, 1, 2]), batch("3-5.npz", [3, 4])]
    write_arrays(batches[1], dict(reversed(read_arrays(batches[1]).items())))

    done = merge(*batches)

    table = Table("e.raw", "e.json")
    shapes = {component["name"]: component["shape"] for component in table.components}
    assert (done.rows, done.width) == (5, 8)
    assert list(shapes.items()) == [("input/time", []), ("target/height", [3]), ("target/force", [2, 2])]
    assert table.read().tolist() == [[n, 10 * n, 20 * n, 30 * n, n, n, n, n] for n in range(5)]
    assert Path("e.ids").read_text().splitlines() == ["0", "1", "2", "3", "4"]


def test_the_batch_with_other_components_is_named_although_it_is_the_first():
    batches = [batch("0.npz", [0], **{"target/height": np.zeros((1, 4))}), batch("1.npz", [1]), batch("2.npz", [2])]

    with pytest.raises(UserError) as error:
        merge(*batches)

    assert str(error.value) == "0.npz: target/height has shape (4,), the others have (3,); all must agree"


def test_a_batch_with_a_changed_value_is_put_aside_and_named():
    batches = [batch("a.npz", [0]), batch("b.npz", range(1, 10000))]
    content = Path("b.npz").read_bytes()
    Path("b.npz").write_bytes(content.replace(np.float32(9999).tobytes(), np.float32(9998).tobytes(), 1))

    with pytest.raises(UserError) as error:
        merge(*batches)

    assert str(error.value).startswith("b.npz is damaged (checksum of input/time.npy)")
    assert Path("b.npz.damaged").exists()


def test_a_dataset_of_which_nothing_is_left_is_refused():
    with pytest.raises(UserError) as error:
        merge(batch("a.npz", []), batch("b.npz", []))

    assert str(error.value) == "a.npz and all others: every item was left out, so there is no data point"

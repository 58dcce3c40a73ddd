import numpy as np
import pytest
import torch

from geokiln.errors import UserError
from geokiln.storage.tables import Table, TableWriter
from geokiln.training.examples import InMemory, Streamed


@pytest.fixture
def table():
    """A function that writes a table whose first column is the row's number."""

    def table(count):
        rows = np.arange(count, dtype=np.float32)[:, None] + [0, 0.25, 0.5]
        with TableWriter("t.raw", "t.json", {"x": ()}, {"y": (2,)}) as writer:
            writer.write(rows)
        return Table("t.raw", "t.json")

    return table


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def numbers(examples, batch_size, shuffles):
    batches = list(examples.epoch(batch_size, shuffles))
    for inputs, targets in batches:
        assert torch.equal(inputs + 0.25, targets[..., :1]) and torch.equal(inputs + 0.5, targets[..., 1:])
    return [inputs[..., 0].tolist() for inputs, _ in batches]


@pytest.mark.parametrize(
    ("memory", "batch_size", "count", "limit"),
    [
        (1, 1, 100, None),
        (1, 1000, 100, None),
        (10_000, 7, 5001, None),
        (10_000, 10, 5001, 1234),
        (1 << 30, 64, 1, None),
    ],
)
def test_a_stream_gives_each_example_once_in_full_batches_up_to_a_limit(memory, batch_size, count, limit, table):
    stream = Streamed(table(count), memory, count=limit)

    batches, ordered = (numbers(stream, batch_size, shuffles) for shuffles in ([random()], None))

    assert sorted(number for (batch,) in batches for number in batch) == list(range(limit or count))
    assert [number for (batch,) in ordered for number in batch] == list(range(limit or count))
    assert {len(batch) for (batch,) in batches[:-1]} <= {batch_size}
    assert sum(len(inputs) for inputs, _ in stream.blocks()) == stream.count == (limit or count)


def test_a_stream_mixes_examples_from_all_over_the_table(table):
    count = 100_000
    stream = Streamed(table(count), 400_000)  # a buffer of a sixth of the table

    batches = np.array([batch for (batch,) in numbers(stream, 100, [random()])])

    # Drawn at random, a batch's mean would have this spread; with neighbours together it would be ten times as large.
    expected = count / 12**0.5 / 100**0.5
    assert np.std(batches.mean(1)) < 3 * expected
    assert np.abs(np.diff(batches[:, :2])).mean() > count / 6


def test_another_epoch_has_another_order_and_the_same_seed_the_same(table):
    stream, generator = Streamed(table(5000), 10_000), random()

    first, second = numbers(stream, 10, [generator]), numbers(stream, 10, [generator])

    assert first != second and first == numbers(stream, 10, [random()])


def test_a_damaged_table_is_named_before_a_stream_begins(table):
    table(5000)
    with open("t.raw", "r+b") as file:
        file.seek(30_000)
        file.write(b"\xff\xff\xff")

    with pytest.raises(UserError, match=r"t\.raw is damaged \(checksum of rows"):
        Streamed(Table("t.raw", "t.json"), 10_000)


def in_memory(count):
    inputs = torch.arange(count, dtype=torch.float32).unsqueeze(1)
    return InMemory(inputs, torch.cat([inputs + 0.25, inputs + 0.5], 1))


def test_wedges_have_their_own_orders_or_share_one():
    examples = in_memory(50)

    own = numbers(examples, 8, [random(0), random(1)])
    shared = numbers(examples, 8, [random(0)])

    assert [len(batch[0]) for batch in own] == [8] * 6 + [2]
    assert [batch[0] for batch in own] == [batch[0] for batch in shared]
    assert own[0][0] != own[0][1]
    for wedge in range(2):
        assert sorted(sum((batch[wedge] for batch in own), [])) == list(range(50))


def test_chunks_of_a_large_set_change_nothing(monkeypatch):
    whole = numbers(in_memory(1000), 8, [random()])
    monkeypatch.setattr("geokiln.training.examples.CHUNK_BYTES", 500)

    assert numbers(in_memory(1000), 8, [random()]) == whole


def test_batches_for_users_have_no_wedge_axis(table):
    for examples in (in_memory(50), Streamed(table(50), 1000)):
        shapes = [(inputs.shape, targets.shape) for inputs, targets in examples.batches(20, random())]

        assert shapes == [((20, 1), (20, 2)), ((20, 1), (20, 2)), ((10, 1), (10, 2))]

from hypothesis import given
from hypothesis import strategies as st

from geokiln.work_items.batches import automatic_batch_size, batch_names, batch_range


@given(count=st.integers(0, 500), size=st.integers(1, 60))
def test_batches_are_named_by_their_room_alone_until_all_items_are_covered(count, size):
    ranges = [batch_range(name) for name in batch_names(count, size)]

    assert ranges == [range(first, first + size) for first in range(0, count, size)]


@given(st.integers(1, 10**7))
def test_an_automatic_batch_size_is_a_power_of_two_and_makes_few_batches(count):
    size = automatic_batch_size(count)

    assert size & (size - 1) == 0
    assert count ** (1 / 4) / 1.42 <= count / size <= 1.42 * count ** (1 / 4)

"""Batches: the blocks of work items that one job owns. Only the standard library is imported here."""

from geokiln.storage.fingerprints import blake2b


def automatic_batch_size(count):
    """Return a batch size that makes about as many batches as the fourth root of the items' number.

    A process costs 0.2 s before it cooks: with 5 ms an item, 10 batches of 10,000 items cost 4 %, 80 would cost 30 %.

    The nearest power of two, so that growth seldom changes it: 4 batches for 128 items, 10 for 10,000, 31 for a
    million.

    >>> [automatic_batch_size(count) for count in (1, 128, 10_000, 1_000_000)]
    [1, 32, 1024, 32768]
    """
    size = 1
    while (2 * size) ** 4 <= 4 * count**3:  # 2 size <= sqrt(2) count^(3/4)
        size *= 2
    return size


def batch_names(count, batch_size):
    """Return the names of the batches of *count* items: ``first-last`` of each block, whether or not it is full.

    A name depends on the block alone, so growth keeps the batches that are there.

    >>> batch_names(70, 32)
    ['0-31', '32-63', '64-95']
    """
    return [f"{first}-{first + batch_size - 1}" for first in range(0, count, batch_size)]


def batch_range(batch):
    """Return the item numbers of a batch by its name, as a range.

    >>> batch_range("32-63")
    range(32, 64)
    """
    first, last = batch.split("-")
    return range(int(first), int(last) + 1)


def dataset_parts(granularity, count, batch_size):
    """Return the files, without suffix, that the dataset is merged from, in the order of the items.

    >>> dataset_parts("point", 2, 16), dataset_parts("batch", 20, 16), dataset_parts("whole", 20, 16)
    (['data_points/0', 'data_points/1'], ['batches/0-15', 'batches/16-31'], ['batches/whole'])
    """
    if granularity == "point":
        return [f"data_points/{point}" for point in range(count)]
    names = batch_names(count, batch_size) if granularity == "batch" else ["whole"]
    return [f"batches/{name}" for name in names]


def batch_key(digests, policy):
    """Return the fingerprint of some items, cooked in one context: *digests* are their 16 bytes each, in order.

    *policy* says what else shapes the result: what becomes of invalid examples.
    """
    return blake2b(b"".join(digests) + policy.encode(), digest_size=16).hexdigest()

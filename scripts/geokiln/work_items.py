"""Work items: what one cook computes, and the blocks of them that one job owns."""

import fnmatch
import hashlib
import json

from geokiln.errors import UserError


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


def matches(pattern, name):
    """Whether an attribute's name is chosen by a pattern in Houdini's way: words, ``*``, and ``^`` to take away.

    >>> [matches("* ^name", name) for name in ("P", "name")]
    [True, False]
    """
    chosen = False
    for word in pattern.split():
        if fnmatch.fnmatchcase(name, word.lstrip("^")):
            chosen = not word.startswith("^")
    return chosen


class WorkItems:
    """Some work items, column by column.

    Attributes
    ----------
    ids : (n,) array of str
        Identities; they never depend on order, batch or worker.
    seed : int
    attributes : dict
        Name -> array (n,) or (n, tuple size); numbers or strings. Together with identity and seed that is all that a
        cook may depend on, so it is what is fingerprinted.
    """

    def __init__(self, ids, seed, attributes):
        self.ids, self.seed, self.attributes = ids, int(seed), attributes

    def __len__(self):
        return len(self.ids)

    def rows(self, rows):
        """Return the items in *rows*, a slice or an array of row numbers."""
        return WorkItems(self.ids[rows], self.seed, {name: column[rows] for name, column in self.attributes.items()})

    def item(self, row, parameters):
        """Return one item as a generator's functions see it."""
        return Item(self, row, parameters)

    def digests(self, block=65536):
        """Return 16 bytes for each item that identify it and all its attributes: (n, 2) uint64.

        Neither the order of the attributes nor the other items count.
        """
        import numpy as np

        names = sorted(self.attributes)
        layout = [(name, _kind(self.attributes[name]), list(self.attributes[name].shape[1:])) for name in names]
        common = hashlib.blake2b(json.dumps([self.seed, layout]).encode(), digest_size=16)
        digests = bytearray()
        for start in range(0, len(self), block):
            rows = self.rows(slice(start, start + block))
            columns = [rows.attributes[name] for name in names]
            texts = [column for column in columns if column.dtype.kind == "U"]
            numbers = [_bytes(column) for column in columns if column.dtype.kind != "U"]
            table = np.hstack(numbers) if numbers else np.zeros((len(rows), 0), np.uint8)
            for number, id_ in enumerate(rows.ids):
                digest = common.copy()
                digest.update(json.dumps([str(id_), *[text[number].tolist() for text in texts]]).encode())
                digest.update(table[number].data)
                digests += digest.digest()
        return np.frombuffer(bytes(digests), np.uint64).reshape(-1, 2)


def _kind(column):
    return "text" if column.dtype.kind == "U" else column.dtype.newbyteorder("<").str


def _bytes(column):
    """Return the bytes of each row of numbers, little-endian: (n, row bytes) uint8."""
    import numpy as np

    column = np.ascontiguousarray(column, column.dtype.newbyteorder("<"))
    return column.reshape(len(column), -1).view(np.uint8).reshape(len(column), -1)


class Item:
    """A work item as a generator's functions see it.

    Attributes
    ----------
    id : str
        Identity of the item; it never depends on order, batch or worker.
    parameters : dict
        ``generator.parameters`` of the config.
    """

    def __init__(self, items, row, parameters):
        self.id = str(items.ids[row])
        self.seed = items.seed
        self.parameters = parameters
        self._items, self._row = items, row

    def __getitem__(self, name):
        """Return the attribute *name*: a number, a string, or a float or int array (tuple size,)."""
        import numpy as np

        if name not in self._items.attributes:
            names = ", ".join(self.names) or "none"
            raise UserError(f"item {self.id} has no attribute {name!r}; it has {names}")
        value = self._items.attributes[name][self._row].tolist()
        return np.array(value) if isinstance(value, list) else value

    @property
    def names(self):
        """Names of the attributes, in the order of the geometry."""
        return list(self._items.attributes)

    @property
    def random(self):
        """A new numpy Generator seeded by the seed and the identity: the same numbers wherever the item is cooked."""
        import numpy as np

        return np.random.default_rng([self.seed, id_number(self.id)])


def id_number(id_):
    """Return the number that an identity seeds random numbers with: itself, or a hash of it.

    >>> id_number("12")
    12
    """
    hashed = hashlib.blake2b(id_.encode(), digest_size=8).hexdigest()
    return int(id_) if id_.isdigit() else int(hashed, 16)


def add_attributes(items, generator, parameters):
    """Return the items with what the generator's ``attributes(item)`` gives for each of them."""
    import numpy as np

    columns = {}
    for row in range(len(items)):
        given = generator.call("attributes", items.item(row, parameters))
        if not isinstance(given, dict) or (row and given.keys() != columns.keys()):
            raise UserError(
                f"{generator.path}: attributes(item {items.ids[row]}) must give a dict, the same names for all"
            )
        for name, value in given.items():
            columns.setdefault(name, []).append(value)
    taken = sorted(columns.keys() & items.attributes.keys())
    if taken:
        raise UserError(f"{generator.path}: attributes: {taken[0]!r} is an attribute of the geometry already")
    return WorkItems(items.ids, items.seed, {**items.attributes, **{n: np.array(v) for n, v in columns.items()}})

"""Work items: what one cook computes, and the blocks of them that one job owns."""

import hashlib

from geokiln.errors import UserError


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


def work_items(geometry, seed):
    """Return a work item for each primitive of a Geometry: a dict of plain Python values.

    Returns
    -------
    list of dict
        ``id`` (str, the primitive's number), ``seed`` (int) and ``attributes`` (name -> number, string or list): the
        primitive attributes. That is all that a cook may depend on, so it is what is fingerprinted.
    """
    attributes = {name: array.tolist() for name, array in geometry.primitive_attributes.items()}
    return [
        {"id": str(number), "seed": seed, "attributes": {name: values[number] for name, values in attributes.items()}}
        for number in range(len(geometry.primitives))
    ]


def dataset_parts(granularity, count, batch_size):
    """Return the files, without suffix, that the dataset is merged from, in the order of the items.

    >>> dataset_parts("point", 2, 16), dataset_parts("batch", 20, 16), dataset_parts("whole", 20, 16)
    (['data_points/0', 'data_points/1'], ['batches/0-15', 'batches/16-31'], ['batches/whole'])
    """
    if granularity == "point":
        return [f"data_points/{point}" for point in range(count)]
    names = batch_names(count, batch_size) if granularity == "batch" else ["whole"]
    return [f"batches/{name}" for name in names]


class Item:
    """A work item as a generator's functions see it.

    Attributes
    ----------
    id : str
        Identity of the item; it never depends on order, batch or worker.
    parameters : dict
        ``generator.parameters`` of the config.
    """

    def __init__(self, item, parameters):
        self.id = item["id"]
        self.seed = item["seed"]
        self.parameters = parameters
        self._attributes = item["attributes"]

    def __getitem__(self, name):
        """Return the attribute *name*: a number, a string, or a float or int array (tuple size,)."""
        import numpy as np

        if name not in self._attributes:
            raise UserError(f"item {self.id} has no attribute {name!r}; it has {', '.join(self._attributes) or 'none'}")
        value = self._attributes[name]
        return np.array(value) if isinstance(value, list) else value

    @property
    def names(self):
        """Names of the attributes, in the order of the geometry."""
        return list(self._attributes)

    @property
    def random(self):
        """A new numpy Generator seeded by the seed and the identity: the same numbers wherever the item is cooked."""
        import numpy as np

        hashed = hashlib.blake2b(self.id.encode(), digest_size=8).hexdigest()
        number = int(self.id) if self.id.isdigit() else int(hashed, 16)
        return np.random.default_rng([self.seed, number])

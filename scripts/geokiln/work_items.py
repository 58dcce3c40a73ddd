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


def work_items(geometry, seed, id_attribute=None):
    """Return a work item for each primitive of a Geometry: a dict of plain Python values.

    Parameters
    ----------
    id_attribute : str, optional
        Name of the integer or string attribute that identifies a primitive; without it, its number does.

    Returns
    -------
    list of dict
        ``id`` (str), ``seed`` (int) and ``attributes`` (name -> number, string or list): the
        primitive attributes. That is all that a cook may depend on, so it is what is fingerprinted.
    """
    attributes = {name: array.tolist() for name, array in geometry.primitive_attributes.items()}
    ids = _identities(geometry, id_attribute) if id_attribute else map(str, range(len(geometry.primitives)))
    return [
        {"id": id_, "seed": seed, "attributes": {name: values[number] for name, values in attributes.items()}}
        for number, id_ in enumerate(ids)
    ]


def _identities(geometry, attribute):
    """Return the identities of the primitives, from an attribute that must be a different one for each."""
    known = geometry.primitive_attributes
    if attribute not in known:
        names = ", ".join(known) or "none"
        raise UserError(f"geometry.id_attribute: there is no primitive attribute {attribute!r}; there are: {names}")
    if known[attribute].ndim != 1 or known[attribute].dtype.kind not in "iuU":
        raise UserError(f"geometry.id_attribute: {attribute!r} must hold one integer or string for each primitive")
    ids = [str(value) for value in known[attribute].tolist()]
    places = {}
    for number, id_ in enumerate(ids):
        if id_ in places:
            both = f"primitives {places[id_]} and {number}"
            raise UserError(f"geometry.id_attribute: {both} have the same {attribute!r}, {id_}; it must identify one")
        if not id_ or "\n" in id_:
            raise UserError(f"geometry.id_attribute: primitive {number} has an empty or broken {attribute!r}, {id_!r}")
        places[id_] = number
    return ids


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

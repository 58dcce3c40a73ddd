"""Work items: what one cook computes, as a table and as a generator's functions see them."""

import json

from geokiln.errors import UserError
from geokiln.storage.fingerprints import blake2b


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
    id_attribute : str or None
        The attribute of numbers that identifies an element, if there is one among them.
    parts : geokiln.work_items.parts.Parts or None
        The items' geometry, if they bring it: it counts like an attribute.
    """

    def __init__(self, ids, seed, attributes, id_attribute=None, parts=None):
        self.ids, self.seed, self.attributes, self.id_attribute = ids, int(seed), attributes, id_attribute
        self.parts = parts

    def __len__(self):
        return len(self.ids)

    def rows(self, rows):
        """Return the items in *rows*, a slice or an array of row numbers."""
        attributes = {name: column[rows] for name, column in self.attributes.items()}
        parts = self.parts and self.parts.rows(rows)
        return WorkItems(self.ids[rows], self.seed, attributes, self.id_attribute, parts)

    @property
    def input_names(self):
        """Names of the attributes that a model sees where the generator does not say: numbers that are no identity."""
        return [name for name in self.attributes if name not in self.no_inputs]

    @property
    def no_inputs(self):
        """Attributes that are no inputs of a model by themselves: name -> why."""
        reasons = {}
        for name, column in self.attributes.items():
            if column.dtype.kind == "U":
                reasons[name] = "is text"
            elif name == self.id_attribute or (name == "id" and column.dtype.kind in "iu"):
                reasons[name] = "identifies an element"
        return reasons

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
        layout += ["geometry"] if self.parts else []
        common = blake2b(json.dumps([self.seed, layout]).encode(), digest_size=16)
        digests = bytearray()
        for start in range(0, len(self), block):
            rows = self.rows(slice(start, start + block))
            columns = [rows.attributes[name] for name in names]
            texts = _texts(rows.ids, [column for column in columns if column.dtype.kind == "U"])
            numbers = [_bytes(column) for column in columns if column.dtype.kind != "U"]
            numbers += [_bytes(rows.parts.digest)] if self.parts else []
            width = sum(column.shape[1] for column in numbers)
            table = np.hstack(numbers).tobytes() if numbers else b""
            for number, text in enumerate(texts):
                digest = common.copy()
                digest.update(text.encode())
                digest.update(table[number * width : (number + 1) * width])
                digests += digest.digest()
        return np.frombuffer(bytes(digests), np.uint64).reshape(-1, 2)


def _kind(column):
    return "text" if column.dtype.kind == "U" else column.dtype.newbyteorder("<").str


def _texts(ids, columns):
    """Yield the identity of each row and its texts, as JSON."""
    if not columns:  # of a million rows, json.dumps takes most of the time
        quoted = json.encoder.encode_basestring_ascii
        return (f"[{quoted(id_)}]" for id_ in ids.astype(str).tolist())
    return (json.dumps(row) for row in zip(ids.astype(str).tolist(), *(column.tolist() for column in columns)))


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
    input_names : list of str
        The attributes that a model sees where the generator does not say.
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
    def input_names(self):
        return self._items.input_names

    @property
    def geometry(self):
        """The item's own `geokiln.api.Geometry`: that of its piece or group, or what its packed primitive holds."""
        if self._items.parts is None:
            raise UserError(f"item {self.id} brings no geometry; ask for it, work_items.include: [geometry]")
        return self._items.parts.geometry(self._row, f"item {self.id}")

    @property
    def random(self):
        """A new numpy Generator seeded by the seed and the identity: the same numbers wherever the item is cooked."""
        import numpy as np

        return np.random.default_rng([self.seed, id_number(self.id)])


def id_number(id_):
    """Return the number that an identity seeds random numbers with: itself, or a hash of it.

    Only a number as Python writes it is one: ``01`` is another identity than ``1``.

    >>> id_number("12"), id_number("012") == id_number("12")
    (12, False)
    """
    if id_.isascii() and id_.isdigit() and (id_ == "0" or id_[0] != "0"):
        return int(id_)
    return int(blake2b(id_.encode(), digest_size=8).hexdigest(), 16)


class ManyItems:
    """Work items as a vectorised function sees them: ``items["name"]`` is an array with a row per item.

    Attributes
    ----------
    ids : (n,) array of str
    names, input_names : list of str
        Names of the attributes; of those that a model sees where the generator does not say.
    parameters : dict
        ``generator.parameters`` of the config.

    Iterating gives single items. What a row of the result is must not depend on the other rows.
    """

    def __init__(self, items, parameters):
        self._items, self.parameters = items, parameters
        self.ids, self.names, self.input_names = items.ids, list(items.attributes), items.input_names

    def __len__(self):
        return len(self._items)

    def __getitem__(self, name):
        if name not in self._items.attributes:
            raise UserError(f"the items have no attribute {name!r}; they have {', '.join(self.names) or 'none'}")
        import numpy as np

        return np.array(self._items.attributes[name])

    def __iter__(self):
        return (self._items.item(row, self.parameters) for row in range(len(self)))

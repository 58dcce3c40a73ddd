"""The geometry of work items: what ``item.geometry`` gives."""

import json

import numpy as np

from geokiln.errors import UserError
from geokiln.geometry.contents import contents_digest
from geokiln.geometry.elements import Elements
from geokiln.geometry.geo_file import read_geo


class Parts:
    """Where the geometry of some work items is.

    Attributes
    ----------
    files : list of path
        The geometries that the items were imported from.
    settings : dict
        How: ``element``, ``group``, ``piece`` of `geokiln.geometry.elements.Elements`.
    file, place : (n,) int
        Which file each item is in, and its place among the elements there.
    digest : (n, 2) uint64
        What identifies its geometry.
    """

    def __init__(self, files, settings, file, place, digest, read=None):
        self.files, self.settings, self.file, self.place, self.digest = files, settings, file, place, digest
        self._read = {} if read is None else read

    @classmethod
    def of(cls, files, settings, counts):
        """Return the parts of all elements of some files; *counts* says how many each has."""
        file = np.repeat(np.arange(len(files)), counts)
        place = np.concatenate([np.arange(count) for count in counts])
        parts = cls(files, settings, file, place, np.zeros((len(file), 2), np.uint64))
        for row in range(len(file)):
            parts.digest[row] = np.frombuffer(contents_digest(parts._part(row)), np.uint64)
        return parts

    def rows(self, rows):
        """Return the parts in *rows*, a slice or an array of row numbers."""
        where = self.file[rows], self.place[rows], self.digest[rows]
        return Parts(self.files, self.settings, *where, self._read)

    def geometry(self, row, name):
        """Return the Geometry of an item, which is called *name* in messages.

        Raises
        ------
        UserError
            If it is not the one that was imported.
        """
        part = self._part(row)
        if contents_digest(part) != self.digest[row].tobytes():
            raise UserError(f"{name}: {self.files[self.file[row]]} has changed since it was imported; run again")
        return part

    def _part(self, row):
        file = int(self.file[row])
        if file not in self._read:
            self._read.clear()  # one geometry at a time: the items of a file stand together
            path = self.files[file]
            self._read[file] = Elements(read_geo(path), where=str(path), **self.settings)
        return self._read[file].part(int(self.place[row]))

    def arrays(self):
        """Return what a table of items keeps of this: name -> array."""
        settings = np.array(json.dumps(self.settings, sort_keys=True))
        return {"file": self.file, "place": self.place, "digest": self.digest, "settings": settings}

    @classmethod
    def from_arrays(cls, arrays, files):
        """Return the Parts that `arrays` gave, of the same *files*."""
        settings = json.loads(str(arrays["settings"]))
        return cls(files, settings, arrays["file"], arrays["place"], arrays["digest"])

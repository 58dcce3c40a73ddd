"""Volumes of a geometry: boxes of voxels, which a file keeps as tiles of 16 x 16 x 16."""

import math

import numpy as np

from geokiln.geometry.pairs import pairs
from geokiln.geometry.shared_data import shared

TILE = 16
RAW = ("raw", "rawfull")
MOST_VOXELS = 1 << 31  # of a volume that is made an array: constant tiles claim any number in a few bytes


def voxels_of(geometry, number):
    """Return the voxels of a volume: float32 (nz, ny, nx), read-only if they are all equal.

    Parameters
    ----------
    geometry : Geometry
        One that was read.
    number : int
        That of a primitive of kind ``Volume``.

    Raises
    ------
    ValueError, KeyError, TypeError
        If there is no such volume, or it is damaged or compressed in a way that is not known.
    """
    fields = geometry.primitives.fields.get(number, {})
    if geometry.primitives.kind(number) != "Volume":
        raise ValueError(f"primitive {number} is a {geometry.primitives.kind(number)} and no volume")
    resolution = [int(size) for size in fields["res"]]
    if len(resolution) != 3 or min(resolution) < 0:
        raise ValueError(f"a volume of {resolution} voxels")
    data = fields.get("voxels")
    if data is None:
        data = shared(geometry, "geo:voxels", fields["sharedvoxels"])
    encoding, body = data[0], data[1]
    shape = tuple(resolution[::-1])
    if encoding == "constantarray":
        return np.broadcast_to(np.float32(body), shape)
    if encoding != "tiledarray":
        raise ValueError(f"voxels as {encoding!r}")
    return _tiles(pairs(body), shape)


def _tiles(body, shape):
    counts = [math.ceil(size / TILE) for size in shape]
    tiles, kinds = body["tiles"], list(body["compressiontypes"])
    if len(tiles) != math.prod(counts):
        raise ValueError(f"{len(tiles)} tiles for {math.prod(counts)}")
    if math.prod(shape) > MOST_VOXELS:
        raise ValueError(f"a volume of {math.prod(shape)} voxels")
    voxels = np.empty(shape, np.float32)
    with np.errstate(over="ignore"):
        _fill(voxels, tiles, kinds, counts)
    return voxels


def _fill(voxels, tiles, kinds, counts):
    for number, tile in enumerate(tiles):
        tile = pairs(tile)
        place = np.unravel_index(number, counts)  # x fastest
        block = tuple(slice(TILE * at, min(TILE * (at + 1), size)) for at, size in zip(place, voxels.shape))
        kind = kinds[int(tile["compression"])]
        data = np.asarray(tile["data"], np.float32)
        if kind == "constant":
            voxels[block] = data.reshape(())
        elif kind in RAW:
            voxels[block] = data.reshape(voxels[block].shape)
        else:
            raise ValueError(f"voxels compressed as {kind!r}")

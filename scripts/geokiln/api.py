"""What generators and scripts import from Geokiln. It stays, however the package is built inside."""

from geokiln.errors import DropItem, UserError
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import Geometry
from geokiln.geometry.packed import packed_geometry
from geokiln.geometry.primitives import Primitives
from geokiln.geometry.volumes import voxels_of
from geokiln.raw.reading import read_raw
from geokiln.raw.writing import write_raw

__all__ = [
    "DropItem",
    "Geometry",
    "Primitives",
    "UserError",
    "packed_geometry",
    "read_geo",
    "read_raw",
    "voxels_of",
    "write_geo",
    "write_raw",
]

"""What generators and scripts import from Geokiln. It stays, however the package is built inside."""

from geokiln.errors import DropItem, UserError
from geokiln.geometry.geo_file import read_geo, write_geo
from geokiln.geometry.geometry import Geometry

__all__ = ["DropItem", "Geometry", "UserError", "read_geo", "write_geo"]

"""Programs that cook the same items: Geokiln, and build tools that know one file per item."""

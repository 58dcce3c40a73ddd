"""Make the way to an environment that is there already, and is taken as it is."""

import argparse

from geokiln.errors import script
from geokiln.planning.existing import take_environment


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interpreter", required=True, help="its interpreter")
    parser.add_argument("--python", required=True, help="the file to make, which starts it")
    take_environment(**vars(parser.parse_args(argv)))


if __name__ == "__main__":
    main()

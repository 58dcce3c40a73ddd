"""Build one environment: a virtualenv with its packages. Runs in Snakemake's own interpreter."""

import argparse
import json

from geokiln.errors import script
from geokiln.planning.building import make_environment


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interpreter", required=True, help="the interpreter that it is built on")
    parser.add_argument("--requirements", nargs="?", help="a requirements file")
    parser.add_argument("--packages", type=json.loads, default=[], help="or requirements, as a file has them, JSON")
    parser.add_argument("--modules", nargs="*", default=[], help="Python files and folders to be copied")
    parser.add_argument("--wheels", nargs="?", help="a folder to install from, without a network")
    parser.add_argument("--python", required=True, help="the file to make: {environment}/python")
    make_environment(**vars(parser.parse_args(argv)))


if __name__ == "__main__":
    main()

"""Build one environment: a virtualenv with pinned requirements. Runs in Snakemake's own interpreter."""

import argparse
from pathlib import Path

from geokiln.errors import script
from geokiln.planning.environments import build_environment
from geokiln.planning.folders import ENVIRONMENTS, writing
from geokiln.planning.interpreters import base_interpreter
from geokiln.storage.files import locked


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requirements", required=True, help="a requirements file")
    parser.add_argument("--interpreter", required=True, help="current, houdini or a path")
    parser.add_argument("--python", required=True, help="the file to make: {environment}/python")
    args = parser.parse_args(argv)

    folder = Path(args.python).parent
    with writing(folder, ENVIRONMENTS), locked(folder.name, folder.parent / ".locks"):  # projects may share the folder
        if Path(args.python).exists():
            print("built by another project a moment ago")
        else:
            build_environment(folder, args.requirements, base_interpreter(args.interpreter))


if __name__ == "__main__":
    main()

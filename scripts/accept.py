"""Accept an edit of the generator as harmless: what was cooked before it is kept."""

import argparse

from geokiln.cooking.context import accept
from geokiln.errors import command


@command
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generator", required=True, help="the user's Python file")
    parser.add_argument("--generator-inputs", nargs="*", default=[], help="files that it reads")
    parser.add_argument("--environment", required=True, help="name of the environment")
    args = parser.parse_args(argv)

    print(accept(args.generator, args.generator_inputs, args.environment))


if __name__ == "__main__":
    main()

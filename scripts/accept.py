"""Accept an edit of the generator as harmless: what was cooked before it is kept."""

import argparse

from geokiln.cooking.context import accept
from geokiln.cooking.recook import times_recooked
from geokiln.errors import script


@script
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generator", required=True, help="the user's Python file")
    parser.add_argument("--generator-inputs", nargs="*", default=[], help="files that it reads")
    parser.add_argument("--environment", required=True, help="name of the environment")
    parser.add_argument(
        "--recook", nargs="*", default=[], help=".kept/recook.json, if everything was to be cooked anew"
    )
    args = parser.parse_args(argv)

    print(accept(args.generator, args.generator_inputs, args.environment, times_recooked(args.recook)))


if __name__ == "__main__":
    main()

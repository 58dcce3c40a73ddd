"""Have everything cooked anew by the next request: what was cooked before counts no more."""

import argparse

from geokiln.cooking.recook import ask_to_recook
from geokiln.errors import script


@script
def main(argv=None):
    argparse.ArgumentParser(description=__doc__).parse_args(argv)

    print(ask_to_recook())


if __name__ == "__main__":
    main()

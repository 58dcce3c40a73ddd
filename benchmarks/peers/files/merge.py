"""Merge items/0.txt, items/1.txt, ... into one dataset: float32, a row of inputs and targets for each item."""

import sys
from array import array


def main(count, output):
    rows = array("f")
    for number in range(int(count)):
        with open(f"items/{number}.txt") as file:
            rows.extend(map(float, file.read().split()))
    with open(output, "wb") as file:
        rows.tofile(file)


if __name__ == "__main__":
    main(*sys.argv[1:])

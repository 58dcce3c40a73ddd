"""A stand-in for a simulator, not a real one: it sleeps while it starts, and while it solves an item.

    simulator.py START SOLVE ITEMS RESULTS        cooks a batch
    simulator.py START SOLVE ITEM FOLDER alone    cooks an item

START and SOLVE are seconds.
"""

import json
import math
import sys
import time
from pathlib import Path


def main():
    start, solve, told, answers, *alone = sys.argv[1:]
    time.sleep(float(start))
    for line in Path(told).read_text().splitlines():
        item = json.loads(line)
        time.sleep(float(solve))
        height = [math.sin(item["attributes"]["strength"] * step) for step in range(8)]
        if alone:
            write_npy(Path(answers, "height.npy"), height)
        else:
            with open(answers, "a") as results:
                results.write(json.dumps({"id": item["id"], "targets": {"height": height}}) + "\n")


def write_npy(path, values):
    import numpy

    numpy.save(path, values)


if __name__ == "__main__":
    main()

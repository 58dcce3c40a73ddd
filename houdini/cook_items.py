"""Cook work items with a scene of Houdini's that is opened once for all of them: a generator's command.

    hython houdini/cook_items.py ITEMS RESULTS --scene=tube.hip --set=bend=/obj/tube/bend/angle \\
        --sop=/obj/tube/OUT --target=displacement=P

docs/houdini.md shows it in a config.yaml, and explains each flag. Houdini's own Python runs it (3.9 and newer), so it
imports nothing of Geokiln.
"""

import argparse
import json
import os
import re
import sys
import time
import traceback

import hou
from item_scene import Scene
from item_targets import Failed, reason


def main():
    flags = parse(sys.argv[1:])
    with open(flags.items, encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines]
    if not items:
        return
    try:
        scene = Scene(flags, items[0])
    except Failed as mistakes:
        sys.stderr.write(f"cook_items.py: {mistakes}\n")
        sys.exit(2)
    with open(flags.results, "a", encoding="utf-8") as results:
        for item in items:
            report(results, id=item["id"], begun=True)
            started = time.monotonic()
            try:
                scene.cook(item)
            except Exception as error:
                if not isinstance(error, (Failed, hou.Error)):
                    traceback.print_exc()
                report(results, id=item["id"], error=reason(error))
            else:
                report(results, id=item["id"])
                print(f"item {item['id']}: {time.monotonic() - started:.2f} s", flush=True)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="cook_items.py", allow_abbrev=False)
    parser.add_argument("items", help="a JSON line for each item")
    parser.add_argument("results", help="gets a JSON line for each item that is done")
    parser.add_argument("--scene", required=True, help="the .hip file")
    parser.add_argument("--hda", action="append", default=[], help="a digital asset to install before")
    parser.add_argument("--set", action="append", default=[], type=pair, metavar="ATTRIBUTE=PARAMETER")
    parser.add_argument("--option", action="append", default=[], metavar="ATTRIBUTE", help="a context option: @NAME")
    parser.add_argument("--geometry", metavar="PARAMETER", help="gets the path of the item's own geometry")
    parser.add_argument("--write", action="append", default=[], type=pair, metavar="FILE=PARAMETER")
    frames = parser.add_mutually_exclusive_group()
    frames.add_argument("--frame", metavar="ATTRIBUTE", help="the frame to cook")
    frames.add_argument("--frames", type=frame_range, metavar="FIRST-LAST", help="cook these; targets are of the last")
    parser.add_argument("--press", action="append", default=[], metavar="PARAMETER", help="a button, before each cook")
    parser.add_argument("--rop", help="the output node to render")
    parser.add_argument("--sop", help="the node to cook, after the ROP, and to read targets from")
    parser.add_argument("--target", action="append", default=[], type=pair, metavar="NAME=[ELEMENT:]ATTRIBUTE")
    flags = parser.parse_args(arguments)
    if not (flags.sop or flags.rop):
        parser.error("name what to cook, with --sop or --rop")
    if flags.target and not flags.sop:
        parser.error("--target needs --sop, the node to read from")
    for name, _ in flags.write:
        if os.path.basename(name) != name:
            parser.error(f"--write {name}: name a file, not a path; it lies in the item's folder")
    return flags


def pair(text):
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE")
    return name, value


def frame_range(text):
    numbers = re.fullmatch(r"(-?\d+)-(-?\d+)", text)
    if not numbers or int(numbers[1]) > int(numbers[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no FIRST-LAST, such as 1-48")
    return int(numbers[1]), int(numbers[2])


def report(results, **line):
    results.write(json.dumps(line) + "\n")
    results.flush()


if __name__ == "__main__":
    main()

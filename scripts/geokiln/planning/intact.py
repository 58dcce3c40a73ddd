"""Whether an environment still is what was built: a look at every start, and a thorough one when a job has failed.

Only the standard library is imported here.
"""

import csv
import json
import os
import subprocess
from pathlib import Path

CONTENTS = "contents.json"  # of an environment: the names in site-packages, and in each folder there
PACKAGES = "lib/python3*/site-packages"
NAMED = 3  # of what is missing
WRAPPER = '#!/bin/sh\nexec "$(dirname "$0")/bin/python" "$@"\n'  # the file `python` of an environment for jobs


def write_contents(folder):
    """Note which names an environment consists of, two levels deep: what `why_broken` looks for."""
    there = {str(site.relative_to(folder)): _names(site) for site in Path(folder).glob(PACKAGES)}
    temporary = Path(folder, f".{CONTENTS}")
    temporary.write_text(json.dumps(there), encoding="utf-8")
    os.replace(temporary, Path(folder, CONTENTS))


def note_contents(folder):
    """`write_contents` of a whole environment that was built before that did: to read pip's notes takes 0.1 s."""
    if not Path(folder, CONTENTS).exists():
        write_contents(folder)


def why_broken(folder):
    """Return what is missing from an environment that was built, as a part of a sentence; None if nothing is.

    Names are looked at, not files: a start of Snakemake has no time for 30,000 of them.
    """
    folder = Path(folder)
    python = folder / "bin/python"
    if not os.path.exists(python):
        base = f" ({os.readlink(python)})" if python.is_symlink() else ""
        return f"its interpreter{base} is gone"
    if (folder / "python").exists() and not _is_wrapper(folder / "python"):
        return "its file python is damaged"
    missing = []
    for site, folders in _contents(folder).items():
        there = _names(folder / site)
        missing += sorted(name for name in folders[""] if name not in there[""])
        for parent in sorted(set(folders) & set(there) - {""}):
            missing += sorted(f"{parent}/{name}" for name in set(folders[parent]) - set(there[parent]))
    return f"{_listed(missing)} missing" if missing else None


def why_damaged(folder):
    """Return what `why_broken` does, by a look at each file, and whether the interpreter starts."""
    broken, folder = why_broken(folder), Path(folder)
    if broken:
        return broken
    try:
        starts = not subprocess.run([folder / "bin/python", "-c", "0"], capture_output=True).returncode
    except OSError:
        starts = False
    if not starts:
        return "its interpreter does not start"
    lost = [
        name
        for record in sorted(folder.glob(f"{PACKAGES}/*.dist-info/RECORD"))
        for name, size in _recorded(record)
        if size is not None and _size(record.parent.parent / name) < size
    ]
    return f"{_listed(lost)} missing or cut short" if lost else None


def _contents(folder):
    """Return what `write_contents` noted; of an environment made before it did, what pip noted of each package."""
    try:
        return json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        pass
    contents = {}
    for site in folder.glob(PACKAGES):
        names = contents.setdefault(str(site.relative_to(folder)), {"": []})
        for record in site.glob("*.dist-info/RECORD"):
            for name, size in _recorded(record):
                first, _, rest = name.partition("/")
                if first != ".." and size is not None:
                    names.setdefault(first, []).append(rest.split("/")[0]) if rest else names[""].append(first)
        names[""] += [name for name in names if name]
    return contents


def _is_wrapper(path):
    try:
        return path.read_bytes() == WRAPPER.encode() and os.access(path, os.X_OK)
    except OSError:
        return False


def _names(site):
    """Return the names in a folder ("") and in each folder in it: folder -> names; all empty if it is not there."""
    names = {"": []}
    for entry in os.scandir(site) if site.is_dir() else ():
        if entry.name == "__pycache__":
            continue
        names[""].append(entry.name)
        if entry.is_dir():
            names[entry.name] = [name for name in os.listdir(entry.path) if name != "__pycache__"]
    return names


def _recorded(record):
    """Return the files of a package and their sizes, None of those that may differ; nothing if nobody noted them."""
    try:
        with open(record, encoding="utf-8", newline="") as file:
            rows = [(row[0], row[1], row[2]) for row in csv.reader(file) if len(row) == 3]
    except (OSError, ValueError, csv.Error):
        return []
    return [(name, int(size) if digest and size.isdigit() else None) for name, digest, size in rows]


def _size(path):
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _listed(names):
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more} {'is' if len(names) == 1 else 'are'}"

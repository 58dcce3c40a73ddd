"""Never "nothing to do" over stale results.

Snakemake looks at a file in the middle of a chain only when something that hangs on it has a reason to run. So it does
not notice that an intermediate file was deleted, or that a job failed and lost its outputs, as long as an older final
file is there. Here each final target takes as an input a small record of the losses that were noticed before it:
a new loss changes the record, the changed record reruns the final target, and that makes whatever is missing, and all
that hangs on it, again.
"""

import json
import os
import sys
import time
from pathlib import Path

RECORDS = Path(".snakemake/geokiln")


def loss_record(target, files, notice=True, folder=RECORDS):
    """Bring the record of losses before *target* up to date.

    The record changes only when *target* exists while some of *files*, which lead to it, do not. When nothing is
    missing it stays as it is: the run that mended a loss leaves nothing to do.

    Returns
    -------
    tuple
        The record's path, and those of *files* that it names: wanting them makes them again.
    """
    path = Path(folder) / f"lost_before_{str(target).replace('/', '_')}.json"
    lost = [str(file) for file in files if not os.path.exists(file)] if notice and os.path.exists(target) else []
    try:
        named = json.loads(path.read_text())["lost"]
    except (FileNotFoundError, ValueError, KeyError):
        named = []
        _write(path, {"noticed": None, "lost": []})
    if lost:
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        print(f"Missing for {target}: {', '.join(lost[:3])}{more}", file=sys.stderr)
        _write(path, {"noticed": time.time(), "lost": lost})
        named = lost
    return str(path), [file for file in files if file in named]


def _write(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    temporary.write_text(json.dumps(document))
    os.replace(temporary, path)

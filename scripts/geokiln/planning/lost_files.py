"""Never "nothing to do" over stale results.

Snakemake looks at a file in the middle of a chain only when something that depends on it has a reason to run. So it
does not notice that an intermediate file was deleted, or that a job failed and lost its outputs, as long as an older
final file is there. Here the rules of such targets have a parameter that counts how often something before them was
found lost: a new loss changes it, so the target is made again, and with it whatever is missing in between.

When the rules are read, losses are only noticed. They are written down when a run starts, so that the parameter keeps
its value until the next loss: the run that mends a loss leaves nothing to do.
"""

import contextlib
import json
import os
import sys
from pathlib import Path

RECORD = Path(".snakemake/geokiln/lost_files.json")


class LostFiles:
    """What was found lost before some targets.

    Parameters
    ----------
    notices : bool
        Whether to look; a job of a farm goes by the record alone, as it was when its run began.
    """

    def __init__(self, notices=True, record=RECORD):
        self.record, self.notices = Path(record), notices
        self.known, self.noticed = {}, {}
        with contextlib.suppress(OSError, ValueError, TypeError):  # none, or damaged: as if nothing had been lost
            self.known = dict(json.loads(self.record.read_text(encoding="utf-8")))

    def notice(self, target, lost):
        """Take note of the files *lost*, which lead to a *target* that is there; one that is not is made anyway."""
        if not self.notices or not lost or not os.path.exists(target):
            return
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        print(f"Missing for {target}: {', '.join(lost[:3])}{more}", file=sys.stderr)
        self.noticed[target] = {"times": self.times(target) + 1, "lost": lost}

    def times(self, target):
        """Return how often something was lost before *target*: a parameter of its rule."""
        return self._about(target)["times"]

    def before(self, target):
        """Return what was lost the last time: wanting it makes it again."""
        return self._about(target)["lost"]

    def _about(self, target):
        return self.noticed.get(target) or self.known.get(target) or {"times": 0, "lost": []}

    def write_down(self):
        """Keep what was noticed, at the start of a run."""
        if self.noticed:
            self.record.parent.mkdir(parents=True, exist_ok=True)
            temporary = self.record.with_name(f".{os.getpid()}.{self.record.name}")
            temporary.write_text(json.dumps({**self.known, **self.noticed}), encoding="utf-8")
            os.replace(temporary, self.record)


def missing(files):
    """Return those of *files* that are not there."""
    return [str(file) for file in files if not os.path.exists(file)]

"""What a job says in the terminal while it runs: the rest of what it prints goes to its log.

Only the standard library is imported here.
"""

import contextlib
import os
import sys
from pathlib import Path

TERMINAL = "GEOKILN_TERMINAL"  # an environment variable: the number of the open file that is the terminal, not the log


def say(line):
    """Print a line, and in the terminal, too, where the log is another file: nobody reads that while a job waits."""
    print(line, flush=True)
    show(f"{Path(sys.argv[0]).stem}: {line}")


def show(line):
    """Print a line in the terminal alone."""
    terminal = _terminal()
    with contextlib.suppress(OSError):
        os.set_inheritable(terminal, False)
        os.write(terminal, f"{line}\n".encode(errors="backslashreplace"))


def is_watched():
    """Whether somebody may be looking: the terminal is one, and no file."""
    try:
        return os.isatty(_terminal())
    except OSError:
        return False


def _terminal():
    return int(os.environ.get(TERMINAL) or -1)

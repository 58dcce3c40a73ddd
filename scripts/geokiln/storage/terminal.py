"""What a job says in the terminal while it runs: the rest of what it prints goes to its log.

Jobs write such lines to a file, and the process that shows the progress of the run prints them: lines that another
process wrote would be lost in a display that is drawn again and again. Only the standard library is imported here.
"""

import atexit
import contextlib
import os
import sys
from pathlib import Path

TERMINAL = "GEOKILN_TERMINAL"  # an environment variable: the file of the lines
WATCHED = "GEOKILN_WATCHED"  # set if somebody may be looking
SECONDS = 0.1  # between two looks at the file


def say(line):
    """Print a line, and in the terminal, too, where the log is another file: nobody reads that while a job waits."""
    print(line, flush=True)
    show(f"{Path(sys.argv[0]).stem}: {line}")


def show(line):
    """Print a line in the terminal alone."""
    if os.environ.get(TERMINAL):
        with contextlib.suppress(OSError), open(os.environ[TERMINAL], "a", errors="backslashreplace") as lines:
            lines.write(f"{line}\n")


def is_watched():
    """Whether somebody may be looking: the terminal is one, and no file."""
    return bool(os.environ.get(WATCHED))


class Relay:
    """Prints what jobs show, from now on to the end of this process."""

    def __init__(self):
        import tempfile  # jobs, which only show lines, do without what these bring along
        import threading

        self._shown, self._lock, self._ended = 0, threading.Lock(), threading.Event()
        with contextlib.suppress(OSError):  # where no file can be made, nothing is shown
            number, self._path = tempfile.mkstemp(prefix="geokiln-terminal-")
            os.close(number)
            os.environ[TERMINAL] = self._path
            os.environ[WATCHED] = "1" if sys.stderr and sys.stderr.isatty() else ""
            threading.Thread(target=self._run, daemon=True).start()
            atexit.register(self._end)

    def drain(self):
        """Print what came since the last look."""
        with self._lock, contextlib.suppress(OSError), open(self._path, "rb") as lines:
            lines.seek(self._shown)
            text = lines.read()
            whole = text[: text.rfind(b"\n") + 1]
            self._shown += len(whole)
            if whole:
                print(whole.decode(errors="replace"), end="", file=sys.stderr, flush=True)

    def _run(self):
        while not self._ended.wait(SECONDS):
            self.drain()

    def _end(self):
        self._ended.set()
        self.drain()
        with contextlib.suppress(OSError):
            os.unlink(self._path)

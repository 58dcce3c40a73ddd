"""What a job says in the terminal while it runs: the rest of what it prints goes to its log.

Jobs write such lines to a file, and the process that shows the progress of the run prints them: lines that another
process wrote would be lost in a display that is drawn again and again. Only the standard library is imported here.
"""

import atexit
import contextlib
import os
import sys
import threading
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
    """Prints what jobs show, from now on to the end of this process.

    Parameters
    ----------
    folder : path
        Where the file of the lines may be; nothing is shown if it cannot be written.
    """

    def __init__(self, folder):
        self._path, self._shown, self._lock = Path(folder, f"terminal-{os.getpid()}").absolute(), 0, threading.Lock()
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_bytes(b"")
            os.environ[TERMINAL] = str(self._path)
            os.environ[WATCHED] = "1" if sys.stderr.isatty() else ""
            self._ended = threading.Event()
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
            self._path.unlink()

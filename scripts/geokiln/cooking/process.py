"""A command as a process: its end, what it prints, and that it never outlives its job."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import weakref

from geokiln.cooking import leash
from geokiln.errors import UserError

POLL = 0.02  # seconds between two looks at what it printed and answered
CHUNK = 1 << 16  # bytes of it in memory
LINE = 300  # characters of its last line, in a sentence
_open = weakref.WeakSet()  # this process's ends of leashes


class Process:
    """A command in a process group of its own, on a leash (see `geokiln.cooking.leash`).

    What it prints goes to the log as it comes. It goes there by way of a file, so the command never waits for who reads
    it, and its last line is known.

    Parameters
    ----------
    words : list of str
        The command, without a shell.
    folder : path, optional
        Where that file is, which has no name.
    lock : int, optional
        An open file that the command inherits: a lock on it is free once the command is no more.

    Attributes
    ----------
    runs : bool
    code : int or None
        Its exit code, negative for a signal; None as long as it runs, and if it was killed here.
    """

    def __init__(self, words, folder=None, lock=None):
        self.code, self._relayed = None, 0
        self._program = words[0]
        self._output = tempfile.TemporaryFile("a+b", buffering=0, dir=folder)  # noqa: SIM115 (it lives as long as this)
        self._leash, theirs = socket.socketpair()
        _open.add(self._leash)
        sys.stdout.flush()
        with theirs:
            held = [theirs.fileno(), *([] if lock is None else [lock])]
            own = [sys.executable, "-I", "-S", leash.__file__, str(theirs.fileno())]
            streams = {"stdin": subprocess.DEVNULL, "stdout": self._output, "stderr": subprocess.STDOUT}
            try:
                self._process = subprocess.Popen([*own, *words], **streams, pass_fds=held, start_new_session=True)
            except (OSError, ValueError) as error:  # words that are too long, or hold a null character
                raise self._cannot_start(getattr(error, "strerror", None) or error) from None

    def _cannot_start(self, reason):
        return UserError(f"generator.command.words: {self._program} cannot be started: {reason}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    @property
    def runs(self):
        return self._process.returncode is None

    def poll(self, seconds=POLL):
        """Wait so long, at most, for the command's end, and return whether it still runs."""
        self._leash.settimeout(max(seconds, 0.001))
        try:
            told = self._leash.recv(64)
        except socket.timeout:
            self._relay()
            return True
        except OSError:  # the leash was killed
            told = b""
        kind, _, number = told.partition(b"\n")[0].partition(b" ")
        if kind == b"error":
            raise self._cannot_start(os.strerror(int(number)))
        code = self.end()
        self.code = int(number) if kind == b"ended" else code
        return False

    def wait(self, seconds=None):
        """Wait for the command's end, *seconds* at most, then kill it."""
        end = time.monotonic() + (float("inf") if seconds is None else seconds)
        while self.runs and self.poll(min(0.05, end - time.monotonic())):
            if time.monotonic() >= end:
                self.end()

    def end(self):
        """Kill the command and what it started; what it printed goes to the log. Return the exit code of the leash."""
        if self.runs:
            with contextlib.suppress(OSError):  # nothing is left of them
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._leash.close()
            self._relay()
            if self._relayed and self._printed(self._relayed - 1) != b"\n":
                _print(b"\n")
        return self._process.returncode

    def _relay(self):
        size = os.fstat(self._output.fileno()).st_size
        if size < self._relayed:  # emptied: `echo > /dev/stderr` does that
            self._relayed = 0
        while self._relayed < size:
            chunk = self._printed(self._relayed)
            if not chunk:
                break
            self._relayed += len(chunk)
            _print(chunk)

    def _printed(self, place):
        return os.pread(self._output.fileno(), CHUNK, place)

    @property
    def last_line(self):
        """The last line that it printed, as a part of a sentence."""
        end = self._printed(max(0, self._relayed - CHUNK)).decode(errors="replace")
        lines = [" ".join(line.split()) for line in end.splitlines()]
        line = next((line for line in reversed(lines) if line), None)
        return f"its last line: {shortened(line)}" if line else "it printed nothing"


def how_it_ended(process, time_limit):
    """Return how a command ended, as a part of a sentence."""
    if process.code is None:
        return f"ran longer than {time_limit} s" if time_limit else "was killed"
    if process.code >= 0:
        return f"ended with exit code {process.code}"
    try:
        name = signal.Signals(-process.code).name
    except ValueError:  # a real-time signal
        name = f"signal {-process.code}"
    return f"ended with exit code {process.code} ({name})"


def shortened(text):
    """Return a text as one line that is not too long for a sentence."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= LINE else f"{text[:LINE]}..."


def _print(text):
    """Print bytes to the log; what the log does not take (a full disk) is lost."""
    sys.stdout.flush()
    with contextlib.suppress(OSError):
        while text:
            text = text[os.write(1, text) :]


def _let_go():
    """In a forked child: the leashes are its parent's, and let go when that dies, however long the child lives."""
    for leash_ in list(_open):
        leash_.close()


os.register_at_fork(after_in_child=_let_go)

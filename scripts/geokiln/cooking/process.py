"""A command as a process: its end, what it prints, and that it never outlives its job."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

from geokiln.cooking import leash
from geokiln.errors import UserError

POLL = 0.02  # seconds between two looks at what it printed and answered
CHUNK = 1 << 16  # bytes of it in memory
LINE = 300  # characters of its last line, in a sentence
_leash = {}  # of this process, once it has started a command: socket, and who holds the other end


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
        self.code, self._relayed, self._ended = None, 0, False
        self._output = tempfile.TemporaryFile("a+b", buffering=0, dir=folder)  # noqa: SIM115 (it lives as long as this)
        sys.stdout.flush()
        own = os.dup(_leash_of_this_process().fileno())  # for the new process, which lets go of the other at once

        def tell():  # there: it is on the leash before it is the command
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # whoever held the leash may have been killed
            with contextlib.suppress(OSError):
                os.write(own, b"+%d\n" % os.getpid())
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as programs expect it

        streams = {"stdin": subprocess.DEVNULL, "stdout": self._output, "stderr": subprocess.STDOUT}
        held = [] if lock is None else [lock]
        try:
            self._process = subprocess.Popen(words, **streams, pass_fds=held, start_new_session=True, preexec_fn=tell)
        except (OSError, ValueError) as error:  # no such program; words that are too long, or hold a null character
            reason = getattr(error, "strerror", None) or error
            raise UserError(f"generator.command.words: {words[0]} cannot be started: {reason}") from None
        finally:
            os.close(own)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    @property
    def runs(self):
        return self._process.returncode is None

    def poll(self, seconds=POLL):
        """Wait so long, at most, for the command's end, and return whether it still runs."""
        try:
            self.code = self._process.wait(max(seconds, 0.001))
        except subprocess.TimeoutExpired:
            self._relay()
            return True
        self.end()
        return False

    def wait(self, seconds=None):
        """Wait for the command's end, *seconds* at most, then kill it."""
        end = time.monotonic() + (float("inf") if seconds is None else seconds)
        while self.runs and self.poll(min(0.05, end - time.monotonic())):
            if time.monotonic() >= end:
                self.end()

    def end(self):
        """Kill the command and what it started; what it printed goes to the log."""
        if self._ended:
            return
        self._ended = True
        with contextlib.suppress(OSError):  # nothing is left of them
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with contextlib.suppress(OSError):  # whoever held the leash was killed
            _leash_of_this_process().send(b"-%d\n" % self._process.pid)
        self._relay()
        if self._relayed and self._printed(self._relayed - 1) != b"\n":
            _print(b"\n")

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


def _leash_of_this_process():
    """Return this process's end of the leash that all its commands are on; a new one if its holder was killed."""
    if "socket" not in _leash or _leash["holder"].poll() is not None:
        mine, theirs = socket.socketpair()
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        words = [sys.executable, "-I", "-S", leash.__file__, str(theirs.fileno())]
        with theirs:
            holder = subprocess.Popen(words, **streams, pass_fds=[theirs.fileno()], start_new_session=True)
        _leash.update(socket=mine, holder=holder)
    return _leash["socket"]


def _let_go():
    """In a forked child: the leash is its parent's, and let go when that dies, however long the child lives."""
    if "socket" in _leash:
        _leash["socket"].close()
        _leash.clear()


os.register_at_fork(after_in_child=_let_go)

"""One guard around every call of user code.

What the code raises to end the process is that call's failure, in its own words. What belongs to Geokiln in the
process is put back: the working folder, sys.argv, the umask, the locale, signal handlers, stdout and stderr.
"""

import contextlib
import locale
import os
import signal
import sys
import threading
from _signal import getsignal  # signal.getsignal makes an enum of what it finds, which takes 20 times as long

from geokiln.errors import Stopped, UserError, text_of
from geokiln.user_code import running
from geokiln.user_code.stopping import asked_to_stop

OWNED = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD)
threads_left = {}  # the functions that left threads running


class Guard:
    """Calls functions of the user's file *path*."""

    def __init__(self, path):
        self.path = str(path)
        self.folder, self._folder = os.getcwd(), os.open(".", os.O_RDONLY)
        self.umask = os.umask(0o022)
        os.umask(self.umask)
        self.locale = locale.setlocale(locale.LC_ALL)
        self.streams = [_Stream("stdout", 1), _Stream("stderr", 2)]

    def call(self, where, function, *arguments):
        """Return what *function* gives; *where* names it, with its item if there is one.

        Raises
        ------
        UserError
            If it wants to end the process: sys.exit, or another exception that is no Exception.
        Exception
            Whatever else it raises.
        """
        argv, handlers, process, threads = sys.argv, list(map(getsignal, OWNED)), os.getpid(), threading.active_count()
        sys.argv = [self.path]  # what parses it finds no flags of ours
        running.page.call(where)
        try:
            result = function(*arguments)
        except BaseException as error:
            if asked_to_stop or isinstance(error, (Stopped, Exception)):
                raise
            raise UserError(f"{where} {what_happened(error)}") from error
        finally:
            if os.getpid() != process:  # a forked child that came back is not to go on as a second Geokiln
                os._exit(0)
            running.page.call("")
            sys.argv = argv
            self._put_back(handlers)
            if asked_to_stop:
                raise asked_to_stop.pop()
        if threading.active_count() > threads:
            threads_left[where.split("(")[0]] = True
        return result

    def _put_back(self, handlers):
        try:
            os.fchdir(self._folder)
        except OSError:  # user code closed what it had not opened
            os.chdir(self.folder)
        os.umask(self.umask)
        if list(map(getsignal, OWNED)) != handlers:
            for number, handler in zip(OWNED, handlers):
                if handler is not None:  # None: not Python's, so not to be had
                    signal.signal(number, handler)
        for stream in self.streams:
            stream.put_back()
        if locale.setlocale(locale.LC_ALL) != self.locale:
            locale.setlocale(locale.LC_ALL, self.locale)

    def __del__(self):
        for file in (self._folder, *(stream.kept for stream in self.streams)):
            with contextlib.suppress(OSError):
                os.close(file)


class _Stream:
    """stdout or stderr."""

    def __init__(self, name, number):
        self.name, self.number = name, number
        self.stream, self.kept = getattr(sys, name), os.dup(number)

    def put_back(self):
        setattr(sys, self.name, self.stream)
        try:
            os.dup2(self.kept, self.number)  # closed, the number would be that of the next file that is opened
            self.stream.flush()  # a crash shall not lose what was printed before it
        except (OSError, ValueError):  # it was closed
            self.stream = open(self.number, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115
            setattr(sys, self.name, self.stream)


def what_happened(error):
    """Return what a call did, as a part of a sentence.

    >>> what_happened(SystemExit("no licence"))
    "called sys.exit('no licence')"
    """
    if isinstance(error, SystemExit):
        return f"called sys.exit({'' if error.code is None else repr(error.code)})"
    return f"raised {type(error).__name__}: {text_of(error)}"

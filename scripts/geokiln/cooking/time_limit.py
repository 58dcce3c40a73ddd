"""A limit to the time that a user's function may take."""

import signal
import time
import traceback
from pathlib import Path

from geokiln.errors import Stopped, UserError

PACKAGE = str(Path(__file__).parents[1])


class _Over(Stopped):
    """The time is over."""


def call_within(seconds, what, function, *arguments, **named):
    """Return what a function gives, or end it after so many *seconds* (None: never).

    Then the log says where in the user's code it was. It works by SIGALRM, in the main thread: a call of native code is
    ended when it returns.

    Raises
    ------
    UserError
        If it took longer, even if it held the alarm up; says *what* did.
    """
    if not seconds:
        return function(*arguments, **named)
    armed = True

    def over(*_):
        if armed:
            raise _Over

    before, start, result = signal.signal(signal.SIGALRM, over), time.perf_counter(), None
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # and every second, should a bare `except:` swallow it
            result = function(*arguments, **named)
        finally:
            armed = False
    except _Over as end:
        frames = [frame for frame in traceback.extract_tb(end.__traceback__) if not frame.filename.startswith(PACKAGE)]
        print(f"{what} was ended after {seconds:g} s, here:\n{''.join(traceback.format_list(frames))}", flush=True)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if time.perf_counter() - start > seconds:
        raise UserError(f"{what} took longer than {seconds:g} s, its time limit")
    return result

"""Signals that ask this process to stop. Only the standard library is imported here."""

import os
import signal

asked_to_stop = []  # what they raised: user code may have swallowed it
_before = {}  # signal -> the handler before ours


def stop_on(number, error):
    """Let a signal raise *error*, whatever user code is running; return the handler before."""
    seen = []

    def stop(*_):
        if not seen or number != signal.SIGTERM:  # that of a farm comes twice: the watching process passes it on
            seen.append(error)
            asked_to_stop.append(error)
            raise error

    _before[number] = signal.signal(number, stop)
    return _before[number]


def _leave_signals():
    """In a forked child: whoever ends it (a pool of processes does) ends no job."""
    for number, handler in _before.items():
        signal.signal(number, handler or signal.SIG_DFL)
    _before.clear()


os.register_at_fork(after_in_child=_leave_signals)

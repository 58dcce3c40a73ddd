"""Signals that ask this process to stop. Only the standard library is imported here."""

import signal

asked_to_stop = []  # what they raised: user code may have swallowed it


def stop_on(number, error):
    """Let a signal raise *error*, whatever user code is running; return the handler before."""
    seen = []

    def stop(*_):
        if not seen or number != signal.SIGTERM:  # that of a farm comes twice: the watching process passes it on
            seen.append(error)
            asked_to_stop.append(error)
            raise error

    return signal.signal(number, stop)

import locale
import os
import signal
import sys

import pytest

from geokiln.errors import Stopped, UserError
from geokiln.user_code.guard import Guard
from geokiln.user_code.stopping import stop_on


def state():
    mask = os.umask(0o022)
    os.umask(mask)
    files = [(os.fstat(number).st_dev, os.fstat(number).st_ino) for number in (1, 2)]
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD)]
    return os.getcwd(), mask, sys.argv, sys.stdout, sys.stderr, files, handlers, locale.setlocale(locale.LC_ALL)


@pytest.mark.parametrize(
    "change",
    [
        lambda: os.chdir("/"),
        lambda: os.umask(0o777),
        lambda: sys.argv.append("--odd"),
        lambda: setattr(sys, "argv", []),
        lambda: setattr(sys, "stdout", open(os.devnull, "w")),  # noqa: SIM115
        lambda: os.dup2(2, 1),
        lambda: os.close(2),
        lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
        lambda: locale.setlocale(locale.LC_ALL, "C"),
    ],
)
def test_what_a_call_changes_in_the_process_is_put_back(change, monkeypatch):
    before, argv = state(), sys.argv[:]

    Guard("mine.py").call("mine.py: change", change)

    assert (state(), sys.argv) == (before, argv)


def test_a_closed_stream_is_opened_again(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", open(1, "w", closefd=False))  # noqa: SIM115

    Guard("mine.py").call("mine.py: change", sys.stdout.close)

    assert not sys.stdout.closed


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (SystemExit(), "called sys.exit()"),
        (SystemExit(0), "called sys.exit(0)"),
        (SystemExit("no licence"), "called sys.exit('no licence')"),
        (KeyboardInterrupt(), "raised KeyboardInterrupt: "),
        (GeneratorExit("odd"), "raised GeneratorExit: odd"),
    ],
)
def test_what_wants_to_end_the_process_is_that_calls_failure(error, sentence):
    def end():
        raise error

    with pytest.raises(UserError) as failure:
        Guard("mine.py").call("mine.py: cook(item 7)", end)

    assert str(failure.value) == f"mine.py: cook(item 7) {sentence}"


@pytest.mark.parametrize("caught", [BaseException, ZeroDivisionError])
@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGTERM, Stopped("stop")), (signal.SIGINT, KeyboardInterrupt())], ids=str
)
def test_a_real_signal_stops_the_job_whatever_the_call_catches(caught, number, error):
    def wait():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        except caught:
            raise ValueError from None

    before = stop_on(number, error)
    try:
        with pytest.raises(type(error)):
            Guard("mine.py").call("mine.py: cook(item 7)", wait)
    finally:
        signal.signal(number, before)


def test_a_forked_child_that_comes_back_ends_there():
    process = os.getpid()

    child = Guard("mine.py").call("mine.py: cook(item 7)", os.fork)

    assert os.getpid() == process and os.waitpid(child, 0)[1] == 0

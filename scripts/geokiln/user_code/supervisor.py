"""A script that runs user code does so in a process of its own, which this one watches.

User code can end its process in ways that nothing within can hold: a crash of native code, os._exit, too little memory.
So the script forks before anything heavy is imported (a millisecond). The first process waits, and says what the second
was doing when it ended. Only the standard library is imported here.
"""

import contextlib
import functools
import gc
import os
import signal
import sys
import threading
import zlib
from pathlib import Path

from geokiln.errors import print_anything
from geokiln.storage.store import STORE
from geokiln.user_code import from_source, running  # noqa: F401 (a spawned process is to run from source)
from geokiln.user_code.output import mend_log
from geokiln.user_code.stopping import stop_on

GUARD = "geokiln.user_code.guard"  # imported with the first user code
GRACE = 3  # seconds that threads and processes of the user's have to end, once the job's work is done
IN_A_ROW = 10  # crashes, none of them of an item that had one before: then something is wrong with all items


def supervised(main):
    """Decorate a script's ``main(argv)`` that runs user code: as a command, it runs in a process that is watched.

    A call of items that ended the process is made once more when all others are done, in a new process: it may have
    been killed by chance. If it ends that one, too, it has failed (see `geokiln.user_code.running.crashes`).
    """

    @functools.wraps(main)
    def run(argv=None):
        if argv is not None:
            return main(argv)
        print_anything()
        name = Path(sys.argv[0]).stem
        page = STORE / "running" / f"{name}-{zlib.crc32(repr(sys.argv[1:]).encode()):08x}"
        left = running.share(page)
        if left:
            _note(left)
        code = _watch(main, name)
        with contextlib.suppress(OSError):
            os.unlink(page)
        if code:
            mend_log()
        sys.stdout.flush()
        os._exit(code)

    return run


def _watch(main, name):
    """Run *main* in processes until one comes to an end of its own; return the exit code."""
    stops, in_a_row, child = [], 0, None

    def stop(number, _):
        stops.append(number)
        os.kill(child, number)

    gc.freeze()  # looking for garbage, the new process would copy what both can share
    while True:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            _work(main)
        handlers = {signal.SIGTERM: stop, signal.SIGINT: lambda *_: None}  # Ctrl-C reaches both
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for number, handler in before.items():
            signal.signal(number, handler)
        page = running.page
        if page.exit_code is not None:
            if ended == -signal.SIGALRM:
                left = page.where or "something was left running"
                print(f"warning: {left}; it was ended {GRACE} s after the work was done")
            return page.exit_code
        if stops:
            return 128 + stops[0]
        crash = page.crash(_how(ended))
        where = crash.where or "Geokiln"
        in_a_row = 0 if page.any_survived or crash.times > 1 else in_a_row + 1
        if crash.first < 0 or in_a_row == IN_A_ROW:
            others = f", as did {IN_A_ROW - 1} calls before it" if crash.first >= 0 else ""
            print(f"{name}: {where} ended the process{others} ({crash.how})", file=sys.stderr, flush=True)
            return 1
        _note(crash)
        page.clear()


def _note(crash):
    running.crashes.append(crash)
    if crash.times == 1 and crash.first >= 0:
        print(f"warning: {crash.where} ended the process ({crash.how}); it is tried once more, after all others")


def _work(main):
    """Run *main*, write down that it came to its end, and leave."""
    code = 1
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        stop_on(signal.SIGINT, KeyboardInterrupt())
    try:
        main(None)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if code and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException:
        sys.excepthook(*sys.exc_info())
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # a full disk
            stream.flush()
    running.page.call(_threads_left())
    running.page.end(code)
    if GUARD not in sys.modules:  # no user code ran, and to clear up takes as long as to find what was kept
        os._exit(code)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the end of the process, whatever waits for whatever
    signal.alarm(GRACE)
    sys.exit(code)


def _threads_left():
    threads_left = getattr(sys.modules.get(GUARD), "threads_left", ())
    count = len([thread for thread in threading.enumerate() if not thread.daemon]) - 1
    return f"{', '.join(threads_left)} left {count} threads running" if threads_left and count else ""


def _how(ended):
    if ended >= 0:
        return f"exit code {ended}, as os._exit gives"
    why = "killed, or out of memory" if ended == -signal.SIGKILL else "a crash of native code"
    return f"{signal.Signals(-ended).name}: {why}"

"""A command on a leash: it ends with the job that asked for it, even if a kill -9 ends that.

    python -I -S leash.py SOCKET word word ...

This small program stands between the job and the command. The other end of the socket is the job's. What kills the job
closes that, and then this program kills its own process group: the command, all that it started, and itself. So no
command goes on for hours, with a licence, for nobody. Only what Python has built in is imported here, since each
command pays for it.
"""

import _thread
import errno
import os
import signal
import sys


def main():
    leash, words = int(sys.argv[1]), sys.argv[2:]
    command = os.fork()
    if not command:
        _become(words, leash)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # `kill 0` of a shell means the command alone
        signal.signal(number, signal.SIG_IGN)
    _thread.start_new_thread(_end_with, (leash,))
    code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    os.write(leash, b"ended %d\n" % code)
    os.killpg(0, signal.SIGKILL)  # what the command left running, and this program


def _become(words, leash):
    """Run the command in place of this process; where that cannot be, tell the job why."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, programs expect them
        signal.signal(number, signal.SIG_DFL)
    os.set_inheritable(leash, False)
    try:
        os.execvp(words[0], words)
    except (OSError, ValueError) as error:  # no such program; no name at all
        os.write(leash, b"error %d\n" % (getattr(error, "errno", None) or errno.ENOENT))
        os._exit(127)


def _end_with(leash):
    """Wait for the end of the job, which never writes, then end everything."""
    os.read(leash, 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()

"""A leash for commands: they end with the job that asked for them, even if a kill -9 ends that.

    python -I -S leash.py SOCKET

A job starts this small program with its first command. Each command tells it ``+{process group}`` before it begins, and
the job ``-{process group}`` once it has ended. What kills the job closes the other end of the socket; then this program
kills whatever still runs. So no command goes on for hours, with a licence, for nobody. It is in a session of its own,
so what kills the job's process group spares it.
"""

import contextlib
import os
import signal
import sys


def main():
    leash, groups, rest = int(sys.argv[1]), set(), b""
    while True:
        told = os.read(leash, 4096)
        if not told:
            break
        *lines, rest = (rest + told).split(b"\n")
        for line in lines:
            (groups.add if line[:1] == b"+" else groups.discard)(int(line[1:]))
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()

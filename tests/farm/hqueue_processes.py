"""The commands that the stand-in for HQueue runs: each in a process group of its own, and found by a later server.

A job has a folder. In it lie its ``command``, ``output``, ``process`` (the number of the wrapper's process and when
that was started) and, once the command has ended, ``rc`` (its exit code).
"""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

KILLED = -9  # the exit code of a command that wrote none
PATIENCE = 2  # seconds between the request to end and the kill

WRAPPER = """
set -o noclobber  # so that of two wrappers, started by a server that was killed and by the next one, one goes on
read -ra stat < /proc/$$/stat
echo "$$ ${stat[21]}" > "$1/process" || exit
"$2" "$1/command" > "$1/output" 2>&1
echo $? > "$1/rc"
"""


def start(folder, command, shell, environment, where):
    """Start a job's command in the folder *where*, and return once its process can be found."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "command").write_text(command)
    process = subprocess.Popen(
        ["bash", "-c", WRAPPER, "job", folder, shell],
        env=environment,
        cwd=where,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not started(folder):
        time.sleep(0.001)


def started(folder):
    """Return whether the job's command was ever started."""
    return _leader(folder) is not None


def runs(folder):
    """Return whether the job's wrapper is alive."""
    leader = _leader(folder)
    return leader is not None and _start_time(leader[0]) == leader[1]


def exit_code(folder):
    """Return how a job that does not run any more has ended."""
    return int(_text(folder / "rc") or KILLED)


def lives(folder):
    """Return whether the job has any process, whoever started it."""
    leader = _leader(folder)
    if leader is None or _start_time(leader[0]) not in (None, leader[1]):  # the number is another process's by now
        return False
    # By /proc, since to signals a zombie is there, too, until init looks after it.
    stats = (_stat(entry) for entry in os.listdir("/proc") if entry.isdigit())
    return any(int(fields[2]) == leader[0] for fields in stats if fields)


def send(folder, number):
    """Send a signal to all processes of the job, if there are any."""
    if lives(folder):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(_leader(folder)[0], number)


def end_all(folders):
    """End the processes of several jobs, after a while by force."""
    for folder in folders:
        send(folder, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while any(map(lives, folders)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for folder in folders:
        send(folder, signal.SIGKILL)


def output(folder):
    """Return the output so far, as text that XML can carry."""
    try:
        text = (folder / "output").read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "".join(letter if letter in "\t\n\r" or "\x20" <= letter < "\ufffe" else "\ufffd" for letter in text)


def _leader(folder):
    """Return the number and the start time of the job's wrapper, which leads its process group."""
    words = _text(folder / "process").split()
    return (int(words[0]), words[1]) if len(words) == 2 else None


def _start_time(number):
    """Return when a process was started, in clock ticks since the boot; None if it has ended."""
    fields = _stat(number)
    return fields[19] if fields else None


def _stat(number):
    """Return what /proc tells of a process, from its state on; nothing if it has ended."""
    fields = _text(Path(f"/proc/{number}/stat")).rpartition(")")[2].split()
    return fields if fields and fields[0] not in "ZX" else []


def _text(path):
    with contextlib.suppress(OSError):
        return path.read_text().strip()
    return ""

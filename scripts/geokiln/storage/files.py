"""Files that are complete or absent, and that one job at a time writes.

Only the standard library is imported here: jobs that find nothing to do must not pay for numpy.
"""

import contextlib
import fcntl
import json
import os
import shutil
import sys
import zlib
from pathlib import Path

from geokiln.errors import UserError
from geokiln.storage.fingerprints import blake2b
from geokiln.storage.terminal import say

LOCKS = Path(".kept/locks")
COPIED_BYTES = 16 << 20
_held = {}  # the locks that this process holds: path -> open file


@contextlib.contextmanager
def locked(name, folder=LOCKS):
    """Hold the lock *name* while the block runs; wait for whoever has it.

    A kill -9 of Snakemake leaves its jobs running: the job of the next run waits here until the orphan is done, then
    finds its results. The kernel frees the lock of a dead process, so there are no stale ones. A process that holds
    the lock already goes on at once.
    """
    path = Path(folder, str(name).replace("/", "__") + ".lock").absolute()
    if path in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", errors="replace") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            say(f"waiting for another job that works on {name}: {lock.read(1000) or 'an unknown process'}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {os.uname().nodename}, {Path(sys.argv[0]).name}")
        lock.flush()
        _held[path] = lock
        try:
            yield
        finally:
            _held.pop(path, None)


def held_locks():
    """Return the open locks of this process, for children that must hold them as long as they live (``pass_fds``)."""
    return [lock.fileno() for lock in _held.values()]


def _leave_locks():
    """In a forked child: the locks are its parent's, and free when that dies, however long the child lives."""
    for lock in _held.values():
        os.close(lock.fileno())
    _held.clear()


os.register_at_fork(after_in_child=_leave_locks)


@contextlib.contextmanager
def written(*targets):
    """Own *targets* and write them: yields a temporary path for each, moved into place when the block ends well.

    They are moved in the order given, so a sidecar that vouches for a big file comes last. Whatever the contents
    depend on should be read within the block: an orphan of a killed run then cannot write older contents over newer.
    """
    targets = [Path(target) for target in targets]
    with locked(targets[0]):
        temporary = [_partial(target) for target in targets]
        try:
            yield temporary[0] if len(targets) == 1 else temporary
            for source, target in zip(temporary, targets):
                os.replace(source, target)
        finally:
            for source in temporary:
                with contextlib.suppress(FileNotFoundError):
                    source.unlink()


def link_or_copy(source, target):
    """Let *target* be the file *source*, at once: a hard link, or a copy where links are impossible.

    A small file is copied always: who writes to the copy in place does not spoil the source. Large ones are read-only.
    """
    temporary = _partial(Path(target))
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    linked = False
    if os.path.getsize(source) > COPIED_BYTES:
        with contextlib.suppress(OSError):
            os.link(source, temporary)
            linked = True
            os.chmod(source, 0o444)
    if not linked:
        shutil.copyfile(source, temporary)
    os.utime(temporary)  # Snakemake compares times: a published file is as new as the job that published it
    os.replace(temporary, target)
    with contextlib.suppress(FileNotFoundError):  # POSIX: renaming one link of a file to another does nothing
        temporary.unlink()


def _partial(target):
    """Return the temporary name beside *target*: a fixed one, so that what a killed job left is overwritten."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f".partial.{target.name}")


def filled(path, **names):
    """Return a path of a rule with names in their places.

    >>> filled("wedges/{wedge}/training.json", wedge="seed-1")
    'wedges/seed-1/training.json'
    """
    for place, name in names.items():
        path = path.replace(f"{{{place}}}", name)
    return path


def crc32(path):
    """Return the CRC-32 of the file's bytes."""
    value = 0
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            value = zlib.crc32(block, value)
    return value


def content_digest(path):
    """Return 32 hexadecimal digits that identify the file's bytes (BLAKE2b)."""
    digest = blake2b(digest_size=16)
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def watch(paths):
    """Return a function that raises a UserError if one of *paths* has changed since.

    Called before a result is kept or published: one that was made while its sources were edited would stand under a
    fingerprint, or beside records, that are not its own.
    """
    for path in paths:
        if not os.path.exists(path):
            raise UserError(f"{path} does not exist")
    before = {path: signature(path) for path in paths}

    def check():
        for path, seen in before.items():
            if not os.path.exists(path) or signature(path) != seen:
                raise UserError(f"{path} changed while it was in use; nothing was made of it, run again")

    return check


def signature(path):
    """Return what changes whenever a file is written or replaced, even by what it held before."""
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns, status.st_ino


def put_aside(path, reason):
    """Rename a damaged file so that the next run makes it again, and return the UserError that says so."""
    aside = f"{path}.damaged"
    with contextlib.suppress(FileNotFoundError):
        os.replace(path, aside)
    return UserError(f"{path} is damaged ({reason}); it was put aside as {aside}: run again to make it anew")


def read_json(path):
    """Return the JSON document in *path*; a damaged file is put aside and named."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except ValueError as error:
        raise put_aside(path, f"not JSON: {error}") from None


def write_json(path, document):
    """Write *document* to *path*, keys in the order given, one line per key of the top level."""
    Path(path).write_text(json_text(document), encoding="utf-8")


def json_text(document):
    """Return *document* as `write_json` writes it."""
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in document.items())
    return "{\n" + lines + "\n}\n"

"""What a user's code reads and runs, compared with what fingerprints cover: what they do not cover is never stale.

Python tells an audit hook of every file that its code opens, runs or hands to another program. A hook does not see what
a compiled library opens by itself, nor what another process reads. Only the standard library is imported here.
"""

import contextlib
import functools
import os
import sys
import time

from geokiln.errors import UserError, warn
from geokiln.storage.environment_variables import variables_asked_for
from geokiln.storage.sources import closure

EVENTS = frozenset(["open", "exec", "os.rename", "sqlite3.connect", "ctypes.dlopen", "subprocess.Popen"])
WRITES = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
CLOCK = 0.02  # seconds by which times of files may lag behind
MOST_PATHS = 100_000  # that are remembered of a block
MOST_NAMED = 5  # files in a job's warnings, or in its error
INSTALLED = ("__pycache__", "site-packages", "dist-packages")  # folders of what the environment's name speaks for
SCRIPTS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_blocks = []  # that are audited now


@functools.lru_cache(maxsize=None)
def _add_hook():
    """Add the one hook of this process: it stays for ever."""

    def hook(event, args, events=EVENTS, blocks=_blocks):
        if event in events and blocks:
            blocks[-1].note(event, args)

    sys.addaudithook(hook)


@contextlib.contextmanager
def audited(who, script, inputs=(), own=(), key="generator.inputs"):
    """Watch what a user's code reads and runs within the block, and warn of what no fingerprint covers.

    Parameters
    ----------
    who : str
        What reads, for the warning: ``cook``.
    script, inputs : path, list of paths
        The user's Python file (it covers the modules that it imports by name), and files that count by their bytes.
        Without a script, nothing is watched.
    own : list of paths
        What Geokiln itself reads within the block.
    key : str, optional
        The config's key for *inputs*; None if there is none.

    Yields
    ------
    function
        Raises a UserError if code of the user's ran that is not covered; names the files and what to do.
    """
    if script is None:
        yield lambda: None
        return
    covered = [*closure(script), *inputs]
    block = _Block(covered, own)
    _add_hook()
    _blocks.append(block)
    try:
        yield functools.partial(_check, block, script, key)
    finally:
        _blocks.remove(block)
        files = block.uncovered(block.read - block.run)
        reason = f"is not under {key}" if key else "no key of the config names"
        for path in files[:MOST_NAMED]:
            warn(f"{who} read {path}, which {reason}; an edit of it will go unnoticed")
        if len(files) > MOST_NAMED:
            warn(f"{who} read {len(files) - MOST_NAMED} more such files")
        for name in variables_asked_for(covered):
            remedy = "; generator.parameters would count" if key else ""
            warn(f"{script} asks for the environment variable {name}: a change of it will go unnoticed{remedy}")


def _check(block, script, key):
    files = block.uncovered(block.modules() | block.run)
    if files:
        more = f" and {len(files) - MOST_NAMED} more" if len(files) > MOST_NAMED else ""
        are, them = ("is", "it") if len(files) == 1 else ("are", "them")
        raise UserError(
            f"{', '.join(files[:MOST_NAMED])}{more} {are} imported in a way that Geokiln does not see "
            f"(importlib, sys.path): put {them} beside {os.path.basename(script)} and import {them} by name"
            f"{f', or name {them} under {key}' if key else ''}"
        )


class _Block:
    """The files that Python opened and ran while a user's code did.

    Attributes
    ----------
    read, run : set of str
        Absolute paths of files that were first opened for reading, and of Python files whose code ran.
    """

    def __init__(self, covered, own):
        self.started = time.time() - CLOCK
        self.covered = {os.path.realpath(path) for path in [*covered, *own]}
        folders = {os.getcwd(), *(os.path.dirname(os.path.abspath(path)) for path in covered)}
        self.folders = tuple(os.path.join(way(folder), "") for folder in folders for way in (str, os.path.realpath))
        self.here = os.path.join(os.getcwd(), "")
        installed = {sys.prefix, sys.base_prefix, os.path.dirname(os.__file__), SCRIPTS}
        roots = (os.path.join(way(path), "") for path in installed for way in (str, os.path.realpath))
        self.installed = tuple(root for root in roots if not self.here.startswith(root))  # a project may lie below /usr
        self.search_path, self.known = set(sys.path), set()
        self.read, self.run, self.written = set(), set(), set()

    def note(self, event, args):
        """Take note of an audit event."""
        if event == "open":
            path, _, flags = args
            self._add(path, self.written if isinstance(flags, int) and flags & WRITES else self.read)
        elif event == "exec":
            if args[0].co_filename.endswith(".py"):
                self._add(args[0].co_filename, self.run)
        elif event == "os.rename":
            self._add(args[1], self.written)
        elif event == "subprocess.Popen":
            executable, words, folder = args[:3]
            for word in [executable, *(words if isinstance(words, (list, tuple)) else [])]:
                if isinstance(word, str):
                    self._add(os.path.join(folder or "", word), self.read)
        else:
            self._add(args[0], self.read)

    def _add(self, path, paths):
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if isinstance(path, str) and len(paths) < MOST_PATHS:
            path = os.path.abspath(path)
            if path.startswith(self.folders) and not (paths is self.read and path in self.written):
                paths.add(path)

    def modules(self):
        """Return the files of modules that were imported since this was asked for the last time, and are the user's."""
        names = set(sys.modules) - self.known
        self.known |= names
        # by __dict__: a module that imports others when it is asked for something is left alone
        files = (getattr(sys.modules.get(name), "__dict__", {}).get("__file__") for name in names)
        added = {path for path in sys.path if path not in self.search_path}
        added.update(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
        folders = self.folders + tuple(os.path.join(os.path.abspath(path), "") for path in added)
        files = {file if file[:1] == os.sep else os.path.abspath(file) for file in files if isinstance(file, str)}
        return {file for file in files if file.startswith(folders)}

    def uncovered(self, paths):
        """Return the names of those files among *paths* that no fingerprint covers, sorted."""
        return [
            path[len(self.here) :] if path.startswith(self.here) else path
            for path in sorted(paths)
            if not path.startswith(self.installed) and not self._within_hidden(path) and not self._covers(path)
        ]

    def _within_hidden(self, path):
        """Whether a file lies in a hidden folder (caches, environments, Geokiln's store), or in one of bytecode."""
        root = max((folder for folder in self.folders if path.startswith(folder)), key=len, default="/")
        folders = path[len(root) :].split(os.sep)[:-1]
        return any(folder in INSTALLED or folder[:1] == "." for folder in folders)

    def _covers(self, path):
        """Whether the fingerprint holds a file, or an archive around it; or the user's code itself made it."""
        real = os.path.realpath(path)
        while real not in self.covered and not os.path.exists(real) and os.path.dirname(real) != real:
            real = os.path.dirname(real)  # a module within a .zip
        if real in self.covered or path in self.written or not os.path.isfile(real):
            return True
        return self.started <= os.stat(real).st_mtime <= time.time()

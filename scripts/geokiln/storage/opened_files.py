"""Which files this process opens and runs, in some folders.

Python tells an audit hook of every file that its code opens, runs or hands to another program. A hook does not see what
a compiled library opens by itself, nor what another process reads. Only the standard library is imported here.
"""

import contextlib
import functools
import os
import sys

EVENTS = frozenset(["open", "exec", "os.rename", "sqlite3.connect", "ctypes.dlopen", "subprocess.Popen"])
WRITES = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
MOST_PATHS = 100_000  # that are remembered
_watching = []


@functools.lru_cache(maxsize=None)
def _add_hook():
    """Add the one hook of this process: it stays for ever."""

    def hook(event, args, events=EVENTS, watching=_watching):
        if event in events and watching:
            watching[-1].note(event, args)

    sys.addaudithook(hook)


class OpenedFiles:
    """What was opened and run while `watch` was on.

    Parameters
    ----------
    folders : list of path
        Only files in them count, and modules in folders that were added to Python's search path.

    Attributes
    ----------
    read, written, run : set of str
        Absolute paths: of files that were opened, for reading or for writing first, and of Python files whose code ran.
    """

    def __init__(self, folders):
        self.folders = prefixes(folders)
        self.read, self.written, self.run = set(), set(), set()
        self._search_path, self._seen, self._modules = set(sys.path), set(), set()

    @contextlib.contextmanager
    def watch(self):
        """Take note of what is opened within the block."""
        _add_hook()
        _watching.append(self)
        try:
            yield
        finally:
            _watching.remove(self)

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
        """Return the files of all imported modules in the folders, and in those that PYTHONPATH or user code added."""
        names = set(sys.modules) - self._seen
        self._seen |= names
        # by __dict__: a module that imports others when it is asked for something is left alone
        files = {getattr(sys.modules.get(name), "__dict__", {}).get("__file__") for name in names}
        files = (os.path.abspath(file) if file[:1] != "/" or "/." in file else file for file in files if file)
        added = {path for path in sys.path if path not in self._search_path}
        added.update(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
        self._modules.update(file for file in files if file.startswith(self.folders + prefixes(added)))
        return self._modules


def prefixes(folders):
    """Return what the paths of files in *folders* begin with, as the folders are spelled and with links resolved."""
    folders = [way(path) for path in folders for way in (os.path.abspath, os.path.realpath)]
    return tuple(dict.fromkeys(os.path.join(path, "") for path in folders))

"""A user's modules run from their source. Only the standard library is imported here.

Python trusts the bytecode beside a file if time and size agree. An edit within the same second that keeps the size, or
a file that was put back with its old time, then runs as the earlier code, whose results would stand under the
fingerprint of the later one.
"""

import os
import sys
from importlib import machinery

FOLDER = "GEOKILN_RUNS_FROM_SOURCE"  # an environment variable: processes that user code starts do the same
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class FromSource(machinery.SourceFileLoader):
    """Compiles what stands in the file; it neither reads nor writes bytecode."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


LOADERS = [
    (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
    (FromSource, machinery.SOURCE_SUFFIXES),
    (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),  # x.pyc without an x.py: all there is
]


def run_from_source(folder):
    """Let all modules in a *folder* and the packages in it run from their source; not those of an environment there."""
    folder = os.path.realpath(folder)
    os.environ[FOLDER] = folder

    def covers(path):
        path = os.path.realpath(path)
        return _within(path, folder) and not _within(path, PACKAGE) and "site-packages" not in path[len(folder) :]

    def hook(path):
        if not (os.path.isdir(path) and covers(path)):
            raise ImportError(f"{path} is not below {folder}")
        return machinery.FileFinder(path, *LOADERS)

    sys.path_hooks.insert(0, hook)
    for path in [path for path in sys.path_importer_cache if covers(path)]:
        del sys.path_importer_cache[path]


def _within(path, folder):
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


if os.environ.get(FOLDER) and "__mp_main__" in sys.modules:  # a spawned process of multiprocessing imports this
    run_from_source(os.environ[FOLDER])

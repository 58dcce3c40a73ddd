"""What a user's code reads and runs, compared with what fingerprints cover: what they do not cover is never stale.

Only the standard library is imported here.
"""

import contextlib
import functools
import json
import os
import sys
import time

from geokiln.errors import UserError, warn
from geokiln.storage.environment_variables import variables_asked_for
from geokiln.storage.opened_files import OpenedFiles, prefixes
from geokiln.storage.sources import closure

CLOCK = 0.02  # seconds by which times of files may lag behind
MOST_NAMED = 5  # files in a job's warnings, or in its error
INSTALLED = ("__pycache__", "site-packages", "dist-packages")  # folders of what the environment's name speaks for
PROGRAMS = ("/usr", "/opt", "/Library", "/Applications", "/nix")  # whose files nobody edits
SCRIPTS = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))  # Geokiln's own


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
    opened = OpenedFiles([".", *(os.path.dirname(path) or "." for path in covered)])
    coverage = _Coverage([*covered, *own], opened)
    try:
        with opened.watch():
            yield functools.partial(_check, coverage, opened, script, key)
    finally:
        files = coverage.lacks(opened.read - opened.run)
        reason = f"is not under {key}" if key else "no key of the config names"
        for path in files[:MOST_NAMED]:
            warn(f"{who} read {path}, which {reason}; an edit of it will go unnoticed")
        if len(files) > MOST_NAMED:
            warn(f"{who} read {len(files) - MOST_NAMED} more such files")
        for name in variables_asked_for(covered):
            remedy = "; generator.parameters would count" if key else ""
            warn(f"{script} asks for the environment variable {name}: a change of it will go unnoticed{remedy}")


def _check(coverage, opened, script, key):
    files = coverage.lacks(opened.modules() | opened.run)
    if files:
        more = f" and {len(files) - MOST_NAMED} more" if len(files) > MOST_NAMED else ""
        are, them = ("is", "it") if len(files) == 1 else ("are", "them")
        raise UserError(
            f"{', '.join(files[:MOST_NAMED])}{more} {are} imported in a way that Geokiln does not see "
            f"(importlib, sys.path): put {them} beside {os.path.basename(script)} and import {them} by name"
            f"{f', or name {them} under {key}' if key else ''}"
        )


class _Coverage:
    """Which files are known to a fingerprint, or are not of the user's making."""

    def __init__(self, covered, opened):
        self.started = time.time() - CLOCK
        self.covered, self.opened = {os.path.realpath(path) for path in covered}, opened
        (self.here,) = prefixes([os.getcwd()])
        houdini = filter(None, [os.environ.get("HFS")])
        installed = prefixes([sys.prefix, sys.base_prefix, os.path.dirname(os.__file__), SCRIPTS, *PROGRAMS, *houdini])
        self.installed = tuple(root for root in installed if not self.here.startswith(root))  # a project may be there

    def lacks(self, paths):
        """Return the names of those files among *paths* that no fingerprint covers, sorted."""
        rest = [path for path in sorted(paths) if not self._is_of_others(path) and not self._has(path)]
        rest = [path for path in rest if not os.path.realpath(path).startswith(self._local_packages)]
        return [path[len(self.here) :] if path.startswith(self.here) else path for path in rest]

    def _is_of_others(self, path):
        """Whether a file is installed, or lies in a hidden folder: caches, environments, Geokiln's store."""
        root = max((folder for folder in self.opened.folders if path.startswith(folder)), key=len, default="")
        folders = path[len(root) :].split("/")[:-1]
        hidden = any(folder[:1] == "." for folder in folders) and root
        return hidden or path.startswith(self.installed) or any(folder in INSTALLED for folder in folders)

    def _has(self, path):
        """Whether the fingerprint holds a file, or an archive around it; or the user's code itself made it."""
        real = os.path.realpath(path)
        while real not in self.covered and not os.path.exists(real):
            real = os.path.dirname(real)  # a module within a .zip
        if real in self.covered or path in self.opened.written or not os.path.isfile(real):
            return True
        return self.started <= os.stat(real).st_mtime <= time.time()

    @functools.cached_property
    def _local_packages(self):
        """Folders of packages that the environment has from where they are developed (``-e ./tools``).

        The environment's name speaks for them: it covers the contents of their files.
        """
        from importlib.metadata import distributions
        from urllib.parse import unquote, urlsplit

        origins = (json.loads(package.read_text("direct_url.json") or "{}") for package in distributions())
        urls = (urlsplit(origin["url"]) for origin in origins if origin.get("dir_info", {}).get("editable"))
        return prefixes(unquote(url.path) for url in urls)

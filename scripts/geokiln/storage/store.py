"""The store: results under their fingerprints, in a folder that jobs own and no rule declares.

Snakemake deletes the outputs of a failed job, and forgets; the store does not. A kept result is a folder
``.kept/{stage}/{fingerprint}/`` of named files. It appears at once and complete, is never written again, and may always
be deleted: that costs time only.
"""

import contextlib
import json
import os
import shutil
from pathlib import Path

from geokiln.storage.files import crc32, link_or_copy

STORE = Path(".kept")


class Store:
    """Kept results of one stage."""

    def __init__(self, stage, root=STORE):
        self.folder = Path(root) / stage
        self._whole = set()  # keys whose files were read: a job asks once before it works, and again to publish

    @contextlib.contextmanager
    def keep(self, key, anew=False):
        """Yield an empty folder to write files into; they are kept under *key* when the block ends well.

        What is there already stays, unless *anew* says that the new result replaces it.
        """
        kept = self.folder / key
        temporary = self.folder / f".{os.getpid()}.{key}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            yield temporary
            checksums = {path.name: [path.stat().st_size, crc32(path)] for path in sorted(temporary.iterdir())}
            (temporary / "checksums.json").write_text(json.dumps(checksums))
            if anew:
                self.discard(key)
            try:
                os.rename(temporary, kept)
            except OSError:  # there already, from another job: equal fingerprints mean equal results
                if not kept.is_dir():
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def publish(self, key, targets):
        """Make the mapping *targets* (file name -> path) from the result kept under *key*.

        Returns
        -------
        bool
            False if there is no such result, or if it is damaged: then it is thrown away, to be made again.
        """
        kept = self.folder / key
        if not self.is_whole(key):
            return False
        for name, target in targets.items():
            link_or_copy(kept / name, target)
        return True

    def is_whole(self, key):
        """Whether a result is kept under *key*, with the checksums of then; a damaged one is thrown away."""
        if key not in self._whole:
            if not self.agrees(key):
                self.discard(key)
                return False
            self._whole.add(key)
        return True

    def agrees(self, key):
        """Return what `is_whole` does, and throw nothing away."""
        kept = self.folder / key
        try:
            checksums = json.loads((kept / "checksums.json").read_text())
            return all(
                (kept / name).stat().st_size == size and crc32(kept / name) == crc
                for name, (size, crc) in checksums.items()
            )
        except (OSError, ValueError, TypeError, AttributeError):
            return False

    def discard(self, key):
        """Throw away what is kept under *key*, if anything."""
        self._whole.discard(key)
        shutil.rmtree(self.folder / key, ignore_errors=True)

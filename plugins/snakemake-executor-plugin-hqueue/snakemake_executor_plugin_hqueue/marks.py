"""The tags by which jobs are found again on the server.

A tag is ``snakemake-{folder}-{what}-{how}-{run}-{number}``. A job whose submission was not answered is looked for by
the whole tag, what an earlier, killed Snakemake left running by its folder, what and how.
"""

import hashlib
import itertools
import os
import re
import stat
import uuid


class Marks:
    """The tags of one run of Snakemake in *folder*."""

    def __init__(self, folder):
        self._start = f"snakemake-{_digest(os.path.abspath(folder), 4)}-"
        self._run = uuid.uuid4().hex[:8]
        self._numbers = itertools.count(1)

    def new(self, job):
        """Return the tag of a Snakemake job that is about to be submitted."""
        return f"{self._start}{what(job)}-{how(job)}-{self._run}-{next(self._numbers)}"

    def earlier(self, jobs):
        """Return ``{what: [(id, how), ...]}`` of those *jobs* on the server that came from this folder."""
        found = {}
        for job in jobs:
            for tag in tags(job):
                if tag.startswith(self._start):
                    what, how = tag.removeprefix(self._start).split("-")[:2]
                    found.setdefault(what, []).append((job["id"], how))
        return found


def tags(job):
    """Return the tags of a job as the server described it: a list, or names in one string."""
    found = job.get("tags") or []
    return re.split(r"[,\s]+", found) if isinstance(found, str) else found


def what(job):
    """Return a mark of what a Snakemake job makes: two jobs with the same one must not run at once."""
    return _digest([(part.name, list(map(str, part.output))) for part in _parts(job)], 6)


def how(job):
    """Return a mark of what a job makes it from: command or code, parameters, and each input's time and size."""
    facts = []
    for part in _parts(job):
        rule = part.rule
        facts.append([part.shellcmd, rule.run_func_src, rule.wrapper, list(part.params.items())])
        if script := rule.script or rule.notebook:
            facts.append(_state(rule.basedir.join(script).get_path_or_uri(secret_free=True)))
        facts.extend(_state(path) for path in part.input)
    return _digest(facts, 6)


def _parts(job):
    """Return the single jobs in *job*, in an order that does not change."""
    return sorted(job.jobs, key=lambda part: (part.name, list(map(str, part.output)))) if job.is_group() else [job]


def _state(path):
    """Return the path with the time and size of a file; a folder's time says little, and storage has none."""
    path = str(path)
    try:
        status = os.stat(path)
    except OSError:
        return path
    return (path, status.st_mtime_ns, status.st_size) if stat.S_ISREG(status.st_mode) else path


def _digest(facts, size):
    return hashlib.blake2b(repr(facts).encode("utf-8", "surrogateescape"), digest_size=size).hexdigest()

"""Environments that were spoiled after they were built: found before a job fails on one, or named when it has."""

import contextlib
import fcntl
import os
import sys
from pathlib import Path

from geokiln.config.file_mistakes import KINDS
from geokiln.errors import UserError
from geokiln.planning.building import LOCKS, make_environment
from geokiln.planning.environments import keep_names
from geokiln.planning.existing import leads_to, take_environment
from geokiln.planning.intact import note_contents, why_broken, why_damaged

_used = {}  # environments that this run uses: name -> open file with a shared lock


def mend_environments(project, look=False):
    """Build those environments again that are there, but broken; a request that only looks (*look*) is told of them.

    Parameters
    ----------
    project : geokiln.planning.project.Project
        An environment that not every request of it needs is only put aside; a rule builds it where a job needs it.
    """
    if not look:
        keep_names(project.environment_plans.values())
    for kind, plan, python in _there(project):
        if plan.taken:
            if not look and not leads_to(python.parent, plan.interpreter):  # it was moved
                before = os.stat(python)
                take_environment(python, plan.interpreter)
                os.utime(python, ns=(before.st_atime_ns, before.st_mtime_ns))
            continue
        why, needed = why_broken(python.parent), kind in project.kinds
        hindrance = _hindrance(python) if why and not look else None
        if why and look:
            _tell(f"environment {plan.name}: {why}; a run builds it again")
        elif hindrance:
            _tell(f"environment {plan.name}: {why}; it is not built again, since {hindrance}")
        elif why:
            _tell(
                f"environment {plan.name}: {why}; {'it is built again' if needed else 'a job that needs it builds it'}"
            )
            _build_again(plan, python, project.wheels) if needed else python.unlink()
        elif not look:
            with contextlib.suppress(OSError):
                note_contents(python.parent)


def use_environments(project):
    """Hold a shared lock on each environment of a project to the end of this process: nobody mends it meanwhile."""
    for plan in project.environment_plans.values():
        if not plan.taken:
            with contextlib.suppress(OSError):  # a folder that cannot be written, or a file system without locks
                path = _lock(Path(plan.python))
                path.parent.mkdir(parents=True, exist_ok=True)
                _used[plan.name] = open(path, "a")  # noqa: SIM115 (held open on purpose)
                fcntl.flock(_used[plan.name], fcntl.LOCK_SH | fcntl.LOCK_NB)


def put_damaged_aside(project):
    """Name the environments in which a file is missing, once a job has failed; the next run builds them again."""
    for _, plan, python in _there(project):
        why = None if plan.taken else why_damaged(python.parent)
        hindrance = _hindrance(python) if why else None
        if hindrance:
            _tell(f"environment {plan.name}: {why}; it stays as it is, since {hindrance}")
        elif why:
            python.unlink()
            _tell(f"environment {plan.name}: {why}, so jobs may have failed for that; the next run builds it again")


def _there(project):
    for kind in KINDS:
        plan = project.environment_plans[kind]
        if os.path.exists(plan.python):
            yield kind, plan, Path(plan.python)


def _lock(python):
    return python.parents[1] / LOCKS / f"{python.parent.name}.used"


def _hindrance(python):
    """Return what keeps this run from taking an environment away, as a part of a sentence; None if nothing does."""
    if not os.access(python.parent, os.W_OK):
        return f"{python.parent} cannot be written"
    try:
        lock = _used.get(python.parent.name)
        with contextlib.nullcontext(lock) if lock else open(_lock(python), "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return "another run uses it"
    return None


def _build_again(plan, python, wheels):
    """Build as a job would; its log is the same."""
    log = Path(f"logs/build_environment/{plan.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(log, "w") as output, contextlib.redirect_stdout(output):
            make_environment(
                python,
                interpreter=plan.interpreter,
                requirements=next(iter(plan.requirements), None),
                packages=plan.package_lines,
                modules=plan.modules,
                wheels=next(iter(wheels), None),
            )
    except (UserError, OSError) as error:  # perhaps no job needs it; one that does tries once more
        _tell(f"environment {plan.name}: {error}")
    except KeyboardInterrupt:
        sys.exit("Geokiln: stopped; the next run builds the environment again")


def _tell(sentence):
    print(f"Geokiln: {sentence}", file=sys.stderr, flush=True)

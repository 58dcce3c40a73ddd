"""Environments that were spoiled after they were built: found before a job fails on one, or named when it has."""

import contextlib
import sys
from pathlib import Path

from geokiln.config.file_mistakes import KINDS
from geokiln.errors import UserError
from geokiln.planning.building import make_environment
from geokiln.planning.intact import note_contents, why_broken, why_damaged


def mend_environments(project, look=False):
    """Build those environments again that are there, but broken; a request that only looks (*look*) is told of them.

    Parameters
    ----------
    project : geokiln.planning.project.Project
        An environment that not every request of it needs is only put aside; a rule builds it where a job needs it.
    """
    for kind, plan, python in _there(project):
        why = why_broken(python.parent, *plan.taken)
        if not why:
            if not look and not plan.taken:
                with contextlib.suppress(OSError):
                    note_contents(python.parent)
            continue
        needed = kind in project.kinds
        if not plan.taken:
            then = (
                "a run builds it again" if look else "it is built again" if needed else "a job that needs it builds it"
            )
            _tell(f"environment {plan.name}: {why}; {then}")
        try:
            if needed and not look:
                _make_again(plan, python, project.wheels)
            elif not look:
                python.unlink()
        except (UserError, OSError) as error:  # perhaps no job needs it; one that does tries once more
            _tell(f"environment {plan.name}: {error}")


def put_damaged_aside(project):
    """Name the environments in which a file is missing, once a job has failed; the next run builds them again."""
    for _, plan, python in _there(project):
        why = None if plan.taken else why_damaged(python.parent)
        if why:
            _tell(f"environment {plan.name}: {why}, so jobs may have failed for that; the next run builds it again")
            with contextlib.suppress(OSError):
                python.unlink()


def _there(project):
    for kind in KINDS:
        plan = project.environment_plans[kind]
        python = Path(project.environments, plan.name, "python")
        if python.exists():
            yield kind, plan, python


def _make_again(plan, python, wheels):
    """Build as a job would; its log is the same."""
    log = Path(f"logs/build_environment/{plan.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w") as output, contextlib.redirect_stdout(output):
        make_environment(
            python,
            taken=next(iter(plan.taken), None),
            interpreter=plan.interpreter,
            requirements=next(iter(plan.requirements), None),
            packages=plan.package_lines,
            modules=plan.modules,
            wheels=next(iter(wheels), None),
        )


def _tell(sentence):
    print(f"Geokiln: {sentence}", file=sys.stderr, flush=True)

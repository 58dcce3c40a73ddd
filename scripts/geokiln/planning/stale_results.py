"""Never "nothing to do" over stale results, and nothing made anew for its time alone.

Snakemake knows from its own records what a file was made from, and only as long as they are there. It looks at a file
in the middle of a chain only when something that depends on it has a reason to run: a file that was deleted, or that a
failed job lost, goes unnoticed as long as an older final file is there. Here each result says itself what it was made
from (`geokiln.storage.results`). All results of a project are looked at, whichever is asked for.
"""

import contextlib
import glob
import os
import re
import sys
import time

from geokiln.storage.digests import quick_digests
from geokiln.storage.fingerprints import fingerprint
from geokiln.storage.results import inputs_digest, told
from geokiln.storage.sources import closure

NO_RESULTS = ("python", "code", "generator", "generator_inputs", "source", "script", "initial_weights", "recook")
WILDCARD = re.compile(r"\{(\w+)(?:,[^{}]*)?\}")  # with its constraint


class Results:
    """Published results, and what the rules say of them today.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Its rules are asked for once all of them are read. A rule whose parameters have a ``plan`` makes results; the
        first of its .json files is their side-car.
    refusal : class
        What the rules' functions raise for wildcards that the project of today does not have.
    """

    def __init__(self, workflow, refusal):
        self.workflow, self.refusal = workflow, refusal
        self._codes, self._told, self._fresh = {}, {}, []

    def plan(self, name, wildcards):
        """Return what identifies the plan of a job: all parameters of its rule, its code and its environment."""
        rule = self.workflow.get_rule(name)
        if name not in self._codes:
            self._codes[name] = quick_digests(closure(rule.input.code))
        values = {key: _expanded(value, wildcards) for key, value in rule.params.items() if key != "plan"}
        environment = os.path.basename(os.path.dirname(rule.input.python))
        return fingerprint([values, self._codes[name], environment])

    def stale(self):
        """Return the side-cars that were lost, or made from something else than is there now, or altered."""
        stale = []
        for rule in self.workflow.rules:
            for sidecar, wildcards in _there(rule) if hasattr(rule.params, "plan") else ():
                try:
                    if self._is_stale(sidecar, rule, wildcards):
                        stale.append(sidecar)
                    else:
                        self._fresh.append((rule, wildcards))
                except self.refusal:
                    pass  # a leftover: the project of today has no such batch or data point
        return stale

    def _is_stale(self, sidecar, rule, wildcards):
        inputs = _inputs(rule, wildcards, NO_RESULTS)  # refuses a leftover, so it comes first
        about, _ = self._about(sidecar)
        return (
            about is None
            or about["plan"] != self.plan(rule.name, wildcards)
            or about["inputs"] != inputs_digest(self._about(file)[1] for file in inputs)
        )

    def _about(self, sidecar):
        if sidecar not in self._told:
            self._told[sidecar] = told(sidecar)
        return self._told[sidecar]

    def out_of_order(self, mend):
        """Return how many results that are as they would be made now have a time that says otherwise.

        So it is in a copy that did not keep the times, after a touch, or where the clock was wrong. *mend* gives these
        results a new time: otherwise Snakemake would make them anew.
        """
        times, count = {}, 0
        for _ in range(len(self._fresh)):  # a result with a new time may be newer than what is made from it
            before = count
            for rule, wildcards in self._fresh:
                files = [_expanded(file, wildcards) for file in [*rule.output, *filter(None, [rule.benchmark])]]
                files = list(filter(os.path.exists, files))
                newest = max(_time(file, times) for file in _inputs(rule, wildcards))
                if newest > min(_time(file, times) for file in files):
                    count += 1
                    times.update(dict.fromkeys(files, max(newest, time.time_ns())))
                    for file in files if mend else ():
                        with contextlib.suppress(OSError):  # somebody else's: then it is made anew
                            os.utime(file, ns=(times[file], times[file]))
            if count == before:
                break
        return count


class Wildcards(dict):
    """Values of wildcards by name, as the functions of rules take them."""

    __getattr__ = dict.__getitem__


def _there(rule):
    """Yield the side-cars of a rule's results of which a file is there, with their wildcards."""
    sidecar, found = next(file for file in rule.output if str(file).endswith(".json")), {}
    for output in rule.output:
        for file in glob.iglob(WILDCARD.sub("*", str(output))):
            match = output.match(file)
            if match:
                wildcards = Wildcards(match.groupdict())
                found[_expanded(str(sidecar), wildcards)] = wildcards
    yield from sorted(found.items())


def _inputs(rule, wildcards, without=()):
    """Return the inputs of a job that are not ancient, but for those of some names."""
    files = []
    for key, value in rule.input.items():
        for one in value if isinstance(value, list) else [value]:
            if key not in (*without, "stale") and not getattr(one, "flags", {}).get("ancient"):
                given = _expanded(one, wildcards)
                files += [given] if isinstance(given, str) else given
    return files


def _expanded(value, wildcards):
    """Return an input or a parameter of a rule with wildcards in their places."""
    if callable(value):
        return value(wildcards)
    if isinstance(value, str):
        return WILDCARD.sub(lambda found: wildcards[found[1]], value)
    return [_expanded(one, wildcards) for one in value] if isinstance(value, (list, tuple)) else value


def _time(file, times):
    if file not in times:
        times[file] = os.stat(file).st_mtime_ns if os.path.exists(file) else 0
    return times[file]


def lost(files):
    """Return those of *files* that are not there, though a later one is; they are in the order in which data flows."""
    there = [os.path.exists(file) for file in files]
    last = max((number for number, exists in enumerate(there) if exists), default=0)
    return [str(file) for file, exists in zip(files[:last], there) if not exists]


def tell(sentence, files):
    """Print which files something is said of, the first of them by name."""
    if files:
        more = f" and {len(files) - 3} more" if len(files) > 3 else ""
        print(f"{sentence}: {', '.join(files[:3])}{more}", file=sys.stderr)

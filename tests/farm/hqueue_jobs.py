"""The jobs of the stand-in for HQueue, in a table that outlives the server."""

import dataclasses
import json
import sqlite3
from xmlrpc.client import Fault

ABANDONED, CANCELLED, FAILED, SUCCEEDED = "abandoned", "cancelled", "failed", "succeeded"
RUNNABLE, RUNNING = "runnable", "running"

BAD = (ABANDONED, CANCELLED, FAILED)
FINISHED = (*BAD, SUCCEEDED)
UNFINISHED = ("paused", "pausing", "queued", "resuming", RUNNING, RUNNABLE, "waiting")

DEFAULTS = {
    "name": "",
    "command": "",
    "shell": "bash",
    "description": "",
    "submittedBy": "",
    "cpus": 1,
    "priority": 0,
    "maxTime": -1,
    "tags": [],
    "conditions": [],
    "environment": {},
    "resources": {},
}
ITEMS = {"tags": str, "environment": str, "resources": int}
CONDITION = {"type": ("client",), "name": ("hostname", "group"), "op": ("==", "in")}


@dataclasses.dataclass
class Job:
    """A job, as it is kept."""

    id: int
    spec: dict  # with all defaults
    status: str = RUNNABLE
    reported: str | None = None  # what the server says instead, by fault injection
    client: int | None = None  # to which it was given
    busy: bool = False  # it occupies that client
    start_time: float | None = None
    kill_time: float | None = None  # when its processes are killed, which were asked to end before
    deleted: bool = False  # it is shown no more

    @property
    def attributes(self):
        """What HQueue tells of a job."""
        told = {name: self.spec[name] for name in DEFAULTS if name not in ("command", "shell", "environment")}
        clients = [] if self.client is None else [self.client]
        return {**told, "id": self.id, "status": self.reported or self.status, "clients": clients}

    def change(self, status):
        self.status = status
        if status in FINISHED:
            self.reported = None


class JobTable:
    """All jobs by id, in memory and in a file of sqlite."""

    def __init__(self, path):
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute("PRAGMA synchronous = OFF")  # it outlives a kill -9, and need not outlive a power cut
        self._database.execute("CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, record TEXT)")
        records = self._database.execute("SELECT record FROM jobs ORDER BY id")
        self._jobs = {job.id: job for job in (Job(**json.loads(record)) for (record,) in records)}

    def all(self):
        """Return all jobs, with those that are deleted."""
        return list(self._jobs.values())

    def shown(self, ids=None):
        """Return the jobs that are not deleted, or those of *ids* among them."""
        jobs = self._jobs.values() if ids is None else map(self._jobs.get, ids)
        return [job for job in jobs if job and not job.deleted]

    def add(self, specs):
        """Add a job for each specification, all or none; return their ids."""
        checked = [_checked(spec) for spec in specs]
        new = [Job(number, spec) for number, spec in enumerate(checked, len(self._jobs) + 1)]
        self.save(*new)
        self._jobs |= {job.id: job for job in new}
        return [job.id for job in new]

    def save(self, *jobs):
        records = [(job.id, json.dumps(dataclasses.asdict(job))) for job in jobs]
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO jobs VALUES (?, ?)", records)


def bad_request(text):
    """Return the error that a caller gets."""
    return Fault(1, text)


def _checked(spec):
    """Return a specification, complete with defaults."""
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str):
        raise bad_request("a job specification is a dictionary with a name")
    where = f"job {spec['name']!r}"
    for key, value in spec.items():
        if key not in DEFAULTS:
            raise bad_request(f"{where}: {key} is no property that this stand-in knows")
        if type(value) is not type(DEFAULTS[key]):
            raise bad_request(f"{where}: {key} must be of type {type(DEFAULTS[key]).__name__}")
        items = value.values() if isinstance(value, dict) else value
        if key in ITEMS and not all(type(item) is ITEMS[key] for item in items):
            raise bad_request(f"{where}: what is in {key} must be of type {ITEMS[key].__name__}")
    for condition in spec.get("conditions", []):
        known = all(condition.get(key) in values for key, values in CONDITION.items())
        if not known or condition.keys() != {*CONDITION, "value"} or not isinstance(condition["value"], str):
            raise bad_request(f"{where}: {condition} is no condition that this stand-in knows")
    return {**DEFAULTS, **spec}

"""The jobs of the stand-in for HQueue, in a table that outlives the server."""

import dataclasses
import json
import sqlite3
import time

from farm.hqueue_specs import BadRequest, and_children

ABANDONED, CANCELLED, FAILED, SUCCEEDED = "abandoned", "cancelled", "failed", "succeeded"
QUEUED, RUNNABLE, RUNNING = "queued", "runnable", "running"
PAUSING, PAUSED, RESUMING = "pausing", "paused", "resuming"
WAITING = "waiting"  # a name that calls accept; no job has it

BAD = (ABANDONED, CANCELLED, FAILED)
FINISHED = (*BAD, SUCCEEDED)
UNFINISHED = (PAUSED, PAUSING, QUEUED, RESUMING, RUNNING, RUNNABLE, WAITING)


@dataclasses.dataclass
class Job:
    """A job, as it is kept.

    Attributes
    ----------
    id : int
    spec : dict
        The specification with all defaults.
    parents, children : list of int
    status : str
    reported : str or None
        What the server says instead of *status*, by fault injection.
    client : str or None
        The label of the client that the job occupies.
    ran_on : list of int
        The ids of the clients that it was given to.
    stopping : str or None
        Its processes are being killed: ``end``, or ``requeue`` to let it wait again afterwards.
    deleted : bool
        It is shown no more, and goes when its processes have gone.
    tries_left : int
    exit_code : int or None
        Of its command, if that has ended well.
    queue_time, start_time, end_time : float or None
    log : list of str
        The changes of its status.
    """

    id: int
    spec: dict
    parents: list = dataclasses.field(default_factory=list)
    children: list = dataclasses.field(default_factory=list)
    status: str = QUEUED
    reported: str | None = None
    client: str | None = None
    ran_on: list = dataclasses.field(default_factory=list)
    stopping: str | None = None
    deleted: bool = False
    tries_left: int = 0
    exit_code: int | None = None
    queue_time: float | None = None
    start_time: float | None = None
    end_time: float | None = None
    log: list = dataclasses.field(default_factory=list)

    @property
    def shown_status(self):
        return self.reported or self.status

    @property
    def finished(self):
        return self.status in FINISHED

    def change(self, status):
        """Take another status, and note when."""
        self.status, self.end_time = status, None
        if self.finished:
            self.end_time, self.reported = time.time(), None
        self.log.append(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} {status}")


class JobTable:
    """All jobs by id, in memory and in a file of sqlite."""

    def __init__(self, path):
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute("PRAGMA synchronous = OFF")  # it outlives a kill -9, and need not outlive a power cut
        self._database.execute("CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT)")
        records = self._database.execute("SELECT record FROM jobs ORDER BY id")
        self._jobs = {job.id: job for job in (Job(**json.loads(record)) for (record,) in records)}

    def __getitem__(self, number):
        """Return a job that is shown."""
        found = self.shown([number])
        if not found:
            raise BadRequest(f"there is no job {number}")
        return found[0]

    def all(self):
        """Return all jobs, with those that are deleted and whose processes are not gone yet."""
        return list(self._jobs.values())

    def shown(self, ids=None):
        """Return the jobs that are shown, or those of *ids* among them."""
        jobs = self._jobs.values() if ids is None else (self._jobs.get(_number(number)) for number in ids)
        return [job for job in jobs if job and not job.deleted]

    def root(self, job):
        """Return the job above all others above this one."""
        while parents := self.shown(job.parents):
            job = parents[0]
        return job

    def and_below(self, jobs):
        """Return jobs and all below them, each once."""
        return self._reached(jobs, "children")

    def and_above(self, jobs):
        """Return jobs and all above them, each once."""
        return self._reached(jobs, "parents")

    def save(self, *jobs):
        with self._database:
            for job in jobs:
                self._save(job)

    def add(self, specs, parents=(), children=()):
        """Add jobs and the children in their specifications, all or none.

        Parameters
        ----------
        specs : list of dict
            As of `checked_specs`.
        parents, children : list of int
            Jobs that are there already and become relatives of all *specs*.

        Returns
        -------
        list of Job
            One for each of *specs*.
        """
        for spec in [part for given in specs for part in and_children(given)]:
            above = [self[number] for number in [*parents, *spec["parentIds"]]]
            below = [self[number] for number in [*children, *spec["childrenIds"]]]
            for job in above:
                if job.finished:
                    raise BadRequest(f"job {job.id} has finished and takes no children")
                if job in self.and_below(below):
                    raise BadRequest(f"job {job.id} cannot be above and below a job")
        with self._database:
            return [self._add(spec, self.shown(parents), self.shown(children)) for spec in specs]

    def remove(self, job):
        """Forget a job; its id is not used again."""
        relatives = [self._jobs[number] for number in {*job.parents, *job.children} if number in self._jobs]
        for relative in relatives:
            relative.parents = [number for number in relative.parents if number != job.id]
            relative.children = [number for number in relative.children if number != job.id]
        with self._database:
            self._database.execute("DELETE FROM jobs WHERE id = ?", [job.id])
            for relative in relatives:
                self._save(relative)
        del self._jobs[job.id]

    def _add(self, spec, parents, children):
        number = self._database.execute("INSERT INTO jobs DEFAULT VALUES").lastrowid
        job = Job(number, spec, tries_left=spec["triesLeft"], queue_time=time.time())
        job.change(QUEUED)
        self._jobs[number] = job
        parents = [*parents, *self.shown(spec["parentIds"])]
        children = [*children, *self.shown(spec["childrenIds"])]
        if parents and not spec["submittedBy"]:
            spec["submittedBy"] = parents[0].spec["submittedBy"]
        pairs = [(parent, job) for parent in parents] + [(job, child) for child in children]
        for parent, child in pairs:
            parent.children.append(child.id)
            child.parents.append(parent.id)
        for below in spec.pop("children"):
            self._add(below, [job], [])
        for relative in [job, *parents, *children]:
            self._save(relative)
        return job

    def _save(self, job):
        record = json.dumps(dataclasses.asdict(job))
        self._database.execute("UPDATE jobs SET record = ? WHERE id = ?", [record, job.id])

    def _reached(self, jobs, direction):
        found, pending = {}, list(jobs)
        while pending:
            job = pending.pop()
            if job.id not in found:
                found[job.id] = job
                pending += self.shown(getattr(job, direction))
        return list(found.values())


def _number(value):
    """Return an id as a number: a job knows its own as a string, JOBID."""
    try:
        return int(value)
    except (TypeError, ValueError):
        raise BadRequest(f"{value!r} is no id") from None

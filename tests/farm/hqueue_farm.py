"""The farm of the stand-in for HQueue: its clients, who gets which job, and what becomes of the jobs."""

import dataclasses
import os
import signal
import threading
import time

from farm import hqueue_processes as processes
from farm.hqueue_jobs import ABANDONED, CANCELLED, FAILED, FINISHED, RUNNABLE, RUNNING, SUCCEEDED, JobTable

TICK = 0.05  # seconds


@dataclasses.dataclass
class Client:
    """A simulated machine; *silent_since*: its heartbeats do not arrive, and no order reaches it."""

    id: int
    hostname: str
    cpus: int
    groups: list
    silent_since: float | None = None

    @classmethod
    def parse(cls, number, text):
        """Return the client that ``host:cpus[:group+group]`` describes.

        >>> Client.parse(1, "node1:8:gpu+linux")
        Client(id=1, hostname='node1', cpus=8, groups=['gpu', 'linux'], silent_since=None)
        """
        hostname, cpus, groups = [*text.split(":"), ""][:3]
        return cls(number, hostname, int(cpus), groups.split("+") if groups else [])

    def meets(self, condition):
        """Return whether a job with this condition may run here."""
        own = self.groups if condition["name"] == "group" else [self.hostname]
        wanted = condition["value"].split(",") if condition["op"] == "in" else [condition["value"]]
        return any(value in own for value in wanted)


class Farm:
    """Clients, jobs, and a loop that brings them together.

    Parameters
    ----------
    folder : Path
        The state of the farm.
    clients : list of Client
    resources : dict
        Name -> how much of it all jobs together may hold.
    active_timeout : float
        Seconds of silence after which a client's jobs are abandoned.
    """

    def __init__(self, folder, clients, resources, active_timeout):
        self.folder = folder.absolute()
        self.clients = {client.id: client for client in clients}
        self.resources, self.active_timeout = resources, active_timeout
        for client in clients:
            (self.folder / f"clients/{client.id}").mkdir(parents=True, exist_ok=True)
        self.jobs = JobTable(self.folder / "jobs.sqlite")
        self.orders = []  # (cancel or delete, ids of jobs) that are to be carried out
        self.lock = threading.Lock()  # of jobs and orders
        self.closed = False  # ends the loop

    def run(self):
        while not self.closed:
            with self.lock:
                self._tick()
            time.sleep(TICK)

    def job_folder(self, job):
        return self.folder / "jobs" / str(job.id)

    def _tick(self):
        while self.orders:
            action, ids = self.orders.pop(0)
            for job in self.jobs.shown(ids):
                self._cancel(job)
                job.deleted = action == "delete"
                self.jobs.save(job)
        for job in self.jobs.all():
            if job.busy:
                self._watch(job)
        for job in self.jobs.shown():
            if job.status == RUNNABLE:
                self._assign(job)

    def _change(self, job, status):
        job.change(status)
        self.jobs.save(job)

    def _assign(self, job):
        free = [client for client in self.clients.values() if self._may_take(client, job.spec)]
        if free:
            job.client, job.busy, job.start_time = max(free, key=self._free_cpus).id, True, time.time()
            self._change(job, RUNNING)  # kept before the command starts: it must not start twice
            self._launch(job)

    def _may_take(self, client, spec):
        return (
            client.silent_since is None
            and self._free_cpus(client) >= spec["cpus"]
            and all(client.meets(condition) for condition in spec["conditions"])
            and all(amount <= self._left(name) for name, amount in spec["resources"].items())
        )

    def _free_cpus(self, client):
        return client.cpus - sum(job.spec["cpus"] for job in self._busy() if job.client == client.id)

    def _left(self, resource):
        return self.resources.get(resource, 0) - sum(job.spec["resources"].get(resource, 0) for job in self._busy())

    def _busy(self):
        return [job for job in self.jobs.all() if job.busy]

    def _launch(self, job):
        environment = {**os.environ, **job.spec["environment"], "JOBID": str(job.id)}
        where = self.folder / f"clients/{job.client}"
        processes.start(self.job_folder(job), job.spec["command"], job.spec["shell"], environment, where)

    def _watch(self, job):
        """See how a job on a client does."""
        client, folder = self.clients[job.client], self.job_folder(job)
        if client.silent_since is not None:
            if job.status == RUNNING and time.time() - client.silent_since >= self.active_timeout:
                self._change(job, ABANDONED)
        elif job.status == CANCELLED:
            self._go_on_ending(job)
        elif not processes.started(folder):  # a server was killed before it could
            self._launch(job)
        elif not processes.runs(folder):
            job.busy = False
            self._change(job, FAILED if processes.exit_code(folder) else SUCCEEDED)
        elif job.status == ABANDONED:
            self._change(job, RUNNING)
        elif 0 <= job.spec["maxTime"] < time.time() - job.start_time:
            self._cancel(job)

    def _cancel(self, job):
        if job.status == ABANDONED or job.status not in FINISHED:
            self._change(job, CANCELLED)

    def _go_on_ending(self, job):
        folder = self.job_folder(job)
        if job.kill_time is None:
            processes.send(folder, signal.SIGTERM)
            job.kill_time = time.time() + processes.PATIENCE
        if not processes.lives(folder) or time.time() > job.kill_time:
            processes.send(folder, signal.SIGKILL)
            job.busy = False
        self.jobs.save(job)

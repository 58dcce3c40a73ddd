"""The farm of the stand-in for HQueue: its clients, who gets which job, and what becomes of the jobs."""

import os
import platform
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

from farm import hqueue_processes as processes
from farm.hqueue_jobs import (
    ABANDONED,
    BAD,
    CANCELLED,
    FAILED,
    PAUSED,
    PAUSING,
    QUEUED,
    RESUMING,
    RUNNABLE,
    RUNNING,
    SUCCEEDED,
    JobTable,
)

TICK = 0.05  # seconds
PATIENCE = 2  # seconds between the request to end and the kill


class Farm:
    """Clients, jobs, and a thread that brings them together.

    Parameters
    ----------
    folder : Path
        The state of the farm.
    clients : list of Client
    resources : dict
        Name -> how much of it all jobs together may hold.
    active_timeout : float
        Seconds of silence after which a client's jobs are abandoned.
    address : str
        The server's, for the jobs: ``host:port``.

    Attributes
    ----------
    jobs : JobTable
        To be used under *lock*.
    lock : threading.RLock
    """

    def __init__(self, folder, clients, resources, active_timeout, address):
        self.folder = Path(folder).absolute()
        self.clients = {client.label: client for client in clients}
        self.resources, self.active_timeout, self.address = resources, active_timeout, address
        for place in ["root", "jobs", *(f"clients/{label}" for label in self.clients)]:
            (self.folder / place).mkdir(parents=True, exist_ok=True)
        self.jobs = JobTable(self.folder / "jobs.sqlite")
        self.lock = threading.RLock()
        self._orders, self._asked_to_end = [], {}
        self._awake, self._closed = threading.Event(), False
        self._thread = threading.Thread(target=self._run)

    def start(self):
        self._thread.start()

    def stop(self):
        """Stop scheduling, and end what the farm has started."""
        self._closed = True
        self._awake.set()
        self._thread.join()
        processes.end_all([self.job_folder(job) for job in self.jobs.all()], PATIENCE)

    def order(self, action, ids):
        """Let *action* happen to the jobs soon: cancel, delete, eject, pause, resume or reschedule."""
        self._orders.append((getattr(self, f"_{action}"), [job.id for job in self.jobs.shown(ids)]))
        self._awake.set()

    def wake(self):
        """Let new jobs start at once."""
        self._awake.set()

    def job_folder(self, job):
        return self.folder / "jobs" / str(job.id)

    def jobs_on(self, client):
        """Return the jobs that occupy a client."""
        return [job for job in self.jobs.all() if job.client == client.label]

    def used(self, resource):
        """Return how much of a resource the jobs hold."""
        return sum(job.spec["resources"].get(resource, 0) for job in self.jobs.all() if job.client)

    def conditions(self, job):
        """Return the conditions of a job: its own, or else those of its root."""
        own = job.spec["conditions"] or self.jobs.root(job).spec["conditions"]
        host = {"type": "client", "name": "hostname", "op": "==", "value": job.spec["host"]}
        return [*own, host] if job.spec["host"] else own

    def _run(self):
        try:
            while not self._closed:
                with self.lock:
                    self._tick()
                self._awake.wait(TICK)
                self._awake.clear()
        except BaseException:  # a server that schedules nothing would let every test wait
            traceback.print_exc()
            os._exit(1)

    def _tick(self):
        while self._orders:
            action, ids = self._orders.pop(0)
            action(self.jobs.shown(ids))
        processes.reap()
        for client in self.clients.values():
            if not client.silent:
                client.last_heartbeat = time.time()
        for job in self.jobs.all():
            if job.client:
                self._watch(job)
            if job.status in (QUEUED, RUNNABLE) and not job.client:
                self._settle(job)
        self._assign()

    def _change(self, job, status):
        job.change(status)
        self.jobs.save(job)

    # Jobs that wait

    def _settle(self, job):
        """Give a waiting job the status that its children allow."""
        children = self.jobs.shown(job.children)
        if not all(child.finished for child in children):
            status = QUEUED
        elif any(child.status in BAD for child in children):
            status = FAILED
        elif job.exit_code == 0 or not job.spec["command"]:
            status = SUCCEEDED
        else:
            status = RUNNABLE
        if status != job.status:
            self._change(job, status)

    def _assign(self):
        waiting = [job for job in self.jobs.shown() if job.status == RUNNABLE and not job.client]
        for job in sorted(waiting, key=lambda job: (-job.spec["priority"], job.id)):
            free = {client: self._free_cpus(client) for client in self.clients if self._may_take(client, job)}
            if free:
                self._give(job, self.clients[max(free, key=free.get)])

    def _free_cpus(self, label):
        client = self.clients[label]
        return client.cpus - sum(job.spec["cpus"] for job in self.jobs_on(client))

    def _may_take(self, label, job):
        client, spec = self.clients[label], job.spec
        return (
            not client.silent
            and self._free_cpus(label) >= spec["cpus"]
            and _may_share(spec["tags"], [other.spec["tags"] for other in self.jobs_on(client)])
            and all(client.meets(condition) for condition in self.conditions(job))
            and all(amount <= self._left(name) for name, amount in spec["resources"].items())
        )

    def _left(self, resource):
        return self.resources.get(resource, 0) - self.used(resource)

    def _give(self, job, client):
        processes.clear(self.job_folder(job))
        job.client, job.start_time = client.label, time.time()
        job.ran_on = [*(number for number in job.ran_on if number != client.id), client.id]
        self._change(job, RUNNING)  # kept before the command starts: it must not start twice
        self._launch(job)

    def _launch(self, job):
        client, folder = self.clients[job.client], self.job_folder(job)
        own = self.folder / "clients" / client.label
        environment = {
            **os.environ,
            **job.spec["environment"],
            "JOBID": str(job.id),
            "HQSERVER": self.address,
            "HQCLIENT": str(own),
            "HQCLIENTARCH": f"{sys.platform}-{platform.machine()}",
            "HQROOT": str(self.folder / "root"),
            "HQHOSTS": client.hostname,
        }
        scripts = {name: job.spec[name] for name in ("command", "onSuccess", "onError") if job.spec[name]}
        try:
            processes.start(folder, scripts, job.spec["shell"], environment, own)
        except (OSError, subprocess.SubprocessError) as error:  # too long an environment, for instance
            (folder / "output").write_text(f"{error}\n")
            self._ended(job, 127)

    # Jobs on a client

    def _watch(self, job):
        client, folder = self.clients.get(job.client), self.job_folder(job)
        if client is None or client.silent:
            silence = time.time() - client.last_heartbeat if client else self.active_timeout
            if job.status == RUNNING and silence >= self.active_timeout:
                self._change(job, ABANDONED)
        elif job.stopping:
            self._go_on_stopping(job)
        elif not processes.started(folder):  # a server was killed before it could
            self._launch(job)
        elif not processes.runs(folder):
            self._ended(job, processes.exit_code(folder))
        elif job.status == PAUSING:
            processes.send(folder, signal.SIGSTOP)
            self._change(job, PAUSED)
        elif job.status == RESUMING:
            processes.send(folder, signal.SIGCONT)
            self._change(job, RUNNING)
        elif job.status == ABANDONED:
            self._change(job, RUNNING)
        elif 0 <= job.spec["maxTime"] < time.time() - job.start_time:
            self._cancel([job])

    def _ended(self, job, code):
        if code == 0:
            job.client, job.exit_code = None, 0
            self._change(job, QUEUED if self.jobs.shown(job.children) else SUCCEEDED)
        elif job.tries_left > 0:
            job.tries_left -= 1
            self._requeue(job)
        else:
            job.client = None
            self._change(job, FAILED)

    def _requeue(self, job):
        """Let a job that has run wait again."""
        processes.clear(self.job_folder(job))
        job.client = job.exit_code = job.start_time = None
        self._change(job, QUEUED)

    def _stop(self, job, what):
        """Begin to end the processes of a job; *what* as of `Job.stopping`."""
        job.stopping = what
        self.jobs.save(job)

    def _go_on_stopping(self, job):
        folder = self.job_folder(job)
        if job.id not in self._asked_to_end:
            self._asked_to_end[job.id] = time.monotonic()
            processes.terminate(folder)
        if processes.lives(folder) and time.monotonic() - self._asked_to_end[job.id] < PATIENCE:
            return
        processes.kill(folder)
        del self._asked_to_end[job.id]
        requeue, job.client, job.stopping = job.stopping == "requeue", None, None
        if job.deleted:
            self._remove(job)
        elif requeue:
            self._requeue(job)
        else:
            self.jobs.save(job)

    # What callers order

    def _cancel(self, jobs):
        for job in self.jobs.and_below(jobs):
            if not job.finished or job.status == ABANDONED:
                if job.client:
                    self._stop(job, "end")
                self._change(job, CANCELLED)

    def _delete(self, jobs):
        jobs = self.jobs.and_below(jobs)
        self._cancel(jobs)
        for job in jobs:
            job.deleted = True
            self.jobs.save(job)
            if not job.client:
                self._remove(job)

    def _remove(self, job):
        processes.clear(self.job_folder(job))
        self.jobs.remove(job)

    def _eject(self, jobs):
        for job in self.jobs.and_below(jobs):
            if job.client and not job.stopping:
                self._stop(job, "requeue")

    def _pause(self, jobs):
        for job in self.jobs.and_below(jobs):
            if job.status in (RUNNING, RESUMING):
                self._change(job, PAUSING)
            elif job.status in (QUEUED, RUNNABLE):
                self._change(job, PAUSED)

    def _resume(self, jobs):
        for job in self.jobs.and_below(jobs):
            if job.status in (PAUSED, PAUSING):
                self._change(job, RESUMING if job.client else QUEUED)

    def _reschedule(self, jobs):
        below = [job for job in self.jobs.and_below(jobs) if job in jobs or job.status in BAD]
        for job in {job.id: job for job in [*below, *self.jobs.and_above(jobs)]}.values():
            if job.finished and job.client:
                self._stop(job, "requeue")
            elif job.finished:
                self._requeue(job)


def _may_share(tags, others):
    """Return whether a job with these tags may run beside jobs with those of *others*."""
    if others and "single" in tags or any("single" in there for there in others):
        return False
    single = {tag for tag in tags if tag.startswith("single")}
    return not any(single & set(there) for there in others)

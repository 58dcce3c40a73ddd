"""What the stand-in for HQueue tells of jobs and clients: attribute -> function of the farm and of one of them."""

import re
import time
import xmlrpc.client

from farm import hqueue_processes as processes
from farm.hqueue_jobs import QUEUED, RUNNABLE, SUCCEEDED
from farm.hqueue_specs import BadRequest


def utc(seconds):
    """Return a time as XML-RPC has it."""
    return None if seconds is None else xmlrpc.client.DateTime(time.gmtime(seconds))


def described(farm, thing, attributes, wanted):
    """Return the *wanted* ones of a job's or client's attributes, or all."""
    names = attributes if wanted is None else wanted
    if unknown := set(names) - set(attributes):
        raise BadRequest(f"there is no attribute {', '.join(sorted(unknown))}")
    return {name: attributes[name](farm, thing) for name in names}


def progress(farm, job):
    """Return the part that is done, by the last "PROGRESS: 3/10" in the output."""
    if not job.spec["command"]:
        return 0.0
    if job.status == SUCCEEDED:
        return 1.0
    steps = re.findall(r"PROGRESS: (\d+)/([1-9]\d*)", processes.output(farm.job_folder(job), last_bytes=1 << 16))
    return min(1.0, int(steps[-1][0]) / int(steps[-1][1])) if steps else 0.0


def _overall_progress(farm, job):
    jobs = [part for part in farm.jobs.and_below([job]) if part.spec["command"]]
    return sum(progress(farm, part) for part in jobs) / len(jobs) if jobs else float(job.status == SUCCEEDED)


def _ui_status(farm, job):
    on = {part.client for part in farm.jobs.and_below([job]) if part.client}
    if job.shown_status == QUEUED and on:
        return f"running ({len(on)} clients assigned)"
    return {QUEUED: "waiting for resources", RUNNABLE: "waiting for resources"}.get(job.shown_status, job.shown_status)


JOB = {
    "children": lambda farm, job: job.children,
    "clients": lambda farm, job: job.ran_on,
    "clientsOnHold": lambda farm, job: [],
    "conditions": lambda farm, job: farm.conditions(job),
    "cpus": lambda farm, job: job.spec["cpus"],
    "description": lambda farm, job: job.spec["description"],
    "endTime": lambda farm, job: utc(job.end_time),
    "ETA": lambda farm, job: -1,
    "id": lambda farm, job: job.id,
    "latestNote": lambda farm, job: "",
    "logs": lambda farm, job: job.log,
    "name": lambda farm, job: job.spec["name"],
    "overallProgress": _overall_progress,
    "parents": lambda farm, job: job.parents,
    "priority": lambda farm, job: job.spec["priority"],
    "progress": progress,
    "queueTime": lambda farm, job: utc(job.queue_time),
    "resources": lambda farm, job: job.spec["resources"] or None,
    "showBlockedClientsWarning": lambda farm, job: True,
    "startTime": lambda farm, job: utc(job.start_time),
    "status": lambda farm, job: job.shown_status,
    "submittedBy": lambda farm, job: job.spec["submittedBy"],
    "tags": lambda farm, job: job.spec["tags"],
    "threadId": lambda farm, job: None,
    "triesLeft": lambda farm, job: job.tries_left,
    "uiStatus": _ui_status,
    "waitingFor": lambda farm, job: {QUEUED: "child jobs", RUNNABLE: "a client or a resource"}.get(job.status, ""),
}


def groups(farm):
    """Return the client groups, as group name -> id."""
    names = sorted({name for client in farm.clients.values() for name in client.groups})
    return {name: number for number, name in enumerate(names, 1)}


CLIENT = {
    "available": lambda farm, client: not client.silent,
    "cpus": lambda farm, client: client.cpus,
    "disabled": lambda farm, client: False,
    "groups": lambda farm, client: [groups(farm)[name] for name in client.groups],
    "hostname": lambda farm, client: client.hostname,
    "id": lambda farm, client: client.id,
    "ip": lambda farm, client: "127.0.0.1",
    "label": lambda farm, client: client.label,
    "lastHeartbeat": lambda farm, client: utc(client.last_heartbeat),
    "name": lambda farm, client: client.name,
    "runningJobs": lambda farm, client: [job.id for job in farm.jobs_on(client) if not job.deleted],
}

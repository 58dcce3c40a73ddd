"""The calls that the stand-in for HQueue answers."""

import time

from farm import hqueue_attributes as attributes
from farm import hqueue_jobs as statuses
from farm import hqueue_processes as processes
from farm.hqueue_specs import BadRequest, checked_specs


class Calls:
    """HQueue's calls, by their own names."""

    def __init__(self, farm):
        self._farm, self._jobs = farm, farm.jobs

    def ping(self):
        return True

    def getVersion(self):
        return "stand-in"

    def getServerTime(self):
        return attributes.utc(time.time())

    def getServerErrors(self):
        return {}

    def newjob(self, jobspec, parent_id=None, child_ids=()):
        parents = [] if parent_id is None else [parent_id]
        jobs = self._jobs.add(checked_specs(jobspec), parents, child_ids or [])
        self._farm.wake()
        return [job.id for job in jobs]

    def getJob(self, job_id, attribs=None):
        return attributes.described(self._farm, self._jobs[job_id], attributes.JOB, attribs)

    def getJobs(self, job_ids, attribs=None):
        jobs = self._jobs.shown(job_ids)
        return [attributes.described(self._farm, job, attributes.JOB, attribs) for job in jobs]

    def getJobOutput(self, job_id, max_last_chars=None):
        text = processes.output(self._farm.job_folder(self._jobs[job_id]))
        return text[-max_last_chars:] if max_last_chars and max_last_chars > 0 else text

    def getJobIdsByStatus(self, names):
        return [job.id for job in self._jobs.shown() if job.shown_status in names]

    def getFinishedRootJobIds(self):
        return self._roots(finished=True)

    def getUnfinishedRootJobIds(self):
        return self._roots(finished=False)

    def cancelJobs(self, job_ids):
        self._farm.order("cancel", job_ids)

    def deleteJobs(self, job_ids):
        self._farm.order("delete", job_ids)

    def ejectJobs(self, job_ids):
        self._farm.order("eject", job_ids)

    def pauseJobs(self, job_ids):
        self._farm.order("pause", job_ids)

    def resumeJobs(self, job_ids):
        self._farm.order("resume", job_ids)

    def rescheduleJobs(self, job_ids):
        self._farm.order("reschedule", job_ids)

    def getAllJobStatusNames(self):
        return sorted([*statuses.FINISHED, *statuses.UNFINISHED])

    def getRunningJobStatusNames(self):
        return [statuses.RUNNING]

    def getPausedJobStatusNames(self):
        return [statuses.PAUSED]

    def getFinishedJobStatusNames(self):
        return list(statuses.FINISHED)

    def getSucceededStatusNames(self):
        return [statuses.SUCCEEDED]

    def getWaitingJobStatusNames(self):
        return [statuses.QUEUED, statuses.RUNNABLE, statuses.WAITING]

    def getFailedJobStatusNames(self):
        return list(statuses.BAD)

    def getUnfinishedJobStatusNames(self):
        return list(statuses.UNFINISHED)

    def getClients(self, client_ids=None, attribs=None):
        clients = [client for client in self._farm.clients.values() if client_ids is None or client.id in client_ids]
        return [attributes.described(self._farm, client, attributes.CLIENT, attribs) for client in clients]

    def getClient(self, client_id, attribs=None):
        return _only(self.getClients([client_id], attribs), f"client {client_id}")

    def getClientByName(self, clientname, attribs=None):
        ids = [client.id for client in self._farm.clients.values() if clientname in (client.label, client.hostname)]
        return _only(self.getClients(ids[:1], attribs), f"client {clientname}")

    def getClientGroups(self, group_ids=None, attribs=None):
        found = []
        for name, number in attributes.groups(self._farm).items():
            members = [client.id for client in self._farm.clients.values() if name in client.groups]
            group = {"clients": members, "id": number, "name": name}
            if group_ids is None or number in group_ids:
                found.append({key: group[key] for key in attribs or group})
        return found

    def getResources(self, resource_ids=None):
        return [
            {"id": number, "name": name, "amount": amount, "used": self._farm.used(name)}
            for number, (name, amount) in enumerate(self._farm.resources.items(), 1)
            if resource_ids is None or number in resource_ids
        ]

    def _roots(self, finished):
        roots = [job for job in self._jobs.shown() if not self._jobs.shown(job.parents)]
        return [job.id for job in roots if (job.shown_status in statuses.FINISHED) is finished]


def _only(found, what):
    if not found:
        raise BadRequest(f"there is no {what}")
    return found[0]

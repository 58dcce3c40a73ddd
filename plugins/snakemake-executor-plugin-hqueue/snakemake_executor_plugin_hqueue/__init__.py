"""Snakemake executor plugin: jobs run on SideFX HQueue.

Snakemake owns the graph, the retries and the records; HQueue gets flat jobs, each of which runs Snakemake for itself on
a machine that sees the same files. Nothing here touches the network on import: every Snakemake imports every plugin.
"""

import contextlib
import getpass
import os
import shlex
import time

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

from snakemake_executor_plugin_hqueue import marks
from snakemake_executor_plugin_hqueue.jobspec import check_settings, specification
from snakemake_executor_plugin_hqueue.outcomes import failure
from snakemake_executor_plugin_hqueue.server import ABANDONED, Server, ServerAway
from snakemake_executor_plugin_hqueue.settings import ExecutorSettings
from snakemake_executor_plugin_hqueue.submission import GaveUp, Patience, Submitter

__all__ = ["Executor", "ExecutorSettings", "common_settings"]  # what Snakemake looks for
CANCEL_SECONDS = 10  # how long to watch jobs end that were cancelled, which HQueue does in its own time


common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    pass_envvar_declarations_to_cmd=False,  # HQueue has a field for them; a command is seen by all
    auto_deploy_default_storage_provider=False,
)


class Executor(RemoteExecutor):
    """Submits jobs to HQueue and watches them.

    The base class polls from before ``__post_init__`` on, with no jobs at first: until then nothing here is used.
    """

    def __post_init__(self):
        settings = self.executor_settings
        check_settings(settings)
        self.server = Server(settings.server, settings.timeout)
        self.marks = marks.Marks(self.workflow.workdir_init)
        # Snakemake's own record of a running job is no help: the job overwrites it, and --rerun-incomplete ignores it.
        self.earlier = self.marks.earlier(self.server.connect())
        self.patience = Patience(self.server.url, settings.patience, self.logger.warning)
        submitting = Patience(self.server.url, settings.patience, self.logger.warning)
        self.submitter = Submitter(self.server, submitting)
        self.unknown_statuses = set()
        self.ending = self.gave_up = self.told = False

    def run_job(self, job):
        """Submit one job."""
        self.submit([job])

    def run_jobs(self, jobs):
        """Submit jobs, many with one call."""
        for job in jobs:
            self.run_job_pre(job)
        self.submit(jobs)

    def submit(self, jobs):
        """Take up those jobs that an earlier Snakemake left on the server, and submit the others."""
        infos, specifications, outdated = {}, {}, []
        for job in jobs:
            info, tag = SubmittedJobInfo(job), self.marks.new(job)
            try:
                specification = self.specification(job, tag)
            except WorkflowError as error:
                self.report_failure(info, f"{error}\n")
                continue
            info.aux = {"minutes": specification.get("maxTime", 0) // 60}
            same, others = self.left_running(job)
            outdated += others
            if same is None:
                infos[tag], specifications[tag] = info, specification
            else:
                self.submitter.open.add(same)
                self.report_submission(info, same, "still there from an earlier Snakemake, and taken up")
        if outdated:
            self.logger.info(f"HQueue jobs {outdated} of an earlier Snakemake are out of date and cancelled.")
            self.cancel_on_server(outdated)
        try:
            outcome = self.submitter.submit(specifications) if specifications else {}
        except GaveUp as error:
            self.give_up(error)
            return
        for tag, number in outcome.items():
            if isinstance(number, int):
                self.report_submission(infos[tag], number, "submitted")
            else:
                self.report_failure(infos[tag], f"{number}\n")

    def specification(self, job, tag):
        """Return the HQueue job specification of a job."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):  # a user without a name, as in containers
            user = str(os.getuid())
        return specification(
            job,
            self.executor_settings,
            command=self.format_job_exec(job),
            variables=self.envvars(),
            tag=tag,
            user=user,
        )

    def left_running(self, job):
        """Return the id of the same job from an earlier Snakemake, or None, and those of others with its outputs."""
        found = self.earlier.pop(marks.what(job), []) if self.earlier else []
        how = marks.how(job) if found else None
        same = next((number for number, earlier in found if earlier == how), None)
        return same, [number for number, _ in found if number != same]

    def get_job_exec_prefix(self, job):
        """Return the command that goes to the working directory, where the machines see it, too."""
        shared = self.workflow.storage_settings.assume_common_workdir
        return f"cd {shlex.quote(str(self.workflow.workdir_init))}" if shared else ""

    def report_submission(self, info, number, event):
        """Tell Snakemake that a job is on the server."""
        info.external_jobid = str(number)
        self.logger.info(f"Job {info.job.jobid} ({info.job.name}) is HQueue job {number}: {event}.")
        self.report_job_submission(info)

    def report_failure(self, info, message):
        """Tell Snakemake that a job failed."""
        if info.job.is_group():
            self.logger.error(message)  # Snakemake shows no message for groups
        self.report_job_error(info, msg=message)

    async def check_active_jobs(self, active_jobs):
        """Ask for the statuses of all jobs with one call; yield those that have not ended."""
        statuses = None
        if active_jobs and not self.ending:
            async with self.status_rate_limiter:
                statuses = self.ask_statuses([int(info.external_jobid) for info in active_jobs])
        for info in active_jobs:  # once all are cancelled, that they are is no news
            if self.ending or statuses is None or not self.has_ended(info, statuses.get(int(info.external_jobid))):
                yield info

    def ask_statuses(self, ids):
        """Return ``{id: status}``, or None if the server does not answer."""
        try:
            statuses = self.server.statuses(ids)
            self.patience.answered()
            return statuses
        except ServerAway as error:
            try:
                self.patience.missed(error)
            except GaveUp as reason:
                self.give_up(reason)
        return None

    def has_ended(self, info, status):
        """Return whether a job with this status has ended, and report it if so; None: the server has no such job."""
        number = int(info.external_jobid)
        if status in self.server.succeeded:
            self.report_job_success(info)
        elif status is None or status in self.server.finished or status == ABANDONED:
            characters = self.executor_settings.output_characters
            message = failure(self.server, number, status, info.aux.get("minutes"), characters)
            if status == ABANDONED:
                with contextlib.suppress(ServerAway):
                    self.server.cancel([number])
            self.report_failure(info, message)
        else:
            if status not in self.server.unfinished | self.unknown_statuses:
                self.unknown_statuses.add(status)
                self.logger.warning(f"HQueue job {number} has the unknown status {status!r}: it counts as running.")
            return False
        self.submitter.open.discard(number)
        return True

    def give_up(self, reason):
        """End the run, but not the jobs: the next run takes them up."""
        self.gave_up = self.ending = True
        self.submitter.stop()
        with self.lock:
            self.wait = False
        self.next_seconds_between_status_checks = 0
        self.workflow.scheduler.executor_error_callback(WorkflowError(str(reason)))  # not raised: no traceback

    def cancel_jobs(self, active_jobs):
        """Cancel all that this run has on the server, also what is just being submitted or looked at."""
        self.ending = True
        if self.gave_up:
            return
        self.cancel_on_server(self.submitter.all_open())

    def cancel_on_server(self, ids):
        """Cancel jobs and watch them end, for a while."""
        deadline = time.monotonic() + CANCEL_SECONDS
        try:
            if ids:
                self.server.cancel(ids)
            while ids and time.monotonic() < deadline:
                statuses = self.server.statuses(ids)
                ids = [number for number in ids if statuses.get(number) in self.server.unfinished]
                time.sleep(0.2 if ids else 0)
        except ServerAway as error:
            self.logger.error(
                f"The HQueue server {self.server.url} did not confirm the cancellation of jobs {ids} ({error}): "
                "look there, or run the same command again, which takes up those that go on."
            )

    def shutdown(self):
        """End the polling.

        After giving up, jobs go on: they need the temporary folder that the base removes, and their output folders, of
        which Snakemake removes the empty ones at the end of every run that was not ended by an exception.
        """
        if not self.gave_up:
            super().shutdown()
            return
        self.wait_thread.join()
        if not self.told:
            self.told = True
            raise WorkflowError("Snakemake ends without its HQueue server; its jobs there go on.")

"""Whole workflows on the stand-in HQueue: what ends well, what fails, and what is left running."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from snakemake.common.tests import TestWorkflowsLocalStorageBase
from snakemake_executor_plugin_hqueue import ExecutorSettings

from conftest import wait_until

pytestmark = pytest.mark.slow  # each is some seconds of Snakemake

SNAKEFILE = """
envvars: "TOKEN"

rule all:
    input: expand("out/{i}.txt", i=range(config.get("number", 1)))

rule work:
    output: "out/{i}.txt"
    params: text=config.get("text", "hello")
    log: "logs/{i}.log"
    shell:
        "echo {wildcards.i} >> ran.txt; while [ -e hold ]; do sleep 0.1; done; echo last words $TOKEN; "
        "test ! -e fail; echo {params.text} > {output}"
"""


class Flow:
    """A folder with a workflow, and the server that it runs on."""

    def __init__(self, folder, server):
        self.folder, self.server, self.process = folder, server, None
        (folder / "Snakefile").write_text(SNAKEFILE)

    def start(self, *arguments, number=1, **config):
        """Start Snakemake; its output goes to the file ``said``."""
        config = [f"{name}={value}" for name, value in {"number": number, **config}.items()]
        command = [sys.executable, "-m", "snakemake", "--executor", "hqueue", "--jobs", "30", "--scheduler", "greedy"]
        command += ["--seconds-between-status-checks", "1", "--max-status-checks-per-second", "10"]
        command += ["--hqueue-server", self.server.url, *arguments, "--config", *config]
        with open(self.folder / "said", "w") as said:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdout=said, stderr=said, env={**os.environ, "TOKEN": "s3cret"}
            )

    def end(self):
        """Wait for Snakemake; return its exit code and what it said."""
        code = self.process.wait(60)
        assert "Traceback" not in self.said
        return code, self.said

    def run(self, *arguments, **config):
        self.start(*arguments, **config)
        return self.end()

    def kill(self):
        """Kill Snakemake (-9), and remove the lock that it leaves."""
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder / ".snakemake/locks")

    def wait_for_runs(self, count=1):
        wait_until(lambda: len(self.ran) == count)

    @property
    def said(self):
        return (self.folder / "said").read_text()

    @property
    def ran(self):
        """The jobs that ran, in their order."""
        path = self.folder / "ran.txt"
        return path.read_text().split() if path.exists() else []

    def hold(self):
        """Let jobs wait, once they run, until the file that this returns is removed."""
        path = self.folder / "hold"
        path.touch()
        return path

    def states(self):
        """Return the status of every job on the server."""
        proxy = self.server.proxy
        ids = proxy.getJobIdsByStatus(proxy.getAllJobStatusNames())
        return {job["id"]: job["status"] for job in proxy.getJobs(ids, ["id", "status"])} if ids else {}

    def calls(self, name):
        return self.server.proxy.fault_calls().get(name, 0)


@pytest.fixture
def flow(tmp_path, server):
    flow = Flow(tmp_path, server)
    yield flow
    flow.process.kill()
    flow.process.wait()


def test_a_failed_job_shows_the_end_of_its_output_and_snakemake_owns_the_retries(flow):
    (flow.folder / "fail").touch()

    code, said = flow.run("--retries", "1")

    assert code != 0
    assert re.search(r"HQueue job 1 on http://\S+ ended as 'failed'. The end of its output:", said)
    assert "last words s3cret" in said
    assert flow.ran == ["0", "0"]
    assert flow.states() == {1: "failed", 2: "failed"}


@pytest.mark.parametrize("flags", [[], ["--rerun-incomplete"]])  # with it Snakemake ignores its own record
def test_after_a_kill_the_running_job_is_taken_up(flow, flags):
    hold = flow.hold()
    flow.start(number=2)
    flow.wait_for_runs(2)

    flow.kill()
    flow.start(*flags, number=2)
    wait_until(lambda: flow.said.count("still there from an earlier Snakemake, and taken up") == 2)
    hold.unlink()
    code, said = flow.end()

    assert code == 0, said
    assert sorted(flow.ran) == ["0", "1"]
    assert flow.calls("newjob") == 1
    assert "s3cret" in flow.server.proxy.getJobOutput(1, 1000) and "s3cret" not in said


def test_after_a_kill_a_job_with_other_parameters_is_replaced(flow):
    hold = flow.hold()
    flow.start()
    flow.wait_for_runs()

    flow.kill()
    flow.start(text="goodbye")
    flow.wait_for_runs(2)
    hold.unlink()
    code, said = flow.end()

    assert code == 0, said
    assert (flow.folder / "out/0.txt").read_text() == "goodbye\n"
    assert flow.states() == {1: "cancelled", 2: "succeeded"}


def test_ctrl_c_cancels_all_also_what_is_just_being_submitted(flow):
    flow.hold()
    flow.server.proxy.fault_slow(1)
    flow.start(number=3)
    wait_until(lambda: flow.calls("newjob"))

    flow.process.send_signal(signal.SIGINT)
    flow.server.proxy.fault_slow(0)
    code, said = flow.end()

    assert code != 0
    assert flow.states() == dict.fromkeys([1, 2, 3], "cancelled")
    assert flow.calls("cancelJobs") == 1


def test_a_restart_of_the_server_goes_by(flow):
    hold = flow.hold()
    flow.start()
    flow.wait_for_runs()

    flow.server.kill()
    wait_until(lambda: "does not answer" in flow.said)
    hold.unlink()
    flow.server.restart()
    code, said = flow.end()

    assert code == 0, said
    assert len(re.findall("does not answer .*: waiting up to 600 s for it", said)) == 1
    assert said.count("answers again") == 1
    assert flow.ran == ["0"]


@pytest.mark.parametrize("server", [["--clients", "node1:1"]], indirect=True)
def test_a_server_that_stays_away_ends_the_run_and_not_the_jobs_that_run_or_wait(flow):
    hold = flow.hold()
    flow.start("--hqueue-patience", "2", number=2)
    flow.wait_for_runs()
    wait_until(lambda: flow.states() == {1: "running", 2: "runnable"})

    flow.server.kill()
    code, said = flow.end()
    assert code != 0
    assert len(re.findall(r"http://\S+ has not answered for \d+ s \(Connection refused\)", said)) == 1
    assert "the same command takes them up again" in said

    flow.server.restart()
    hold.unlink()
    wait_until(lambda: flow.states() == {1: "succeeded", 2: "succeeded"})
    code, said = flow.run(number=2)
    assert code == 0, said
    assert sorted(flow.ran) == ["0", "1"]


@pytest.mark.parametrize("server", [["--active-timeout=1"]], indirect=True)
def test_an_abandoned_job_failed_and_does_not_come_back(flow):
    flow.hold()
    flow.start()
    flow.wait_for_runs()

    flow.server.proxy.fault_silence("node1", True)
    code, said = flow.end()
    flow.server.proxy.fault_silence("node1", False)
    time.sleep(1)

    assert code != 0
    assert "was abandoned, because its machine (node1) went silent; it is cancelled there" in said
    assert flow.states() == {1: "cancelled"}


def test_a_job_that_somebody_deleted_there_failed(flow):
    flow.hold()
    flow.start()
    flow.wait_for_runs()

    flow.server.proxy.deleteJobs([1])
    code, said = flow.end()

    assert code != 0
    assert "is gone: it was deleted there before its end was seen." in said


def test_an_unknown_status_counts_as_running_with_one_warning(flow):
    hold = flow.hold()
    flow.start()
    flow.wait_for_runs()

    flow.server.proxy.fault_status(1, "pondering")
    wait_until(lambda: "unknown status 'pondering': it counts as running" in flow.said)
    time.sleep(2)
    hold.unlink()
    code, said = flow.end()

    assert code == 0, said
    assert said.count("pondering") == 1


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--hqueue-server", "http://127.0.0.1:9"], r":9 \(--hqueue-server\) does not answer as one \(Connection"),
        (["--hqueue-timeout", "0"], "--hqueue-timeout is 0, but must be a whole number from 1 to"),
        (["--set-resources", "work:hqueue_priority=11"], r"Error in rule work:[\s\S]*_priority of rule work is 11"),
    ],
)
def test_a_mistake_ends_the_run_in_one_sentence(flow, flags, sentence):
    code, said = flow.run(*flags)

    assert code != 0
    assert re.search(sentence, said)
    assert not flow.states()


class TestOfficial(TestWorkflowsLocalStorageBase):
    """Snakemake's own tests of an executor."""

    __test__ = True

    @pytest.fixture(autouse=True)
    def _server(self, server, tmp_path, monkeypatch):
        self.server = server
        monkeypatch.chdir(tmp_path)

    def get_executor(self):
        return "hqueue"

    def get_executor_settings(self):
        return ExecutorSettings(server=self.server.url)

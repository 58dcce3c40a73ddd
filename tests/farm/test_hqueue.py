"""Whole workflows on the stand-in HQueue: what ends well, what fails, and what is left running."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("snakemake_executor_plugin_hqueue")
running_server = pytest.importorskip("farm.hqueue_server").running_server

from snakemake.common.tests import TestWorkflowsLocalStorageBase  # noqa: E402
from snakemake_executor_plugin_hqueue import ExecutorSettings  # noqa: E402

pytestmark = pytest.mark.slow  # each is some seconds of Snakemake

SNAKEFILE = """
envvars: "TOKEN"

rule all:
    input: expand("out/{i}.txt", i=range(config.get("number", 1)))

rule first:  # on this machine: it holds back the submission of the others
    output: touch("first.txt")
    localrule: True
    shell: "while [ -e hold_first ]; do sleep 0.1; done"

rule work:
    input: ["first.txt"] if config.get("after_first") else []
    output: "out/{i}.txt"
    params: text=config.get("text", "hello")
    log: "logs/{i}.log"
    shell:
        "echo {wildcards.i} >> ran.txt; while [ -e hold ]; do sleep 0.1; done; echo last words $TOKEN; "
        "test ! -e fail; echo {params.text} > {output}"
"""


def wait_until(condition, seconds=30):
    """Return the first true value of *condition*."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


class Flow:
    """A folder with a workflow, and the server that it runs on."""

    def __init__(self, folder, server):
        self.folder, self.server, self.process = folder, server, None
        (folder / "Snakefile").write_text(SNAKEFILE)

    def start(self, *arguments, number=1, url=None, **config):
        """Start Snakemake; its output goes to the file ``said``."""
        config = [f"{name}={value}" for name, value in {"number": number, **config}.items()]
        command = [sys.executable, "-m", "snakemake", "--executor", "hqueue", "--jobs", "30", "--scheduler", "greedy"]
        command += ["--seconds-between-status-checks", "1", "--max-status-checks-per-second", "10"]
        command += ["--hqueue-server", url or self.server.url, *arguments, "--config", *config]
        with open(self.folder / "said", "w") as said:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdout=said, stderr=said, env={**os.environ, "TOKEN": "s3cret"}
            )

    def end(self, seconds=60):
        """Wait for Snakemake; return its exit code and what it said."""
        code = self.process.wait(seconds)
        assert "Traceback" not in self.said
        return code, self.said

    def run(self, *arguments, **config):
        self.start(*arguments, **config)
        return self.end()

    def unlock(self):
        """Remove the lock that a killed Snakemake leaves."""
        shutil.rmtree(self.folder / ".snakemake/locks")

    @property
    def said(self):
        return (self.folder / "said").read_text()

    @property
    def ran(self):
        """The jobs that ran, in their order."""
        path = self.folder / "ran.txt"
        return path.read_text().split() if path.exists() else []

    def hold(self, name="hold"):
        """Let jobs wait, once they run, until the file that this returns is removed."""
        path = self.folder / name
        path.touch()
        return path

    def start_submission(self, *arguments, **config):
        """Start Snakemake; return the file whose removal lets it submit: it has asked all that it asks before."""
        hold = self.hold("hold_first")
        self.start(*arguments, after_first=1, **config)
        wait_until(lambda: "rule first" in self.said)
        return hold

    def states(self):
        """Return the status of every job on the server."""
        proxy = self.server.proxy
        ids = proxy.getJobIdsByStatus(proxy.getAllJobStatusNames())
        return {job["id"]: job["status"] for job in proxy.getJobs(ids, ["id", "status"])} if ids else {}

    def calls(self, name):
        return self.server.proxy.fault_calls().get(name, 0)

    def wait_for(self, *statuses):
        """Wait until the jobs on the server have these statuses."""
        wait_until(lambda: sorted(self.states().values()) == sorted(statuses))


@pytest.fixture
def server(request, tmp_path):
    with running_server(tmp_path / "farm", **getattr(request, "param", {})) as server:
        yield server


def with_farm(**settings):
    """Decorate a test that needs another farm than the usual one."""
    return pytest.mark.parametrize("server", [settings], indirect=True)


@pytest.fixture
def flow(tmp_path, server):
    folder = tmp_path / "flow"
    folder.mkdir()
    flow = Flow(folder, server)
    yield flow
    (folder / "hold").unlink(missing_ok=True)
    if flow.process and flow.process.poll() is None:
        flow.process.kill()
        flow.process.wait()


def test_jobs_run_and_get_the_declared_variables_without_showing_them(flow):
    code, said = flow.run(number=2)
    assert code == 0, said
    assert (flow.folder / "out/1.txt").read_text() == "hello\n"
    assert "s3cret" in flow.server.proxy.getJobOutput(1)
    assert "s3cret" not in said


def test_a_failed_job_shows_the_end_of_its_output(flow):
    (flow.folder / "fail").touch()
    code, said = flow.run()
    assert code != 0
    assert re.search(r"HQueue job 1 on http://\S+ ended as 'failed'. The end of its output:", said)
    assert "last words s3cret" in said


def test_snakemake_owns_the_retries(flow):
    (flow.folder / "fail").touch()
    code, said = flow.run("--retries", "1")
    assert code != 0
    assert flow.ran == ["0", "0"]
    assert list(flow.states().values()) == ["failed", "failed"]


@pytest.mark.parametrize("flags", [[], ["--rerun-incomplete"]])
def test_after_a_kill_the_running_job_is_taken_up(flow, flags):
    hold = flow.hold()
    flow.start(number=2)
    wait_until(lambda: len(flow.ran) == 2)
    flow.process.kill()
    flow.process.wait()
    flow.unlock()
    flow.start(*flags, number=2)
    wait_until(lambda: flow.said.count("still there from an earlier Snakemake, and taken up") == 2)
    hold.unlink()
    code, said = flow.end()
    assert code == 0, said
    assert sorted(flow.ran) == ["0", "1"]
    assert flow.calls("newjob") == 1


def test_after_a_kill_a_job_with_other_parameters_is_replaced(flow):
    hold = flow.hold()
    flow.start()
    wait_until(lambda: flow.ran)
    flow.process.kill()
    flow.process.wait()
    flow.unlock()
    flow.start(text="goodbye")
    wait_until(lambda: len(flow.ran) == 2)
    hold.unlink()
    code, said = flow.end()
    assert code == 0, said
    assert (flow.folder / "out/0.txt").read_text() == "goodbye\n"
    assert flow.states() == {1: "cancelled", 2: "succeeded"}


def test_ctrl_c_cancels_all(flow):
    flow.hold()
    flow.start(number=3)
    wait_until(lambda: flow.ran)
    flow.process.send_signal(signal.SIGINT)
    code, said = flow.end(30)
    assert code != 0
    assert set(flow.states().values()) == {"cancelled"}
    assert flow.calls("cancelJobs") == 1


def test_ctrl_c_during_the_submission_leaves_nothing(flow):
    flow.hold()
    hold_first = flow.start_submission(number=3)
    flow.server.proxy.fault_slow(2)
    hold_first.unlink()
    wait_until(lambda: "rule work" in flow.said)
    time.sleep(0.5)  # newjob is under way
    flow.process.send_signal(signal.SIGINT)
    time.sleep(2)
    flow.server.proxy.fault_slow(0)
    code, said = flow.end()
    assert code != 0
    assert list(flow.states().values()) == ["cancelled"] * 3


def test_a_lost_answer_makes_no_second_job(flow):
    hold_first = flow.start_submission(number=3)
    flow.server.proxy.fault_drop(1)
    hold_first.unlink()
    code, said = flow.end()
    assert code == 0, said
    assert flow.calls("newjob") == 1
    assert len(flow.states()) == len(flow.ran) == 3
    assert "answers again" in said


def test_a_restart_of_the_server_goes_by(flow):
    hold = flow.hold()
    flow.start()
    wait_until(lambda: flow.ran)
    flow.server.kill()
    wait_until(lambda: "does not answer" in flow.said)
    hold.unlink()
    flow.server.restart()
    code, said = flow.end()
    assert code == 0, said
    assert len(re.findall("does not answer .*: waiting up to 600 s for it", said)) == 1
    assert said.count("answers again") == 1
    assert flow.ran == ["0"]


def test_a_server_that_stays_away_ends_the_run_and_not_the_jobs(flow):
    hold = flow.hold()
    flow.start("--hqueue-patience", "2")
    wait_until(lambda: flow.ran)
    flow.server.kill()
    code, said = flow.end(20)
    assert code != 0
    assert len(re.findall(r"http://\S+ has not answered for \d+ s \(Connection refused\)", said)) == 1
    assert "the same command takes them up again" in said
    flow.server.restart()
    flow.start()
    wait_until(lambda: "taken up" in flow.said)
    hold.unlink()
    code, said = flow.end()
    assert code == 0, said
    assert flow.ran == ["0"]


@with_farm(clients=["node1:1"])
def test_a_job_that_still_waited_then_runs_later(flow):
    hold = flow.hold()
    flow.start("--hqueue-patience", "1", number=2)
    flow.wait_for("running", "runnable")
    wait_until(lambda: flow.ran)
    flow.server.kill()
    code, said = flow.end(20)
    assert code != 0
    flow.server.restart()
    hold.unlink()
    flow.wait_for("succeeded", "succeeded")
    code, said = flow.run(number=2)
    assert code == 0, said
    assert sorted(flow.ran) == ["0", "1"]


@with_farm(active_timeout=1)
def test_an_abandoned_job_failed_and_does_not_come_back(flow):
    flow.hold()
    flow.start()
    wait_until(lambda: flow.ran)
    flow.server.proxy.fault_silence("node1", True)
    code, said = flow.end()
    assert code != 0
    assert "was abandoned, because its machine (node1) went silent; it is cancelled there" in said
    flow.server.proxy.fault_silence("node1", False)
    time.sleep(1)
    assert flow.states() == {1: "cancelled"}


@with_farm(clients=["node1:4", "node2:2:gpu"], resources=["licence=1", "gpus=1"])
def test_jobs_run_where_and_when_they_may(flow):
    flow.hold()
    flags = ["--hqueue-groups", "gpu", "--hqueue-resources", "licence=1", "--hqueue-gpu-resource", "gpus"]
    flow.start(*flags, "--default-resources", "gpu=1", "runtime=3", "hqueue_priority=8", number=2)
    flow.wait_for("running", "runnable")  # there are cpus for both, and one licence
    jobs = flow.server.proxy.getJobs([1, 2], ["clients", "priority", "resources"])
    assert jobs[0] == {"clients": [2], "priority": 8, "resources": {"licence": 1, "gpus": 1}}
    assert jobs[1]["clients"] == []


def test_a_cancelled_job_says_so(flow):
    flow.hold()
    flow.start("--hqueue-max-minutes", "9")
    wait_until(lambda: flow.ran)
    flow.server.proxy.cancelJobs([1])
    code, said = flow.end()
    assert code != 0
    assert "was cancelled there: by somebody (HQueue does not tell whom), or it took longer than its 9 min." in said


def test_an_unknown_status_counts_as_running_with_one_warning(flow):
    hold = flow.hold()
    flow.start()
    wait_until(lambda: flow.ran)
    flow.server.proxy.fault_status(1, "pondering")
    wait_until(lambda: "unknown status 'pondering': it counts as running" in flow.said)
    time.sleep(2)
    flow.server.proxy.fault_status(1, "running")
    hold.unlink()
    code, said = flow.end()
    assert code == 0, said
    assert said.count("pondering") == 1


def test_a_deleted_job_failed(flow):
    flow.hold()
    flow.start()
    wait_until(lambda: flow.ran)
    flow.server.proxy.deleteJobs([1])
    code, said = flow.end()
    assert code != 0
    assert "is gone: it was deleted there before its end was seen." in said


def test_twenty_jobs_take_one_submission_and_few_questions(flow):
    flow.start(number=20)
    ids = wait_until(lambda: len(flow.states()) == 20 and flow.states())
    (flow.folder / "out").mkdir(exist_ok=True)
    for number, job in enumerate(ids):
        (flow.folder / f"out/{number}.txt").touch()
        flow.server.proxy.fault_status(job, "succeeded")
    start = time.monotonic()
    code, said = flow.end()
    assert code == 0, said
    assert flow.calls("newjob") == 1
    assert flow.calls("getJobs") <= 6 + time.monotonic() - start


def test_a_server_that_is_not_there_is_told_at_once(flow):
    code, said = flow.run(url="http://127.0.0.1:9")
    assert code != 0
    assert "The HQueue server http://127.0.0.1:9 (--hqueue-server) does not answer as one (Connection refused)" in said


def test_a_bad_resource_fails_its_job_in_one_sentence(flow):
    code, said = flow.run("--set-resources", "work:hqueue_priority=11")
    assert code != 0
    assert "Resource hqueue_priority of rule work is 11, but must be a whole number from 0 to 10." in said
    assert not flow.states()


def test_a_bad_flag_ends_the_run_in_one_sentence(flow):
    code, said = flow.run("--hqueue-resources", "licence")
    assert code != 0
    assert "--hqueue-resources has 'licence', but must be name=amount items separated by commas." in said


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

"""The stand-in for HQueue does what HQueue's documentation says, over real connections, restarts and processes."""

import contextlib
import http.client
import json
import os
import time
import xmlrpc.client

import pytest

from farm.hqueue_server import running_server

STUBBORN = "trap '' TERM; echo started; while true; do sleep 0.05; done"


def until(condition, seconds=30):
    """Return the first true value of *condition*."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


class Farm:
    """A running server, and short ways to ask it."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder

    @property
    def proxy(self):
        return self.server.proxy

    def submit(self, command="", *relatives, **properties):
        spec = {"name": "a job", **({"command": command} if command else {}), **properties}
        return self.proxy.newjob(spec, *relatives)[0]

    def held(self, **properties):
        """Submit a job that ends when its file is removed; return its id and the file."""
        hold = self.folder / f"hold{len(list(self.folder.glob('hold*')))}"
        hold.touch()
        return self.submit(f"while [ -e {hold} ]; do sleep 0.02; done", **properties), hold

    def status(self, job):
        return self.proxy.getJob(job, ["status"])["status"]

    def wait(self, job, *statuses):
        """Wait until the job has one of the statuses, all of them finished ones by default; return it."""
        statuses = statuses or ("succeeded", "failed", "cancelled", "abandoned")
        return until(lambda: self.status(job) in statuses and self.status(job))

    def output(self, job):
        self.wait(job)
        return self.proxy.getJobOutput(job)

    def machine(self, job):
        """Return the host that the job was last given to."""
        numbers = self.proxy.getJob(job, ["clients"])["clients"]
        return self.proxy.getClient(numbers[-1], ["hostname"])["hostname"] if numbers else None

    def runs_at(self, job):
        """Return the host of a job, once it runs or has run."""
        return until(lambda: self.machine(job))


@contextlib.contextmanager
def started(tmp_path, **options):
    with running_server(tmp_path / "farm", **options) as server:
        yield Farm(server, tmp_path)


@pytest.fixture
def farm(tmp_path):
    with started(tmp_path) as farm:
        yield farm


def alive(process):
    """Return whether a process is there that is no zombie."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def written(path):
    """Return the numbers in a file, once there are any."""
    return until(lambda: path.exists() and [int(word) for word in path.read_text().split()])


def no_answer(call, *arguments):
    """Call, without the second try of ServerProxy's."""
    transport = xmlrpc.client.Transport()
    transport.request = transport.single_request
    proxy = xmlrpc.client.ServerProxy(call.url, transport, allow_none=True)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        getattr(proxy, call.name)(*arguments)


class Call:
    def __init__(self, farm, name):
        self.url, self.name = farm.server.url, name


# Jobs


def test_a_command_runs_with_its_environment(farm):
    job = farm.submit(
        'echo "$WORD $JOBID $HQSERVER $HQHOSTS $HQCLIENTARCH $PATH"; ls -d "$HQROOT" "$HQCLIENT"; echo wrong >&2',
        environment={"WORD": "hello"},
    )
    words, *folders, wrong = farm.output(job).splitlines()
    address = farm.server.url.removeprefix("http://")
    assert words == f"hello {job} {address} node1 linux-{os.uname().machine} {os.environ['PATH']}"
    assert len(folders) == 2
    assert wrong == "wrong"
    assert farm.status(job) == "succeeded"


def test_a_job_fails_by_its_exit_code_or_by_a_signal(farm):
    jobs = [farm.submit("exit 3"), farm.submit("kill -9 $$"), farm.submit("kill -9 $PPID"), farm.submit("nonsense")]
    assert [farm.wait(job) for job in jobs] == ["failed"] * 4


def test_attributes(farm):
    job = farm.submit("echo PROGRESS: 3/10; exit 1", priority=3, tags=["x"], description="why", submittedBy="me")
    farm.wait(job)
    found = farm.proxy.getJob(job)
    expected = {"name": "a job", "priority": 3, "tags": ["x"], "description": "why", "submittedBy": "me", "cpus": 1}
    assert expected.items() <= found.items()
    assert found["progress"] == found["overallProgress"] == 0.3
    assert found["resources"] is None
    assert found["queueTime"] <= found["startTime"] <= found["endTime"] <= farm.proxy.getServerTime()
    assert [line.split()[-1] for line in found["logs"]] == ["queued", "runnable", "running", "failed"]
    assert set(farm.proxy.getJobs([job, 99], ["id", "status"])[0]) == {"id", "status"}
    assert len(farm.proxy.getJobs([job, 99])) == 1
    with pytest.raises(xmlrpc.client.Fault, match="there is no attribute colour"):
        farm.proxy.getJob(job, ["colour"])


def test_a_job_without_a_command_succeeds(farm):
    assert farm.wait(farm.submit()) == "succeeded"


def test_output_is_text_that_xml_can_carry(farm):
    job = farm.submit(r"printf 'caf\303\251 \033[1m \377 end'")
    assert farm.output(job) == "café \ufffd[1m \ufffd end"
    assert farm.proxy.getJobOutput(job, 3) == "end"
    assert farm.proxy.getJobOutput(job, 0) == farm.proxy.getJobOutput(job)


def test_scripts_after_the_command(farm):
    jobs = [farm.submit(command, onSuccess="echo well", onError="echo badly") for command in ("true", "false")]
    assert [farm.output(job) for job in jobs] == ["well\n", "badly\n"]
    assert [farm.status(job) for job in jobs] == ["succeeded", "failed"]


def test_a_job_has_as_many_tries_as_it_says(farm):
    job = farm.submit(f"echo >> {farm.folder}/tries; exit 1", triesLeft=2)
    assert farm.wait(job) == "failed"
    assert (farm.folder / "tries").read_text() == "\n" * 3
    assert farm.proxy.getJob(job, ["triesLeft"])["triesLeft"] == 0


def test_lists_json_and_both_paths(farm):
    specs = [{"name": "a"}, {"name": "b"}]
    assert farm.proxy.newjob(specs) == [1, 2]
    assert farm.proxy.newjob(json.dumps(specs)) == [3, 4]
    assert xmlrpc.client.ServerProxy(f"{farm.server.url}/").newjob(specs[0]) == [5]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"command": "true"}, "with a name"),
        ({"name": "a", "colour": "red"}, "colour is no property"),
        ({"name": "a", "cpus": "2"}, "cpus must be of type int"),
        ({"name": "a", "environment": {"N": 1}}, "must be variables that are strings"),
        ({"name": "a", "conditions": [{"type": "client", "name": "os", "op": "==", "value": "x"}]}, "is no condition"),
        ({"name": "a", "children": [{}]}, "with a name"),
        ({"name": "a", "childrenIds": [7]}, "there is no job 7"),
        ('{"name": "a", "priority": 2147483648}', "int exceeds XML-RPC limits"),
        ('{"name": "a\\u0000"}', "a character that no command can have"),
        ('{"name"', "no JSON"),
    ],
)
def test_a_wrong_specification_is_refused(farm, spec, message):
    with pytest.raises(xmlrpc.client.Fault, match=message):
        farm.proxy.newjob([{"name": "good"}, spec] if isinstance(spec, dict) else spec)
    assert farm.proxy.getUnfinishedRootJobIds() + farm.proxy.getFinishedRootJobIds() == []


def test_no_int_has_more_than_32_bits(farm):
    body = xmlrpc.client.dumps(({"name": "a", "resources": {"bytes": 1}},), "newjob")
    body = body.replace("<int>1</int>", "<int>2147483648</int>")
    connection = http.client.HTTPConnection(farm.server.url.removeprefix("http://"))
    connection.request("POST", "/RPC2", body)
    assert b"int exceeds XML-RPC limits" in connection.getresponse().read()
    connection.close()


def test_unknown_calls_and_jobs_are_refused(farm):
    for call in (farm.proxy.getJobStatus, farm.proxy.getJob, farm.proxy.getJobOutput):
        with pytest.raises(xmlrpc.client.Fault):
            call(1)
    with pytest.raises(xmlrpc.client.Fault):
        farm.proxy.cancelJobs(1)


def test_names_of_statuses_cover_all(farm):
    proxy = farm.proxy
    assert proxy.ping() is True
    assert isinstance(proxy.getVersion(), str)
    assert proxy.getServerErrors() == {}
    finished, unfinished = proxy.getFinishedJobStatusNames(), proxy.getUnfinishedJobStatusNames()
    assert sorted(finished + unfinished) == proxy.getAllJobStatusNames()
    assert set(proxy.getSucceededStatusNames() + proxy.getFailedJobStatusNames()) == set(finished)
    waiting, running, paused = (
        getattr(proxy, f"get{name}JobStatusNames")() for name in ("Waiting", "Running", "Paused")
    )
    assert set(waiting + running + paused) <= set(unfinished)


# Families


def test_a_parent_waits_for_its_children(farm):
    child, hold = farm.held()
    order = farm.folder / "order"
    specified = {"name": "b", "command": f"echo b >> {order}"}
    parent = farm.submit(f"echo parent >> {order}", None, [child], children=[specified], submittedBy="me")
    farm.wait(3)
    farm.wait(parent, "queued")
    family = farm.proxy.getJob(parent, ["children", "waitingFor"])
    assert family == {"children": [child, 3], "waitingFor": "child jobs"}
    assert farm.proxy.getJob(3, ["parents", "submittedBy"]) == {"parents": [parent], "submittedBy": "me"}
    assert farm.proxy.getUnfinishedRootJobIds() == [parent]
    hold.unlink()
    assert farm.wait(parent) == "succeeded"
    assert order.read_text() == "b\nparent\n"
    assert farm.proxy.getFinishedRootJobIds() == [parent]


def test_a_parent_fails_with_a_child(farm):
    parent = farm.submit("echo never", children=[{"name": "bad", "command": "false"}, {"name": "good"}])
    assert farm.wait(parent) == "failed"
    assert farm.output(parent) == ""


def test_a_running_job_may_get_children(farm):
    job, hold = farm.held()
    farm.wait(job, "running")
    child, child_hold = farm.held()
    other = farm.proxy.newjob({"name": "b", "childrenIds": [child]}, str(job))[0]  # as a job knows itself by JOBID
    hold.unlink()
    farm.wait(job, "queued")
    child_hold.unlink()
    assert farm.wait(job) == "succeeded"
    with pytest.raises(xmlrpc.client.Fault, match="has finished"):
        farm.submit("", other)


def test_nobody_is_above_and_below(farm):
    parent, _ = farm.held()
    child = farm.submit("sleep 60", parent)
    with pytest.raises(xmlrpc.client.Fault, match="above and below"):
        farm.submit("", child, [parent])


# Clients


def condition(name, op, value):
    return {"conditions": [{"type": "client", "name": name, "op": op, "value": value}]}


def test_conditions_choose_the_client(tmp_path):
    with started(tmp_path, clients=["node1:4:linux", "node2/big:4:linux+gpu", "node3:4"]) as farm:
        cases = {
            ("hostname", "==", "node3"): "node3",
            ("hostname", "in", "node7, node2"): "node2",
            ("hostname", "any", "node1,node7"): "node1",
            ("hostname:name", "==", "node2:big"): "node2",
            ("hostname:name", "in", "node3:"): "node3",
            ("group", "==", "gpu"): "node2",
            ("group", "not_in", "linux,gpu"): "node3",
        }
        jobs = {farm.submit("true", **condition(*case)): host for case, host in cases.items()}
        assert {job: farm.runs_at(job) for job in jobs} == jobs
        both = condition("group", "==", "linux")["conditions"] + condition("group", "!=", "gpu")["conditions"]
        assert farm.runs_at(farm.submit("true", conditions=both)) == "node1"
        assert farm.runs_at(farm.submit("true", host="node3")) == "node3"
        parent = farm.submit(children=[{"name": "child", "command": "true"}], **condition("hostname", "==", "node3"))
        assert farm.runs_at(parent + 1) == "node3"  # as its root has it
        nowhere = farm.submit("true", **condition("group", "==", "windows"))
        assert farm.wait(nowhere, "runnable")
        named = farm.proxy.getClientByName("node2:big")
        names = {group["id"]: group["name"] for group in farm.proxy.getClientGroups()}
        assert (named["label"], [names[group] for group in named["groups"]]) == ("node2:big", ["linux", "gpu"])
        assert farm.proxy.getClients([3], ["hostname"]) == [{"hostname": "node3"}]


def test_priority_and_cpus(tmp_path):
    with started(tmp_path, clients=["node1:2"]) as farm:
        first, hold = farm.held(cpus=2)
        farm.wait(first, "running")
        order = tmp_path / "order"
        jobs = [farm.submit(f"echo {priority} >> {order}", priority=priority, cpus=2) for priority in (0, 5, 0, 9)]
        farm.wait(jobs[0], "runnable")
        hold.unlink()
        assert {farm.wait(job) for job in jobs} == {"succeeded"}
        assert order.read_text().split() == ["9", "5", "0", "0"]
        assert farm.wait(farm.submit("true", cpus=3), "runnable")


def test_tags_keep_jobs_apart(tmp_path):
    with started(tmp_path, clients=["node1:4"]) as farm:
        first, hold = farm.held(tags=["single:1", "red"])
        farm.wait(first, "running")
        same, _ = farm.held(tags=["single:1"])
        other, other_hold = farm.held(tags=["single:2", "red"])
        dedicated, dedicated_hold = farm.held(tags=["single"])
        farm.wait(other, "running")
        assert {farm.status(job) for job in (same, dedicated)} == {"runnable"}
        farm.proxy.cancelJobs([same])
        farm.wait(same)
        hold.unlink()
        other_hold.unlink()
        farm.wait(dedicated, "running")
        late = farm.submit("true")
        farm.wait(late, "runnable")
        dedicated_hold.unlink()
        assert farm.wait(late) == "succeeded"


def test_resources_are_shared(tmp_path):
    with started(tmp_path, resources=["licence=2"]) as farm:
        first, hold = farm.held(resources={"licence": 2})
        farm.wait(first, "running")
        assert farm.proxy.getResources() == [{"id": 1, "name": "licence", "amount": 2, "used": 2}]
        second, unknown = farm.submit("true", resources={"licence": 1}), farm.submit("true", resources={"other": 1})
        assert farm.wait(farm.submit("true")) == "succeeded"
        assert farm.status(second) == "runnable"
        hold.unlink()
        assert farm.wait(second) == "succeeded"
        assert farm.status(unknown) == "runnable"


# Orders


def test_cancelling_kills_all_processes(farm):
    numbers = farm.folder / "numbers"
    job = farm.submit(f"(echo $BASHPID >> {numbers}; {STUBBORN}) & echo $$ >> {numbers}; sleep 60")
    processes = until(lambda: len(written(numbers)) == 2 and written(numbers))
    assert farm.proxy.cancelJobs([job]) is None
    assert farm.wait(job) == "cancelled"
    until(lambda: not any(alive(process) for process in processes))
    assert farm.proxy.getJobOutput(job) == "started\n"


def test_cancelling_goes_for_waiting_jobs_and_children(tmp_path):
    with started(tmp_path, clients=["node1:1"]) as farm:
        parent = farm.submit("true", children=[{"name": name, "command": "sleep 60"} for name in "ab"])
        farm.wait(parent + 1, "running")
        farm.proxy.cancelJobs([parent])
        assert [farm.wait(job) for job in range(parent, parent + 3)] == ["cancelled"] * 3
        assert farm.wait(farm.submit("true")) == "succeeded"  # the client is free again
        farm.proxy.cancelJobs([4, 99])
        assert farm.status(4) == "succeeded"


def test_a_job_that_takes_too_long_is_cancelled(farm):
    assert farm.wait(farm.submit("sleep 60", maxTime=0)) == "cancelled"


def test_deleting(farm):
    job, hold = farm.held()
    done = farm.submit("true")
    process = farm.submit(f"echo $$ > {farm.folder}/number; sleep 60")
    (number,) = written(farm.folder / "number")
    farm.wait(done)
    farm.proxy.deleteJobs([done, process])
    until(lambda: farm.proxy.getJobs([job, done, process], ["id"]) == [{"id": job}])
    until(lambda: not alive(number))
    assert farm.submit() == process + 1


def test_pausing(farm):
    job, hold = farm.held()
    waiting = farm.submit("true", None, [job])
    farm.wait(job, "running")
    farm.proxy.pauseJobs([waiting])  # and its child
    farm.wait(job, "paused")
    farm.wait(waiting, "paused")
    hold.unlink()
    farm.proxy.resumeJobs([waiting])
    assert [farm.wait(job), farm.wait(waiting)] == ["succeeded"] * 2
    log = [line.split()[-1] for line in farm.proxy.getJob(job, ["logs"])["logs"]]
    assert log[2:] == ["running", "pausing", "paused", "resuming", "running", "succeeded"]


def test_a_paused_job_can_be_cancelled(farm):
    number = farm.folder / "number"
    job = farm.submit(f"echo $$ > {number}; sleep 60")
    (process,) = written(number)
    farm.proxy.pauseJobs([job])
    farm.wait(job, "paused")
    farm.proxy.cancelJobs([job])
    assert farm.wait(job) == "cancelled"
    until(lambda: not alive(process))


def test_rescheduling_takes_parents_and_failed_children(farm):
    flag = farm.folder / "flag"
    children = [{"name": "bad", "command": f"test -e {flag}"}, {"name": "good", "command": "true"}]
    parent = farm.submit("true", children=children)
    assert farm.wait(parent) == "failed"
    farm.wait(parent + 2)
    flag.touch()
    farm.proxy.rescheduleJobs([parent])
    assert farm.wait(parent, "succeeded")
    assert farm.status(parent + 1) == "succeeded"
    starts = [str(farm.proxy.getJob(job, ["logs"])["logs"]).count("running") for job in (parent + 1, parent + 2)]
    assert starts == [2, 1]


def test_ejecting_lets_a_job_start_again(farm):
    numbers = farm.folder / "numbers"
    job = farm.submit(f"echo $$ >> {numbers}; sleep 60")
    (first,) = written(numbers)
    farm.proxy.ejectJobs([job])
    until(lambda: len(written(numbers)) == 2)
    assert not alive(first)
    farm.wait(job, "running")


# Things that go wrong


def test_a_silent_client_leaves_its_jobs_abandoned(tmp_path):
    with started(tmp_path, clients=["node1:1", "node2:1"], active_timeout=0.2) as farm:
        jobs = dict(farm.held(**condition("hostname", "==", "node1"), cpus=0) for _ in range(3))
        running, ending, cancelled = jobs
        for job in jobs:
            farm.wait(job, "running")
        farm.proxy.fault_silence("node1", True)
        assert {farm.wait(job) for job in jobs} == {"abandoned"}
        assert farm.runs_at(farm.submit("true")) == "node2"
        jobs[ending].unlink()
        farm.proxy.cancelJobs([cancelled])
        farm.wait(cancelled, "cancelled")
        assert farm.status(ending) == "abandoned"
        farm.proxy.fault_silence("node1", False)
        farm.wait(running, "running")
        farm.wait(ending, "succeeded")
        jobs[running].unlink()
        farm.wait(running, "succeeded")
        until(lambda: farm.proxy.getClientByName("node1", ["runningJobs"]) == {"runningJobs": []})


def test_a_dropped_call_was_executed_and_a_refused_one_was_not(farm):
    newjob = Call(farm, "newjob")
    farm.proxy.fault_drop(1)
    no_answer(newjob, {"name": "dropped"})
    farm.proxy.fault_refuse(2)
    no_answer(newjob, {"name": "refused"})
    no_answer(newjob, {"name": "refused"})
    assert farm.submit() == 2
    assert farm.proxy.fault_calls() == {"newjob": 2}


def test_a_slow_call(farm):
    farm.proxy.fault_slow(0.3)
    start = time.monotonic()
    farm.proxy.ping()
    assert time.monotonic() - start >= 0.3
    farm.proxy.fault_slow(0)


def test_a_strange_status_lasts_until_it_is_cleared_or_the_job_ends(farm):
    job, hold = farm.held()
    farm.wait(job, "running")
    farm.proxy.fault_status(job, "pondering")
    assert farm.status(job) == "pondering"
    assert farm.proxy.getJobIdsByStatus(["running"]) == []
    farm.proxy.fault_status(job, None)
    assert farm.status(job) == "running"
    farm.proxy.fault_status(job, "failed")
    hold.unlink()
    farm.wait(job, "succeeded")


# Restarts


def test_jobs_live_through_a_kill_of_the_server(farm):
    kept = farm.submit("echo kept")
    farm.wait(kept)
    ids = [farm.held() for _ in range(3)]
    (running, hold), (ending, end), (failing, fail) = ids
    bad = farm.submit(f"while [ -e {fail} ]; do sleep 0.02; done; exit 5")
    waiting = farm.submit("true", None, [running])
    for job in (running, ending, failing, bad):
        farm.wait(job, "running")
    url = farm.server.url
    farm.server.kill()
    end.unlink()
    fail.unlink()
    time.sleep(0.3)  # they end while there is no server
    farm.server.restart()
    assert farm.server.url == url
    assert [farm.wait(job) for job in (ending, failing, bad)] == ["succeeded", "succeeded", "failed"]
    assert farm.status(running) == "running"
    assert farm.output(kept) == "kept\n"
    hold.unlink()
    assert farm.wait(waiting) == "succeeded"
    assert farm.submit() == waiting + 1


def test_a_job_of_an_earlier_server_can_be_cancelled(farm):
    number = farm.folder / "number"
    job = farm.submit(f"echo $$ > {number}; {STUBBORN}")
    (process,) = written(number)
    farm.server.restart()
    farm.wait(job, "running")
    farm.proxy.cancelJobs([job])
    assert farm.wait(job) == "cancelled"
    until(lambda: not alive(process))


def test_kills_at_any_moment_let_every_job_run_once(farm):
    runs = farm.folder / "runs"
    jobs = []
    for pause in (0, 0.005, 0.01, 0.03):
        jobs += farm.proxy.newjob([{"name": "a", "command": f"echo $JOBID >> {runs}"} for _ in range(6)])
        time.sleep(pause)
        farm.server.restart()
    assert {farm.wait(job) for job in jobs} == {"succeeded"}
    assert sorted(map(int, runs.read_text().split())) == jobs == list(range(1, 25))


@pytest.mark.parametrize("killed", [False, True])
def test_the_end_takes_all_processes_along(tmp_path, killed):
    number = tmp_path / "number"
    with started(tmp_path) as farm:
        farm.submit(f"sleep 60 & echo $! $$ > {number}; wait")
        processes = until(lambda: len(written(number)) == 2 and written(number))
        if killed:
            farm.server.kill()
    until(lambda: not any(alive(process) for process in processes))

"""The client: what counts as no answer, and how long it waits for one."""

import socket
import time

import pytest
from snakemake_executor_plugin_hqueue.server import Server, ServerAway, server_url
from snakemake_interface_common.exceptions import WorkflowError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hqueue", "http://hqueue:5000"),
        ("hqueue:5001", "http://hqueue:5001"),
        ("http://hqueue", "http://hqueue"),
        ("https://hqueue/farm", "https://hqueue/farm"),
    ],
)
def test_a_host_will_do_for_a_url(text, expected):
    assert server_url(text) == expected


@pytest.mark.parametrize("text", ["", "ftp://hqueue", "http://", "hqueue:port", "hqueue:99999"])
def test_a_bad_url_is_refused(text):
    with pytest.raises(WorkflowError, match="--hqueue-server is .*, but must be the URL"):
        server_url(text)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_nobody_there():
    with pytest.raises(WorkflowError, match=r"--hqueue-server\) does not answer .*Connection refused"):
        Server(f"http://127.0.0.1:{free_port()}", 5).connect()


def test_somebody_else_there(farm):
    farm.html = True
    with pytest.raises(WorkflowError, match="what came is no XML-RPC answer"):
        Server(farm.url, 5).connect()


def test_another_xmlrpc_server_there(farm):
    farm._dispatch = lambda method, arguments: 1
    with pytest.raises(WorkflowError, match="does not answer as one"):
        Server(farm.url, 5).connect()


def test_a_silent_server_is_left_after_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        with pytest.raises(ServerAway, match="timed out") as error:
            Server(f"http://127.0.0.1:{silent.getsockname()[1]}", 0.2).call("ping")
        assert time.monotonic() - start < 2
        assert error.value.late


def test_a_dropped_call_is_not_repeated(farm, server):
    farm.drop = 1
    with pytest.raises(ServerAway) as error:
        server.submit([{"name": "a"}])
    assert not error.value.late
    assert farm.calls == ["newjob"]
    assert len(farm.jobs) == 1


def test_statuses_take_one_call(farm, server):
    ids = server.submit([{"name": "a"}, {"name": "b"}])
    farm.calls.clear()
    assert server.statuses(ids) == {1: "runnable", 2: "runnable"}
    assert farm.calls == ["getJobs"]


def test_a_job_that_is_gone_does_not_hide_the_others(farm, server):
    server.submit([{"name": "a"}, {"name": "b"}])
    del farm.jobs[1]
    assert server.statuses([1, 2]) == {2: "runnable"}
    assert server.statuses([1]) == {}


def test_fewer_ids_than_jobs_are_no_answer(farm, server):
    farm.on_newjob = lambda specifications: []
    with pytest.raises(ServerAway, match="it answered"):
        server.submit([{"name": "a"}])


@pytest.mark.parametrize(
    ("told", "expected"),
    [([3], ["node3"]), (["node1"], ["node1"]), ([{"name": "c"}], ["c"]), ([{"hostname": "h", "name": "c"}], ["h"])],
)
def test_machines_are_named_however_the_server_tells_them(farm, server, told, expected):
    server.submit([{"name": "a"}])
    farm.jobs[1]["clients"] = told
    assert server.machines(1) == expected

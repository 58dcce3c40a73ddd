"""The client: what counts as no answer, and how long it waits for one."""

import socket

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


@pytest.mark.parametrize("text", ["ftp://hqueue", "http://", "hqueue:port", "hqueue:0"])
def test_a_bad_url_is_refused(text):
    with pytest.raises(WorkflowError, match="--hqueue-server is .*, but must be the URL"):
        server_url(text)


@pytest.mark.parametrize("page", [b"<html>welcome</html>", b"<p>welcome"])
def test_somebody_else_there(farm, page):
    farm.server._marshaled_dispatch = lambda *_: page

    with pytest.raises(WorkflowError, match=r"--hqueue-server\) does not answer .*what came is no XML-RPC answer"):
        Server(farm.url, 5).connect()


def test_a_silent_server_is_left_after_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = Server(f"http://127.0.0.1:{silent.getsockname()[1]}", 0.2)

        with pytest.raises(ServerAway, match="timed out") as error:
            server.call("ping")

    assert error.value.late


def test_statuses_take_one_call_and_a_job_that_is_gone_does_not_hide_the_others(farm, server):
    farm.on_newjob([{"name": "a"}, {"name": "b"}])
    both, calls = server.statuses([1, 2]), list(farm.calls)

    del farm.jobs[1]

    assert (both, calls) == ({1: "runnable", 2: "runnable"}, ["getJobs"])
    assert (server.statuses([1, 2]), server.statuses([1])) == ({2: "runnable"}, {})


def test_fewer_ids_than_jobs_are_no_answer(farm, server):
    farm.on_newjob = lambda specifications: []

    with pytest.raises(ServerAway, match="it answered"):
        server.submit([{"name": "a"}])


@pytest.mark.parametrize(
    ("told", "expected"),
    [([3], ["node3"]), (["node1", {"name": "c"}, {"hostname": "h", "name": "d"}], ["node1", "c", "h"])],
)
def test_machines_are_named_however_the_server_tells_them(farm, server, told, expected):
    farm.jobs[1] = {"clients": told}

    assert server.machines(1) == expected

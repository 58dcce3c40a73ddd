"""A server of a few calls, in a thread, that can also misbehave."""

import contextlib
import socket
import socketserver
import threading
import time
import xmlrpc.client
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

import pytest
from snakemake_executor_plugin_hqueue.server import Server

STATUSES = {
    "getSucceededStatusNames": ["succeeded"],
    "getFailedJobStatusNames": ["failed", "cancelled", "abandoned"],
    "getFinishedJobStatusNames": ["succeeded", "failed", "cancelled", "abandoned"],
    "getUnfinishedJobStatusNames": ["runnable", "running"],
}


class Handler(SimpleXMLRPCRequestHandler):
    """Executes a call, and then drops the connection without an answer if it is told to."""

    def send_response(self, *arguments):
        if self.server.farm.drop:
            self.server.farm.drop -= 1
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        super().send_response(*arguments)


class QuietServer(socketserver.ThreadingMixIn, SimpleXMLRPCServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class Farm:
    """Jobs that never run: ``jobs`` is id -> specification with status, ``calls`` the names of all calls."""

    def __init__(self):
        self.jobs, self.calls = {}, []
        self.drop, self.slow, self.refused, self.status = 0, 0, None, "runnable"
        self.server = QuietServer(("127.0.0.1", 0), Handler, logRequests=False, allow_none=True)
        self.server.farm = self
        self.server.register_instance(self)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    def _dispatch(self, method, arguments):
        self.calls.append(method)
        return STATUSES.get(method) or getattr(self, f"on_{method}")(*arguments)

    def on_newjob(self, specifications):
        slow, self.slow = self.slow, 0
        time.sleep(slow)
        if any(spec["name"] == self.refused for spec in specifications):
            raise xmlrpc.client.Fault(1, "bad job")
        new = range(len(self.jobs) + 1, len(self.jobs) + 1 + len(specifications))
        self.jobs |= {number: spec | {"status": self.status} for number, spec in zip(new, specifications, strict=True)}
        return list(new)

    def on_getJobs(self, ids, attributes):
        if missing := set(ids) - set(self.jobs):
            raise xmlrpc.client.Fault(2, f"no job {missing}")
        return [{name: value for name, value in {"id": i, **self.jobs[i]}.items() if name in attributes} for i in ids]

    def on_getJobIdsByStatus(self, statuses):
        return [number for number, job in self.jobs.items() if job["status"] in statuses]

    def on_getJobOutput(self, number, characters):
        return self.jobs[number]["output"][-characters:]

    def on_getClients(self, ids, attributes):
        return [{"hostname": f"node{number}", "name": "client"} for number in ids]


@pytest.fixture
def farm():
    farm = Farm()
    yield farm
    farm.server.shutdown()
    farm.server.server_close()


@pytest.fixture
def server(farm):
    server = Server(farm.url, 5)
    server.connect()
    farm.calls.clear()
    return server

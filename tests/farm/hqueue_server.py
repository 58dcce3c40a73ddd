"""HQueue, SideFX's farm manager, is proprietary: this is a stand-in for its server, from its public documentation.

It speaks XML-RPC as HQueue does and really runs the commands, on clients that are simulated by processes of this
machine. It is for tests of programs that submit jobs. It knows the calls in hqueue_calls.py and the
properties in hqueue_specs.py; it refuses what it does not know, so that a test shows it.

Where the documentation is silent, the stand-in decides:

- ``clients`` of a job are ids, ``logs`` are strings, ``resources`` of the farm have id, name, amount and used;
- newjob returns the ids of the jobs that it was given, without those of their ``children``;
- a cancelled job says so at once, and keeps its client until its processes have gone;
- a job that is deleted before it has finished is cancelled, and not shown from then on (HQueue's web pages delete
  finished jobs only; of the call, nothing is said);
- ejecting ends a job's processes and lets it wait again; a job runs in the folder of its client;
- jobs go to the client with most free cpus; a lower priority may pass a job that finds no client;
- getJob and getJobOutput of an unknown job are refused; getJobs leaves it out, and the orders ignore it.

Not here: several clients for a job, onCancel, onChildError, e-mail (its properties are taken and ignored), notes,
resources by machine, permissions, the web pages.

The calls ``fault_...`` are not HQueue's. They let things go wrong, and are themselves neither counted nor disturbed:

- ``fault_slow(seconds)``: every call waits so long before it is executed; 0 ends that;
- ``fault_drop(n)``: the next n calls are executed, but get no answer (Python's ServerProxy then asks once more);
- ``fault_refuse(n)``: the next n calls get no answer and are not executed;
- ``fault_silence(hostname, silent)``: the heartbeats of the clients there fail to arrive, and no order reaches them;
- ``fault_status(id, name)``: the job's status is said to be *name*, until it is None or the job ends;
- ``fault_calls()``: how often each call was executed, since the server started.
"""

import argparse
import collections
import contextlib
import signal
import socketserver
import subprocess
import sys
import threading
import time
import xmlrpc.client
import xmlrpc.server
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the folder of `farm`, when this runs as a program

from farm import hqueue_processes as processes
from farm.hqueue_calls import Calls
from farm.hqueue_clients import Client
from farm.hqueue_farm import Farm
from farm.hqueue_specs import BadRequest, refuse_big_ints

START_SECONDS = 20


class Faults:
    """The calls that are not HQueue's: see the top of this file."""

    def __init__(self, farm):
        self._farm, self.seconds, self.drops, self.refusals = farm, 0, 0, 0
        self.calls = collections.Counter()

    def fault_slow(self, seconds):
        self.seconds = seconds

    def fault_drop(self, n):
        self.drops = n

    def fault_refuse(self, n):
        self.refusals = n

    def fault_silence(self, hostname, silent):
        clients = [client for client in self._farm.clients.values() if client.hostname == hostname]
        if not clients:
            raise BadRequest(f"there is no client {hostname}")
        for client in clients:
            client.silent = silent

    def fault_status(self, job_id, name):
        job = self._farm.jobs[job_id]
        job.reported = name
        self._farm.jobs.save(job)

    def fault_calls(self):
        return dict(self.calls)


class NoAnswer(BaseException):
    """The connection is to be closed: no Exception, which the library would answer with status 500."""


class Handler(xmlrpc.server.SimpleXMLRPCRequestHandler):
    rpc_paths = ("/", "/RPC2")

    def do_POST(self):
        with contextlib.suppress(NoAnswer):
            super().do_POST()


class Server(socketserver.ThreadingMixIn, xmlrpc.server.SimpleXMLRPCServer):
    """Answers calls, a thread for each."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Handler, logRequests=False, allow_none=True)
        self.farm = self._calls = self._faults = None

    def serve(self, farm):
        self.farm, self._calls, self._faults = farm, Calls(farm), Faults(farm)
        self.serve_forever(poll_interval=0.05)

    def _marshaled_dispatch(self, data, dispatch_method=None, path=None):
        try:
            arguments, name = xmlrpc.client.loads(data)
            answer = (self._answer(name, arguments),)
        except BadRequest as error:
            answer = xmlrpc.client.Fault(1, str(error))
        except Exception as error:
            answer = xmlrpc.client.Fault(1, f"{type(error).__name__}: {error}")
        return xmlrpc.client.dumps(answer, methodresponse=True, allow_none=True).encode()

    def _answer(self, name, arguments):
        faults = self._faults
        if name.startswith("fault_"):
            return self._execute(faults, name, arguments)
        with self.farm.lock:
            refused, dropped = faults.refusals > 0, not faults.refusals and faults.drops > 0
            faults.refusals -= refused
            faults.drops -= dropped
        if refused:
            raise NoAnswer
        time.sleep(faults.seconds)
        try:
            return self._execute(self._calls, name, arguments)
        finally:
            if dropped:
                raise NoAnswer

    def _execute(self, calls, name, arguments):
        function = None if name.startswith("_") else getattr(type(calls), name, None)
        if function is None:
            raise BadRequest(f"method {name} is not supported")
        refuse_big_ints(arguments)
        with self.farm.lock:
            if calls is self._calls:
                self._faults.calls[name] += 1
            return function(calls, *arguments)


def main(argv=None):
    parser = argparse.ArgumentParser(description="A stand-in for SideFX's HQueue server.")
    parser.add_argument("--port", type=int, default=5000, help="0: any that is free; the URL is printed")
    parser.add_argument("--folder", type=Path, required=True, help="where its state lies")
    parser.add_argument("--clients", nargs="+", default=["node1:4"], help="host[/name]:cpus[:group+group]")
    parser.add_argument("--resource", action="append", default=[], help="name=amount that all jobs share; repeatable")
    parser.add_argument("--active-timeout", type=float, default=300, help="seconds of silence that are forgiven")
    flags = parser.parse_args(argv)
    clients = [Client.parse(number, text) for number, text in enumerate(flags.clients, 1)]
    amounts = (text.partition("=") for text in flags.resource)
    resources = {name: int(amount) for name, _, amount in amounts}
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with Server(flags.port) as server:
        address = f"127.0.0.1:{server.server_address[1]}"
        farm = Farm(flags.folder, clients, resources, flags.active_timeout, address)
        try:
            farm.start()
            threading.Thread(target=server.serve, args=[farm], daemon=True).start()
            print(f"http://{address}", flush=True)
            while True:
                signal.pause()
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            farm.stop()
            server.shutdown()


class RunningServer:
    """A server in a process of its own.

    Attributes
    ----------
    url : str
    proxy : xmlrpc.client.ServerProxy
        To call it, from one thread.
    process : subprocess.Popen
    """

    def __init__(self, folder, port, arguments):
        self.folder, self.port, self._arguments = Path(folder), port, arguments
        self.folder.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self):
        command = [sys.executable, __file__, "--folder", self.folder, "--port", str(self.port), *self._arguments]
        with open(self.folder / "server.log", "a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"the server did not start:\n{(self.folder / 'server.log').read_text()}")
        self.port = int(self.url.rpartition(":")[2])
        self.proxy = xmlrpc.client.ServerProxy(self.url, allow_none=True)

    def kill(self):
        """Kill the server (-9): the jobs go on."""
        self.process.kill()
        self._wait()

    def restart(self):
        """Start it again with the same state and port; kill it before if it runs."""
        self.kill()
        self.start()

    def stop(self):
        """Stop the server, and what it has started."""
        self.process.terminate()
        self._wait()
        processes.end_all(list(self.folder.glob("jobs/*")))  # where it was killed before

    def _wait(self):
        self.process.wait(START_SECONDS)
        self.process.stdout.close()


@contextlib.contextmanager
def running_server(folder, port=0, clients=(), resources=(), active_timeout=None):
    """Run a server; yields a `RunningServer`.

    Parameters
    ----------
    folder : path-like
        Its state, which it takes up if there is one.
    port : int
        0: any free one.
    clients : list of str
        Such as ``node1:8:gpu+linux``; none: one of 4 cpus.
    resources : list of str
        Such as ``licence=2``.
    active_timeout : float
        Seconds until the jobs of a silent client are abandoned.
    """
    arguments = ["--clients", *clients] if clients else []
    arguments += [f"--resource={resource}" for resource in resources]
    arguments += [] if active_timeout is None else [f"--active-timeout={active_timeout}"]
    server = RunningServer(folder, port, arguments)
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    main()

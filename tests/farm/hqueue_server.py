"""HQueue, SideFX's farm manager, is proprietary: this is a stand-in for its server, from its public documentation.

It speaks XML-RPC as HQueue does and really runs the commands, on clients that are simulated by processes of this
machine. It is for tests of programs that submit jobs. It knows the calls below and the properties in hqueue_jobs.py;
it refuses what it does not know, so that a test shows it.

Where the documentation is silent, the stand-in decides:

- ``clients`` of a job are ids;
- an order (cancelJobs, deleteJobs) is carried out soon after the call has returned;
- a cancelled job says so at once, and keeps its client until its processes have gone;
- a job that is deleted before it has finished is cancelled, and not shown from then on (HQueue's web pages delete
  finished jobs only; of the call, nothing is said);
- jobs go in the order of their ids to the client with most free cpus; a job runs in the folder of its client;
- getJobOutput of an unknown job is refused; getJobs leaves it out, and the orders ignore it.

Not here: families of jobs, pausing, rescheduling and ejecting, triesLeft, what priority and tags do (both are kept and
told), scripts after the command, HQueue's variables but JOBID, notes, e-mail, permissions, the web pages.

The calls ``fault_...`` are not HQueue's. They let things go wrong, and are themselves neither counted nor disturbed:

- ``fault_slow(seconds)``: every call waits so long before it is executed; 0 ends that;
- ``fault_silence(hostname, silent)``: the heartbeats of the clients there fail to arrive, and no order reaches them;
- ``fault_status(id, name)``: the job's status is said to be *name*, until the job ends;
- ``fault_calls()``: how often each call came, since the server started.
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

from farm import hqueue_jobs as jobs
from farm import hqueue_processes as processes
from farm.hqueue_farm import Client, Farm
from farm.hqueue_jobs import bad_request


class Calls:
    """HQueue's calls, by their own names."""

    def __init__(self, farm):
        self._farm, self._jobs = farm, farm.jobs

    def newjob(self, jobspec):
        return self._jobs.add(jobspec if isinstance(jobspec, list) else [jobspec])

    def getJobs(self, job_ids, attribs):
        return [_wanted(job.attributes, attribs) for job in self._jobs.shown(job_ids)]

    def getJobOutput(self, job_id, max_last_chars):
        found = self._jobs.shown([job_id])
        if not found:
            raise bad_request(f"there is no job {job_id}")
        return processes.output(self._farm.job_folder(found[0]))[-max_last_chars:]

    def getJobIdsByStatus(self, names):
        return [job.id for job in self._jobs.shown() if job.attributes["status"] in names]

    def cancelJobs(self, job_ids):
        self._farm.orders.append(("cancel", job_ids))

    def deleteJobs(self, job_ids):
        self._farm.orders.append(("delete", job_ids))

    def getAllJobStatusNames(self):
        return sorted([*jobs.FINISHED, *jobs.UNFINISHED])

    def getFinishedJobStatusNames(self):
        return list(jobs.FINISHED)

    def getSucceededStatusNames(self):
        return [jobs.SUCCEEDED]

    def getFailedJobStatusNames(self):
        return list(jobs.BAD)

    def getUnfinishedJobStatusNames(self):
        return list(jobs.UNFINISHED)

    def getClients(self, client_ids, attribs):
        clients = [self._farm.clients[number] for number in client_ids]
        return [_wanted({"id": client.id, "hostname": client.hostname, "name": ""}, attribs) for client in clients]


def _wanted(attributes, names):
    if unknown := set(names) - set(attributes):
        raise bad_request(f"there is no attribute {', '.join(sorted(unknown))}")
    return {name: attributes[name] for name in names}


class Faults:
    """The calls that are not HQueue's: see the top of this file."""

    def __init__(self, farm):
        self._farm, self.seconds, self.calls = farm, 0, collections.Counter()

    def fault_slow(self, seconds):
        self.seconds = seconds

    def fault_silence(self, hostname, silent):
        for client in self._farm.clients.values():
            if client.hostname == hostname:
                client.silent_since = time.time() if silent else None

    def fault_status(self, job_id, name):
        (job,) = self._farm.jobs.shown([job_id])
        job.reported = name
        self._farm.jobs.save(job)

    def fault_calls(self):
        return dict(self.calls)


class Server(socketserver.ThreadingMixIn, xmlrpc.server.SimpleXMLRPCServer):
    """Answers calls, a thread for each."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, port, farm):
        super().__init__(("127.0.0.1", port), logRequests=False, allow_none=True)
        self._farm, self._calls, self._faults = farm, Calls(farm), Faults(farm)

    def _dispatch(self, name, arguments):
        fault = name.startswith("fault_")
        function = None if name.startswith("_") else getattr(self._faults if fault else self._calls, name, None)
        if function is None:
            raise bad_request(f"method {name} is not supported")
        with self._farm.lock:
            self._faults.calls[name] += not fault
        time.sleep(0 if fault else self._faults.seconds)
        with self._farm.lock:
            return function(*arguments)


def main(argv=None):
    parser = argparse.ArgumentParser(description="A stand-in for SideFX's HQueue server.")
    parser.add_argument("--port", type=int, default=5000, help="0: any that is free; the URL is printed")
    parser.add_argument("--folder", type=Path, required=True, help="where its state lies")
    parser.add_argument("--clients", nargs="+", default=["node1:4"], help="host:cpus[:group+group]")
    parser.add_argument("--resource", action="append", default=[], help="name=amount that all jobs share; repeatable")
    parser.add_argument("--active-timeout", type=float, default=300, help="seconds of silence that are forgiven")
    flags = parser.parse_args(argv)
    clients = [Client.parse(number, text) for number, text in enumerate(flags.clients, 1)]
    resources = {name: int(amount) for name, _, amount in (text.partition("=") for text in flags.resource)}
    farm = Farm(flags.folder, clients, resources, flags.active_timeout)
    signal.signal(signal.SIGTERM, lambda *_: setattr(farm, "closed", True))
    with Server(flags.port, farm) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        farm.run()


class RunningServer:
    """A server in a process of its own, at *url*; *proxy* calls it, from one thread."""

    def __init__(self, folder, flags):
        self.folder, self._port, self._flags = Path(folder), 0, flags
        self.folder.mkdir(parents=True, exist_ok=True)
        self._start()

    def _start(self):
        command = [sys.executable, __file__, "--folder", self.folder, "--port", str(self._port), *self._flags]
        with open(self.folder / "server.log", "a") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"the server did not start:\n{(self.folder / 'server.log').read_text()}")
        self._port = int(self.url.rpartition(":")[2])
        self.proxy = xmlrpc.client.ServerProxy(self.url, allow_none=True)

    def kill(self):
        """Kill the server (-9): the jobs go on."""
        self._process.kill()
        self._wait()

    def restart(self):
        """Start it again with the same state and port; kill it before if it runs."""
        self.kill()
        self._start()

    def stop(self):
        """Stop the server, and end what it has started."""
        self._process.terminate()
        self._wait()
        processes.end_all(list(self.folder.glob("jobs/*")))

    def _wait(self):
        self._process.wait()
        self._process.stdout.close()


@contextlib.contextmanager
def running_server(folder, *flags):
    """Run a server with its state in *folder*, which it takes up if there is one; yields a `RunningServer`."""
    server = RunningServer(folder, flags)
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    main()

"""The HQueue server, asked over XML-RPC: every call ends in bounded time, and none is sent twice by itself."""

import http.client
import urllib.parse
import xmlrpc.client
from xml.parsers.expat import ExpatError

from snakemake_interface_common.exceptions import WorkflowError

PORT = 5000  # HQueue's own
ABANDONED, CANCELLED = "abandoned", "cancelled"
AT_ONCE = 1000  # jobs asked for in one call where any number may be there
NO_ANSWER = (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError, xmlrpc.client.ResponseError, ExpatError)


class ServerAway(Exception):
    """A call had no usable answer; the server may have executed it nevertheless, or be about to (*late*)."""

    def __init__(self, reason, late=False):
        super().__init__(reason)
        self.late = late


class Refused(ServerAway):
    """The server answered a call with an error."""


class _Transport(xmlrpc.client.Transport):
    """Connections that time out; a dropped one is an error, since a second newjob would make a second job."""

    def __init__(self, timeout):
        super().__init__()
        self._timeout = timeout

    def make_connection(self, host):
        connection = super().make_connection(host)
        connection.timeout = self._timeout
        return connection

    def request(self, host, handler, request_body, verbose=False):
        return self.single_request(host, handler, request_body, verbose)


class _SafeTransport(_Transport, xmlrpc.client.SafeTransport):
    """The same over https."""


def server_url(text):
    """Return the full URL of an HQueue server, where a host or host:port will do."""
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urllib.parse.urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise WorkflowError(
            f"--hqueue-server is {text!r}, but must be the URL of an HQueue server, such as http://hqueue:{PORT}."
        )
    return url if "://" in text or parts.port else f"{url}:{PORT}"


class Server:
    """One HQueue server.

    Parameters
    ----------
    url : str
        Such as ``http://hqueue:5000``.
    timeout : float
        Seconds that one call may take.
    """

    def __init__(self, url, timeout):
        self.url = server_url(url)
        self.timeout = timeout
        self.succeeded = self.finished = self.unfinished = frozenset()

    def call(self, method, *arguments):
        """Call the server and return its answer; raise ServerAway without a usable one."""
        kind = _SafeTransport if self.url.startswith("https:") else _Transport
        transport = kind(self.timeout)
        try:  # a connection for each call: two threads ask, and an old one may be dead after a restart of the server
            return getattr(xmlrpc.client.ServerProxy(self.url, transport, allow_none=True), method)(*arguments)
        except NO_ANSWER as error:
            raise ServerAway(_reason(error), late=isinstance(error, TimeoutError)) from error
        except xmlrpc.client.Fault as error:
            raise Refused(error.faultString) from error
        finally:
            transport.close()

    def connect(self):
        """Learn the names of the statuses and return the jobs that wait or run.

        Raises
        ------
        WorkflowError
            Nobody answers, or what answers is no HQueue server.
        """
        try:
            self.succeeded = frozenset(self.call("getSucceededStatusNames"))
            finished = [*self.call("getFinishedJobStatusNames"), *self.call("getFailedJobStatusNames")]
            self.finished = frozenset(finished) | self.succeeded
            self.unfinished = frozenset(self.call("getUnfinishedJobStatusNames")) - self.finished
            return self.unfinished_jobs()
        except (ServerAway, TypeError) as error:
            raise WorkflowError(
                f"The HQueue server {self.url} (--hqueue-server) does not answer as one ({error}): is it running, "
                "and is the URL right?"
            ) from None

    def submit(self, specifications):
        """Submit jobs and return their ids, in the same order."""
        ids = self.call("newjob", specifications)
        if not isinstance(ids, list) or len(ids) != len(specifications):
            raise ServerAway(f"it answered {ids!r} to {len(specifications)} new jobs")
        return ids

    def statuses(self, ids):
        """Return ``{id: status}``; a job that the server does not know is not in it."""
        try:
            jobs = self.call("getJobs", ids, ["id", "status"])
        except Refused:  # perhaps because of one that is gone: ask about those that are there
            there = set(self.call("getJobIdsByStatus", sorted(self.finished | self.unfinished)))
            there = [number for number in ids if number in there]
            jobs = self.call("getJobs", there, ["id", "status"]) if there else []
        return {job["id"]: job["status"] for job in jobs if job}

    def unfinished_jobs(self):
        """Return all jobs that wait or run, as dicts of id, name and tags."""
        return self._described(self.call("getJobIdsByStatus", sorted(self.unfinished)))

    def newest_jobs(self):
        """Return the jobs that wait or run, and the latest of the others: a short job may have ended already."""
        finished = sorted(self.call("getJobIdsByStatus", sorted(self.finished)))
        return self.unfinished_jobs() + self._described(finished[-AT_ONCE:])

    def _described(self, ids):
        jobs = []
        for first in range(0, len(ids), AT_ONCE):
            jobs += self.call("getJobs", ids[first : first + AT_ONCE], ["id", "name", "tags"])
        return [job for job in jobs if job]

    def cancel(self, ids):
        """Tell the server to cancel jobs, which it does in its own time."""
        self.call("cancelJobs", ids)

    def output(self, number, characters):
        """Return the last characters of a job's output."""
        return self.call("getJobOutput", number, characters) or ""

    def machines(self, number):
        """Return the names of the machines that a job was given to."""
        clients = [client for job in self.call("getJobs", [number], ["clients"]) for client in job["clients"] or []]
        numbers = [client for client in clients if isinstance(client, int)]
        if numbers:
            clients = self.call("getClients", numbers, ["hostname", "name"])
        return [client if isinstance(client, str) else client.get("hostname") or client["name"] for client in clients]


def _reason(error):
    """Return in a few words why there is no usable answer."""
    if isinstance(error, xmlrpc.client.ProtocolError):
        return f"HTTP status {error.errcode}, {error.errmsg}"
    if isinstance(error, (ExpatError, xmlrpc.client.ResponseError)):
        return "what came is no XML-RPC answer"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__

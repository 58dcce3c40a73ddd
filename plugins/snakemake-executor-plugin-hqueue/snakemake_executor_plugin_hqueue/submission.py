"""Jobs are submitted once, whatever happens to the answers, and for a limited time."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from snakemake_executor_plugin_hqueue.marks import tags
from snakemake_executor_plugin_hqueue.server import Refused, ServerAway

IN_ONE_CALL = 100
FIRST_PAUSE, LONGEST_PAUSE = 1, 15  # seconds between two tries


class GaveUp(Exception):
    """The server was away for longer than the user would wait."""


class Patience:
    """How long the server has been away.

    Parameters
    ----------
    url : str
        Named in messages.
    seconds : float
        How long to wait for it.
    warn : callable
        Called with a sentence when the server stops answering, and when it answers again.
    """

    def __init__(self, url, seconds, warn):
        self._url, self._seconds, self._warn = url, seconds, warn
        self._since = None

    def answered(self):
        """Note that the server has answered."""
        if self._since is not None:
            self._warn(f"The HQueue server {self._url} answers again, after {self._away():.0f} s.")
            self._since = None

    def missed(self, error):
        """Note that it has not; raise GaveUp when that has lasted too long."""
        if self._since is None:
            self._since = time.monotonic()
            if self._seconds:
                self._warn(
                    f"The HQueue server {self._url} does not answer ({error}): waiting up to {self._seconds} s for it."
                )
        if self._away() >= self._seconds:
            raise GaveUp(
                f"The HQueue server {self._url} has not answered for {self._away():.0f} s ({error}), and "
                f"--hqueue-patience is {self._seconds} s: jobs that it has go on there, and the same command takes "
                "them up again."
            )

    def _away(self):
        return time.monotonic() - self._since


class Submitter:
    """Submits jobs, and knows the ids of all that have not ended."""

    def __init__(self, server, patience):
        self.open = set()
        self._server, self._patience = server, patience
        self._unanswered = {}
        self._stopped = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self._running = None

    def submit(self, specifications):
        """Submit jobs; return ``{tag: id}``, with a sentence in place of the id of a job that was refused.

        The work is done in a thread, so that Ctrl-C interrupts the wait for it and not a call half way.

        Parameters
        ----------
        specifications : dict
            Tag -> specification.
        """
        self._running = self._thread.submit(self._submit_all, specifications)
        return self._running.result()

    def stop(self):
        """Stop submitting, soon: after the call that is under way."""
        self._stopped.set()

    def all_open(self):
        """Stop; return the ids of all jobs that have not ended, with those whose submission was not answered."""
        self.stop()
        if self._running is not None:
            self._running.exception()
        if self._unanswered:
            with contextlib.suppress(ServerAway):
                self._look_for(self._unanswered)
        return sorted(self.open)

    def _submit_all(self, specifications):
        outcome, items = {}, list(specifications.items())
        for first in range(0, len(items), IN_ONE_CALL):
            outcome |= self._submit(dict(items[first : first + IN_ONE_CALL]))
        return outcome

    def _submit(self, specifications):
        outcome, pause, lost, singly = {}, FIRST_PAUSE, False, False
        while (missing := _without(specifications, outcome)) and not self._stopped.is_set():
            batch = dict([*missing.items()][:1]) if singly else missing
            try:
                if lost:
                    outcome |= self._look_for(missing)
                    lost = False
                    continue
                self._unanswered |= batch
                outcome |= self._opened(zip(batch, self._server.submit([*batch.values()]), strict=True))
            except ServerAway as error:
                if isinstance(error, Refused) and not lost:  # one of them is wrong: which, the others tell
                    if len(batch) == 1:
                        outcome |= dict.fromkeys(batch, f"The HQueue server refused the job: {error}.")
                    lost, singly = len(batch) > 1, True
                    continue
                self._patience.missed(error)
                # A call that took too long may still be under way there: it must have ended before we look.
                self._stopped.wait(max(pause, self._server.timeout) if error.late else pause)
                pause, lost = min(2 * pause, LONGEST_PAUSE), True
        if not missing:
            self._patience.answered()
        self._unanswered = _without(self._unanswered, outcome)
        return outcome

    def _look_for(self, wanted):
        """Return ``{tag: id}`` of those *wanted* tags that jobs on the server have."""
        return self._opened(
            (tag, job["id"]) for job in self._server.newest_jobs() for tag in tags(job) if tag in wanted
        )

    def _opened(self, pairs):
        """Note the ids of (tag, id) *pairs* as those of open jobs; return the pairs as a dict."""
        outcome = dict(pairs)
        self.open |= set(outcome.values())
        return outcome


def _without(specifications, outcome):
    return {tag: specification for tag, specification in specifications.items() if tag not in outcome}

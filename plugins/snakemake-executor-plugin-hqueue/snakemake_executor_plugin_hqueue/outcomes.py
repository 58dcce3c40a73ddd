"""What to tell about a job that did not succeed."""

from snakemake_executor_plugin_hqueue.server import ABANDONED, CANCELLED, ServerAway


def failure(server, number, status, minutes, characters):
    """Return a message about a job that failed; its details are left out where the server does not tell them.

    Parameters
    ----------
    server : Server
        Asked for the output and the machine.
    number : int
        The job's id.
    status : str or None
        None: the server does not know the job any more.
    minutes : int or None
        The time limit that the job had.
    characters : int
        How much of the output to show.
    """
    job = f"HQueue job {number} on {server.url}"
    if status is None:
        return f"{job} is gone: it was deleted there before its end was seen.\n"
    if status == ABANDONED:
        machines = ", ".join(_told(server.machines, number) or ["not known"])
        sentence = (
            f"{job} was abandoned, because its machine ({machines}) went silent; it is cancelled there, so that it "
            "does not come back."
        )
    elif status == CANCELLED:
        limit = f", or it took longer than its {minutes} min" if minutes else ""
        sentence = f"{job} was cancelled there: by somebody (HQueue does not tell whom){limit}."
    else:
        sentence = f"{job} ended as {status!r}."
    output = _told(server.output, number, characters) if characters else None
    if not output:
        return f"{sentence}\n"
    return f"{sentence} The end of its output:\n{output.rstrip()}\n"


def _told(ask, *arguments):
    """Return the answer, or None: a detail is not worth a failure."""
    try:
        return ask(*arguments)
    except (ServerAway, KeyError, TypeError):
        return None

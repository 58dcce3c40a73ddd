"""A Snakemake job as an HQueue job specification: pure functions, which ask no server.

Every mistake is a WorkflowError of one sentence that names the flag, or the resource and its rule.
"""

import os
import re

from snakemake_interface_common.exceptions import WorkflowError

INT_MAX = 2**31 - 1  # XML-RPC knows no greater integer
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what no XML-RPC message can carry
NAME_LENGTH, DESCRIPTION_LENGTH = 200, 2000


def whole(value, where, low=0, high=INT_MAX):
    """Return *value* as an int from *low* to *high*; *where* names what the user wrote it in."""
    try:
        number = None if isinstance(value, bool) else int(str(value))
    except ValueError:
        number = None
    if number is None or not low <= number <= high:
        raise WorkflowError(f"{where} is {value!r}, but must be a whole number from {low} to {high}.")
    return number


def names(value, where):
    """Return the list of names in *value*, which are separated by commas."""
    found = [name.strip() for name in str(value or "").split(",")] if value not in (None, "") else []
    if not all(found):
        raise WorkflowError(f"{where} is {value!r}, but must be names separated by commas, such as a,b.")
    return found


def amounts(value, where):
    """Return ``{name: amount}`` from ``name=amount`` items separated by commas."""
    found = {}
    for item in names(value, where):
        name, equals, amount = item.partition("=")
        if not (name.strip() and equals):
            raise WorkflowError(f"{where} has {item!r}, but must be name=amount items separated by commas.")
        found[name.strip()] = whole(amount.strip(), f"The amount of {name.strip()} in {where}", low=1)
    return found


def environment(value, where, own):
    """Return the variables of ``NAME=value`` and ``NAME`` items; those without a value have the one in *own*."""
    found = {}
    for item in names(value, where):
        name, equals, text = item.partition("=")
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise WorkflowError(f"{where} has {item!r}, but must be NAME or NAME=value items separated by commas.")
        if not equals and name not in own:
            raise WorkflowError(f"{where} passes {name}, but that is not set here: set it, or write {name}=value.")
        found[name] = text if equals else own[name]
    return found


def conditions(hosts, groups, where):
    """Return the HQueue conditions that leave only machines among *hosts*, or in one of *groups*."""
    found = []
    if hosts:
        clients = [":" in host for host in hosts]
        if any(clients) and not all(clients):
            raise WorkflowError(
                f"{where}: host and host:client names cannot be mixed, since HQueue compares with one kind."
            )
        found.append(_condition("hostname:name" if any(clients) else "hostname", hosts))
    if groups:
        found.append(_condition("group", groups))
    return found


def _condition(name, values):
    return {"type": "client", "name": name, "op": "==" if len(values) == 1 else "in", "value": ",".join(values)}


def check_settings(settings, own=os.environ):
    """Raise a WorkflowError if a flag has a value that no job could use."""
    whole(settings.priority, "--hqueue-priority", high=10)
    names(settings.tags, "--hqueue-tags")
    conditions(names(settings.hosts, "--hqueue-hosts"), names(settings.groups, "--hqueue-groups"), "--hqueue-hosts")
    amounts(settings.resources, "--hqueue-resources")
    environment(settings.environment, "--hqueue-environment", own)
    whole(settings.max_minutes, "--hqueue-max-minutes", high=INT_MAX // 60)
    whole(settings.patience, "--hqueue-patience")
    whole(settings.timeout, "--hqueue-timeout", low=1)
    whole(settings.output_characters, "--hqueue-output-characters")


def specification(job, settings, *, command, variables, tag, user, own=os.environ):
    """Return the HQueue job specification of a Snakemake job.

    Parameters
    ----------
    job : JobExecutorInterface
        A single job or a group job.
    settings : ExecutorSettings
        The flags, which a job's resources ``hqueue_*`` override.
    command : str
        What the machine is to run.
    variables : dict
        Environment variables that Snakemake itself passes.
    tag : str
        The mark that this job is found again by.
    user : str
        Who submits, where the flag does not say.
    own : dict
        This process's environment.
    """
    rule = f"group {job.name}" if job.is_group() else f"rule {job.name}"

    def option(name, parse, **bounds):
        """Return the job's own value of an option, or the flag's; a group's is the highest, not the sum."""
        parts = job.jobs if job.is_group() else [job]
        given = {value for part in parts if (value := part.resources.get(f"hqueue_{name}")) is not None}
        if given:
            return max(parse(value, f"Resource hqueue_{name} of {rule}", **bounds) for value in given)
        return parse(getattr(settings, name), f"--hqueue-{name}", **bounds)

    title = _title(job)
    spec = {
        "name": title if len(title) <= NAME_LENGTH else title[: NAME_LENGTH - 3] + "...",
        "description": _description(job, title)[:DESCRIPTION_LENGTH],
        "command": command,
        "shell": "bash",
        "cpus": whole(job.threads, f"threads of {rule}", low=1),
        "priority": option("priority", whole, high=10),
        "tags": [*option("tags", names), tag],
        "environment": {**variables, **environment(settings.environment, "--hqueue-environment", own)},
        "submittedBy": settings.submitted_by or user,
    }
    limits = conditions(option("hosts", names), option("groups", names), f"The hosts of {rule}")
    if limits:
        spec["conditions"] = limits
    needed = option("resources", amounts)
    gpus = whole(job.resources.get("gpu", 0), f"Resource gpu of {rule}")
    if settings.gpu_resource and gpus:
        needed = {settings.gpu_resource: gpus, **needed}
    if needed:
        spec["resources"] = needed
    minutes = whole(job.resources.get("runtime", settings.max_minutes), f"runtime of {rule}", high=INT_MAX // 60)
    if minutes:
        spec["maxTime"] = 60 * minutes
    for name, text in [*spec.items(), *spec["environment"].items()]:
        if isinstance(text, str) and NOT_XML.search(text):
            raise WorkflowError(f"{name} of {rule} has a character that XML-RPC cannot carry: leave it out.")
    return spec


def _title(job):
    if job.is_group():
        return f"group {job.name}: {', '.join(sorted(set(job.rules)))}"
    wildcards = ", ".join(f"{name}={value}" for name, value in job.wildcards_dict.items())
    return f"{job.name}: {wildcards}" if wildcards else job.name


def _description(job, title):
    lines = [f"Snakemake: {title}"]
    for label, files in (("output", job.output), ("log", job.log)):
        if files:
            lines.append(f"{label}: {', '.join(map(str, files))}")
    return "\n".join(lines)

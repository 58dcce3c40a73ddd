"""What the stand-in for HQueue takes as a job specification."""

import json
import re

DEFAULTS = {
    "command": "",
    "shell": "bash",
    "description": "",
    "submittedBy": "",
    "host": "",
    "onSuccess": "",
    "onError": "",
    "emailTo": "",
    "emailReasons": "",
    "cpus": 1,
    "priority": 0,
    "maxTime": -1,
    "minHosts": 1,
    "maxHosts": 1,
    "triesLeft": 0,
    "tags": [],
    "conditions": [],
    "children": [],
    "childrenIds": [],
    "parentIds": [],
    "environment": {},
    "resources": {},
}
OPERATORS = ("==", "!=", "in", "not_in", "any")
COMPARED = ("hostname", "hostname:name", "group")


class BadRequest(Exception):
    """A call that the server refuses; the text says why."""


def checked_specs(given):
    """Return the specifications of a call, complete with defaults.

    Parameters
    ----------
    given : dict, list of dict or str
        A string is JSON.

    >>> checked_specs('{"name": "a", "cpus": 2}')[0]["cpus"]
    2
    """
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError as error:
            raise BadRequest(f"the job specification is no JSON: {error}") from None
    refuse_big_ints(given)
    return [_checked(spec) for spec in (given if isinstance(given, list) else [given])]


def refuse_big_ints(value):
    """Refuse what XML-RPC has no representation of: integers of more than 32 bits."""
    if isinstance(value, int) and not -(2**31) <= value < 2**31:
        raise BadRequest(f"int exceeds XML-RPC limits: {value}")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            refuse_big_ints(part)


def and_children(spec):
    """Yield a specification and those within it."""
    yield spec
    for child in spec["children"]:
        yield from and_children(child)


def _checked(spec):
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str):
        raise BadRequest("a job specification is a dictionary with a name")
    where = f"job {spec['name']!r}"
    for key, value in spec.items():
        if key != "name" and key not in DEFAULTS:
            raise BadRequest(f"{where}: {key} is no property that this stand-in knows")
        kind = str if key == "name" else type(DEFAULTS[key])
        if type(value) is not kind:
            raise BadRequest(f"{where}: {key} must be of type {kind.__name__}")
        if kind is list:
            _check_items(where, key, value)
    for name, value in spec.get("environment", {}).items():
        if not isinstance(value, str) or not name or "=" in name:
            raise BadRequest(f"{where}: environment must be variables that are strings")
    for name, value in spec.get("resources", {}).items():
        if type(value) is not int:
            raise BadRequest(f"{where}: the amount of {name} must be of type int")
    if spec.get("minHosts", 1) > 1:
        raise BadRequest(f"{where}: this stand-in gives a job one client only")
    texts = [*spec.values(), *spec.get("environment", {}), *spec.get("environment", {}).values()]
    if any(isinstance(text, str) and re.search("[\0\ud800-\udfff]", text) for text in texts):  # by way of JSON
        raise BadRequest(f"{where}: it has a character that no command can have")
    return {**DEFAULTS, **spec, "children": [_checked(child) for child in spec.get("children", [])]}


def _check_items(where, key, items):
    kind = {"tags": str, "childrenIds": int, "parentIds": int}.get(key, dict)
    if not all(isinstance(item, kind) for item in items):
        raise BadRequest(f"{where}: {key} must be a list of {kind.__name__}")
    if key == "conditions":
        for condition in items:
            valid = (
                len(condition) == 4 and condition.get("type") == "client" and isinstance(condition.get("value"), str)
            )
            if not valid or condition.get("name") not in COMPARED or condition.get("op") not in OPERATORS:
                raise BadRequest(f"{where}: {condition} is no condition")

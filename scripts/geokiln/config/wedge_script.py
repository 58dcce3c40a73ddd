"""A user's own node of wedges: a Python file with a function ``wedges(wedges, settings)``.

It runs whenever the rules are read, in Snakemake's interpreter: at the start of each command, and of each job on a
farm.
"""

import contextlib
import copy
import json
import os

from geokiln.config.wedge_mistakes import value_mistakes
from geokiln.errors import UserError
from geokiln.user_module import UserModule, leaving_no_trace, missing_functions


def run_wedge_script(path, wedges, settings, training):
    """Return the wedges that a user's file makes of the *wedges* so far; it may change what it gets.

    Parameters
    ----------
    path : path
        The user's file.
    wedges : list of dict
        Key of ``training`` -> value.
    settings : dict
        All of ``training:``.
    training : dict
        The schema of each of its keys.

    Raises
    ------
    UserError
        If the file defines no such function, if that raises, or gives anything but a list of such dicts.
    """
    for missing in missing_functions(path, {"wedges": "wedges(wedges, settings) gives the list of wedges"}):
        raise UserError(missing)
    with leaving_no_trace(path), _stderr_alone():
        module = UserModule(path)
        if not module.has("wedges"):
            raise UserError(f"{path} defines no function wedges(wedges, settings)")
        result = module.call("wedges", copy.deepcopy(wedges), copy.deepcopy(settings))
    if not isinstance(result, list) or not result or not all(isinstance(wedge, dict) for wedge in result):
        raise UserError(f"{path}: wedges gave {_described(result)}; it must give a list of dicts, not empty")
    return [_checked(wedge, f"{path}: wedges(...)[{number}]", training) for number, wedge in enumerate(result)]


@contextlib.contextmanager
def _stderr_alone():
    """Let all that is printed go to a stderr of its own: stdout may be a graph (--dag), and code may close either."""
    with contextlib.ExitStack() as stack:
        stderr = stack.enter_context(open(os.dup(2), "w", errors="backslashreplace"))
        stack.enter_context(contextlib.redirect_stdout(stderr))
        stack.enter_context(contextlib.redirect_stderr(stderr))
        yield


def _described(result):
    if isinstance(result, list):
        odd = next((wedge for wedge in result if not isinstance(wedge, dict)), None)
        return f"a list with {odd!r}" if result else "an empty list"
    return type(result).__name__


def _checked(wedge, where, training):
    """Return a wedge as JSON has it (tuples become lists); UserError for a key or value that ``training`` lacks."""
    for key, value in wedge.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            kind = type(value).__name__
            raise UserError(
                f"{where}.{key}: {value!r} ({kind}) is no finite number, text or list of Python's"
            ) from None
    wedge = {key: json.loads(json.dumps(value)) for key, value in wedge.items()}
    for mistake in value_mistakes(wedge, where, training):
        raise UserError(mistake)
    return wedge

"""How a mistake of the user's ends: in one sentence. And what a job warns of."""

import functools
import sys
from pathlib import Path

MOST_NAMES = 60  # in a sentence
WARNING = "Geokiln warns: "  # begins a line of a job's log that the run ends with in the terminal


class UserError(Exception):
    """A mistake that the user can mend; its text names the file, key or item and what would be right."""


class InvalidExample(UserError):
    """A cooked item that no model can learn from: a value is NaN or infinite."""


class DropItem(Exception):
    """Raise it in a generator's function to leave an item out of the dataset; its text is recorded as the reason."""


def warn(sentence):
    """Print what the user should know of a result that is made all the same."""
    print(f"{WARNING}{sentence}", flush=True)


class Stopped(BaseException):
    """Ends a job or a call from outside (SIGTERM, a time limit); user code that catches Exception does not hold it."""


def text_of(error):
    """Return the text of what user code raised, whose own ``__str__`` may fail."""
    try:
        return str(error)
    except Exception:
        return "(it has no text)"


def print_anything():
    """Let stdout and stderr take any text; what the encoding lacks is escaped."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def script(main):
    """Decorate a script's ``main(argv)``: a UserError exits with 1 and its sentence, a bug keeps its traceback."""
    name = Path(main.__globals__.get("__file__", "geokiln")).stem

    @functools.wraps(main)
    def run(argv=None):
        print_anything()
        try:
            return main(argv)
        except (UserError, Stopped) as error:
            sys.exit(f"{name}: {error}")

    return run


def near_match(word, known):
    """Return which of *known* words is nearest to a *word*, or all of them if none is near, as a part of a sentence."""
    import difflib  # takes milliseconds, which jobs that do well need not pay

    known = list(map(str, known))
    match = difflib.get_close_matches(str(word), known, 1, 0.6)
    return f"did you mean {match[0]}?" if match else f"known: {listed(known)}"


def listed(names):
    """Return names as a part of a sentence, the first of them if they are many."""
    names = list(names)
    return ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")

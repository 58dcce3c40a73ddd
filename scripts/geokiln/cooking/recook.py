"""The action `recook`: what was cooked before counts no more.

``.kept/recook.json`` counts how often it was asked for; the count is part of what cooks depend on. Without the file it
is 0, which counts for nothing.
"""

from geokiln.storage.files import read_json, write_json, written
from geokiln.storage.store import STORE

FILE = "recook.json"


def times_recooked(files):
    """Return how often everything was to be cooked anew; *files* are the record, as a list, empty if there is none."""
    return read_json(files[0])["times"] if files else 0


def ask_to_recook(folder=STORE):
    """Let the next request cook everything anew, and return a line that says so."""
    path = folder / FILE
    times = times_recooked([path] if path.exists() else []) + 1
    with written(path) as output:
        write_json(output, {"times": times})
    return f"the next request cooks everything anew; to take that back, delete {path}"

"""What a run ends with in the terminal: warnings, the wedges that it ranked, the errors on unseen inputs.

Runs in Snakemake's interpreter.
"""

import csv
import glob
import json
import os
import time

from geokiln.errors import WARNING

_STARTED = time.time()
_TIMES = {}  # of the files as the run began
MOST_WEDGES = 20  # rows of the table; the rest stands in the file
MOST_WARNINGS = 20
END_OF_LOG = 1 << 16  # bytes that are looked at: a job warns when it is done


def print_warnings(logs):
    """Print what the jobs of this run warned of, each sentence once; *logs* is the folder of what they printed."""
    found = {}
    for path in sorted(glob.glob(f"{glob.escape(logs)}/**/*.log", recursive=True)):
        if os.path.getmtime(path) < _STARTED:
            continue
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - END_OF_LOG))
            lines = file.read(END_OF_LOG).decode("utf-8", "replace").splitlines()
        found.update(dict.fromkeys(line for line in lines if line.startswith(WARNING)))
    for line in list(found)[:MOST_WARNINGS]:
        print(line)
    if len(found) > MOST_WARNINGS:
        print(f"... and {len(found) - MOST_WARNINGS} more in {os.path.basename(logs)}/")


def note_times(paths):
    """Note, as a run begins, the times of the files that `print_summary` is to tell of."""
    _TIMES.update({path: os.path.getmtime(path) for path in paths if os.path.exists(path)})


def print_summary(wedges, errors, packs):
    """Print what this run trained, and the tables that it wrote.

    Parameters
    ----------
    wedges, errors : path
        ``wedges.csv``, printed if there are several wedges; ``predictions/errors.csv``, if there is ground truth.
    packs : list of path
        ``packs/{pack}.json``, and those of rungs.
    """
    ranked, judged = _new_rows(wedges), _new_rows(errors)
    if len(ranked) > 1:
        print(_trained(packs, len(ranked)))
    try:
        from rich.console import Console
    except ImportError:  # plain snakemake without rich: the same tables stand in the files
        for rows, text in ((ranked[1:], f"Wedges: {wedges}"), (judged, f"Errors on unseen inputs: {errors}")):
            if rows:
                print(text)
        return
    console = Console()
    if len(ranked) > 1:
        _print_wedges(console, ranked)
    if judged:
        _print_errors(console, judged)


def _new_rows(path):
    """Return the rows of a table that this run wrote, none if it is an older one."""
    if not _is_new(path):
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _trained(packs, count):
    """Return a line that names the wedges that this run trained."""
    names = {}  # in their order; a wedge may be trained up to several rungs
    for pack in filter(_is_new, packs):
        with open(pack, encoding="utf-8") as file:
            names.update(dict.fromkeys(json.load(file)["trained"]))
    names = list(names)
    listed = ", ".join(names[:MOST_WEDGES]) + (", ..." if len(names) > MOST_WEDGES else "")
    return f"{len(names)} of {count} wedges trained in this run{': ' if names else ''}{listed}"


def _is_new(path):
    return os.path.exists(path) and os.path.getmtime(path) != _TIMES.get(path)


def _table(title):
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))


def _print_wedges(console, rows):
    """Print the ranking: the values that vary, errors in physical units, and what each training took."""
    from rich.markup import escape

    names = list(rows[0])
    errors = [name for name in names if name.startswith(("validation_rmse_", "test_rmse_", "unseen_rmse_"))]
    axes = names[names.index("wedge") + 1 : names.index(errors[0])]
    table = _table(f"Wedges, the best first by {rows[0]['ranked_by']} RMSE (wedges.csv)")
    for heading in ("", *axes, *(name.replace("_rmse_", " RMSE\n") for name in errors), "epochs", "s", "parameters"):
        table.add_column(escape(heading), justify="right")
    for row in rows[:MOST_WEDGES]:
        values = [row["rank"], *(row[axis] for axis in axes)]
        if row["status"] != "trained":
            table.add_row(*values, row["status"], *[""] * (len(errors) - 1), row["epochs"], style="red")
            continue
        numbers = [f"{float(row[name]):.3g}" for name in errors]
        style = "bold" if row["rank"] == "1" else None
        seconds = f"{float(row['seconds']):.1f}"
        epochs = f"{row['epochs']} (dropped)" if row.get("dropped_after") else row["epochs"]
        table.add_row(*map(escape, values), *numbers, epochs, seconds, row["parameters"], style=style)
    console.print(table)
    if len(rows) > MOST_WEDGES:
        console.print(f"... and {len(rows) - MOST_WEDGES} more in wedges.csv")


def _print_errors(console, rows):
    from rich.markup import escape

    table = _table("Errors on unseen inputs (predictions/errors.csv)")
    for heading in ("unseen", "target", "answer"):
        table.add_column(heading, no_wrap=True)
    for heading in ("RMS", "worst", "model's\nshare", "at\nworst"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        shares = (
            [""] * 2 if row["answer"] == "model" else [f"{float(row[n]):.1%}" for n in ("model_share", "worst_share")]
        )
        numbers = [f"{float(row[name]):.3g}" for name in ("rms", "worst")]
        style = "bold" if row["answer"] == "model" else "red" if float(row["model_share"]) > 1 else None
        table.add_row(row["unseen"], escape(row["target"]), row["answer"], *numbers, *shares, style=style)
    console.print(table)
    for row in rows:
        if float(row["model_share"]) > 1:
            where = f"{row['unseen']}, {escape(row['target'])}"
            console.print(f"[red]Warning: the model loses to the {row['answer']} in {where}.[/red]")

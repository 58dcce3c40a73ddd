"""What a run ends with in the terminal: the errors on unseen inputs, as a table. Runs in Snakemake's interpreter."""

import csv
import os
import time

_STARTED = time.time()


def print_summary(path):
    """Print the table of errors that this run wrote, if it wrote one and there is ground truth to judge by."""
    if not os.path.exists(path) or os.path.getmtime(path) < _STARTED:
        return
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return
    try:
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table
    except ImportError:  # plain snakemake without rich: the same table stands in the file
        print(f"Errors on unseen inputs: {path}")
        return
    table = Table(title="Errors on unseen inputs (predictions/errors.csv)", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
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
    console = Console()
    console.print(table)
    for row in rows:
        if float(row["model_share"]) > 1:
            where = f"{row['unseen']}, {escape(row['target'])}"
            console.print(f"[red]Warning: the model loses to the {row['answer']} in {where}.[/red]")

"""Rank wedges, and choose one."""

import csv
from pathlib import Path

from geokiln.errors import UserError

COLUMNS = ["epochs", "best_epoch", "seconds", "parameters", "training_loss", "validation_loss"]


def rank_wedges(results, axes):
    """Return a table row for each wedge, the best first.

    Parameters
    ----------
    results : dict
        Path of a ``training.json`` -> its contents; the wedge's name is the folder's.
    axes : list of str
        The hyperparameters that the wedges vary; a column each.

    Returns
    -------
    list of dict
        ``rank``, ``wedge``, the wedge's values, ``validation_rmse_{target}`` in physical units, the relative
        validation RMSE that ranks (see `geokiln.evaluation.relative_error`; with one target component it gives the
        order of its RMSE), epochs, seconds, parameters and losses. Ties go to the smaller network, then by name.
    """
    if len({result["dataset"] for result in results.values()}) > 1:
        raise UserError("the wedges were trained on different datasets and cannot be compared; run again")

    def quality(item):
        path, result = item
        return result["relative_validation_rmse"], result["parameters"], Path(path).parent.name

    rows = []
    for rank, (path, result) in enumerate(sorted(results.items(), key=quality), 1):
        errors = {f"validation_rmse_{name}": value for name, value in result["validation_rmse"].items()}
        relative = {"relative_validation_rmse": result["relative_validation_rmse"]}
        rows.append(
            {
                "rank": rank,
                "wedge": Path(path).parent.name,
                **{axis: result["settings"][axis] for axis in axes},
                **errors,
                **relative,
                **{name: result[name] for name in COLUMNS},
            }
        )
    return rows


def chosen_wedge(table):
    """Return the name of the wedge in the first row of ``wedges.csv``."""
    with open(table, encoding="utf-8", newline="") as file:
        wedge = next(csv.DictReader(file), {}).get("wedge", "")
    if not wedge or Path(wedge).name != wedge:
        raise UserError(f"{table}: {wedge!r} is no wedge's name; delete the file and run again")
    return wedge


def table_text(rows):
    """Return the ranking as text, a line per wedge."""
    lines = []
    for row in rows:
        errors = ", ".join(f"{n[16:]} {v:.4g}" for n, v in row.items() if n.startswith("validation_rmse_"))
        lines.append(f"{row['rank']:3}. {row['wedge']}: validation RMSE {errors} ({row['best_epoch']} epochs)")
    return "\n".join(lines)

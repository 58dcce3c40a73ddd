"""Rank wedges, and choose one."""

import math
from pathlib import Path

from geokiln.errors import UserError
from geokiln.storage.results import check_vouched, read_result

COLUMNS = ["status", "epochs", "best_epoch", "seconds", "parameters", "training_loss", "validation_loss"]


def quality(item):
    """Return what a wedge is ranked by, smaller is better; *item* is its name and its ``training.json``."""
    wedge, result = item
    error = result.get("relative_unseen_rmse", result.get("relative_validation_rmse", math.inf))
    dropped = result.get("dropped", {}).get("after_epochs", math.inf)
    return result["status"] != "trained", -dropped, error, result["parameters"], wedge


def rank_wedges(results, axes):
    """Return a table row for each wedge, the best first.

    Parameters
    ----------
    results : dict
        Name of a wedge -> the contents of its ``training.json``; with ``unseen_rmse`` and ``relative_unseen_rmse`` of
        each trained one, these rank.
    axes : list of str
        The hyperparameters that the wedges vary; a column each, `training.epochs` beside the `epochs` that it took.

    Returns
    -------
    list of dict
        ``rank``, ``wedge``, the wedge's values, ``validation_rmse_{target}`` in physical units, the relative
        validation RMSE that ranks (see `geokiln.models.physical_errors.relative_error`; with one target component it
        gives the order of its RMSE), ``test_rmse_{target}`` where there are test examples, status, epochs, seconds,
        parameters, losses, and ``dropped_after`` so many epochs where successive halving did. Ties go to the smaller
        network, then by name; wedges that were dropped stand behind those that were not, the earlier the further, and
        wedges that diverged at the end.

    Raises
    ------
    UserError
        If the wedges were trained on different datasets, or if all of them diverged.
    """
    if len({result["dataset"] for result in results.values()}) > 1:
        raise UserError("the wedges were trained on different datasets and cannot be compared; run again")

    trained = [result for result in results.values() if result["status"] == "trained"]
    if not trained:
        raise UserError(
            f"every wedge diverged ({', '.join(results)}); lower training.learning_rate, or set training.gradient_clip"
        )

    by_unseen = "relative_unseen_rmse" in trained[0]
    halved = any("dropped" in result for result in results.values())
    rows = []
    for rank, (wedge, result) in enumerate(sorted(results.items(), key=quality), 1):
        errors = {
            f"{split}_rmse_{name}": result.get(f"{split}_rmse", {}).get(name)
            for split in ("validation", "test", "unseen")
            for name in trained[0].get(f"{split}_rmse", {})
        }
        values = {**result["recipe"], **result["settings"]}
        rows.append(
            {
                "rank": rank,
                "wedge": wedge,
                **{f"training.{axis}" if axis in COLUMNS else axis: values[axis] for axis in axes},
                **errors,
                "relative_validation_rmse": result.get("relative_validation_rmse"),
                **({"relative_unseen_rmse": result.get("relative_unseen_rmse")} if by_unseen else {}),
                "ranked_by": "unseen" if by_unseen else "validation",
                **{name: result.get(name) for name in COLUMNS},
                **({"dropped_after": result.get("dropped", {}).get("after_epochs")} if halved else {}),
            }
        )
    return rows


def choose_survivors(results, eta):
    """Return which wedges go on after a rung of successive halving, and the rank of each other one: (list, dict).

    Parameters
    ----------
    results : dict
        Wedge -> its ``training.json`` as of this rung.
    eta : float
        One of so many goes on, rounded up. Ties go to the smaller network, then by name; none that diverged goes on
        while another one has not.
    """
    ranked = [wedge for wedge, _ in sorted(results.items(), key=quality)]
    count = math.ceil(len(ranked) / eta)
    return sorted(ranked[:count]), {wedge: rank for rank, wedge in enumerate(ranked[count:], count + 1)}


def chosen_wedge(table, sidecar):
    """Return the name of the wedge in the first row of ``wedges.csv``, and what it was ranked by.

    The *sidecar* says both, and vouches for the table: one that was edited by hand does not count.
    """
    check_vouched(table, sidecar)
    chosen = read_result(sidecar)
    if Path(chosen["wedge"]).name != chosen["wedge"]:
        raise UserError(f"{sidecar}: {chosen['wedge']!r} is no wedge's name; delete the file and run again")
    return chosen["wedge"], chosen["ranked_by"]


def table_text(rows):
    """Return the ranking as text, a line per wedge."""
    lines = []
    for row in rows:
        if row["status"] != "trained":
            lines.append(f"{row['rank']:3}. {row['wedge']}: {row['status']} in epoch {row['epochs']}")
            continue
        errors = ", ".join(f"{n[16:]} {v:.4g}" for n, v in row.items() if n.startswith("validation_rmse_"))
        epochs = f" ({row['best_epoch']} epochs)" if row["best_epoch"] else ""
        lines.append(f"{row['rank']:3}. {row['wedge']}: validation RMSE {errors}{epochs}")
    return "\n".join(lines)

"""An exported model beside simpler answers, where the truth is known."""

import numpy as np

from geokiln.errors import UserError
from geokiln.models.physical_errors import rms_by_example
from geokiln.prediction.simple_answers import SimpleAnswers
from geokiln.storage.tables import flat_rows


def judge(model, inputs, outputs, unseen, table):
    """Return the errors of the model and of simpler answers, per target component; empty without ground truth.

    All of *outputs* (n, n_out), the arrays of *unseen* and the table may be memory maps: a block of items is compared
    at a time. Where the items are rows of the table (``row`` of *unseen*), simpler answers do not know them.

    Returns
    -------
    dict
        Target component -> answer (``model``, ``baseline``, ``mean target``, ``linear fit``, ``nearest example``) ->
        RMS error of each item, in the component's physical unit.
    """
    if not all(f"target/{component['name']}" in unseen for component in model.outputs):
        return {}
    for component in model.outputs:
        shape, trained = unseen[f"target/{component['name']}"].shape[1:], tuple(component["shape"])
        if shape != trained:
            raise UserError(f"target {component['name']!r} of the truth has shape {shape}, the model's {trained}")
    baseline = all(f"baseline/{component['name']}" in unseen for component in model.outputs)
    simple = SimpleAnswers(table, inputs, unseen.get("row", ()))
    judged = {component["name"]: {} for component in model.outputs}
    for rows in model.blocks(len(inputs)):
        truth, answers = flat_rows(unseen, "target", model.outputs, rows, "the truth"), {"model": outputs[rows]}
        if baseline:
            answers["baseline"] = flat_rows(unseen, "baseline", model.outputs, rows, "the baseline")
        for answer, values in {**answers, **simple(rows)}.items():
            for component in model.outputs:
                errors = judged[component["name"]].setdefault(answer, [])
                errors.extend(float(f"{error:.6g}") for error in rms_by_example(values - truth, component))
    return judged


def error_table(judged):
    """Return a row for each answer: target, answer, RMS error, worst item's, and the model's share of both.

    ``model_share`` is the model's RMS error over this answer's; ``worst_share`` the largest such ratio of one item.
    """
    rows = []
    for component, answers in judged.items():
        model = np.array(answers["model"])
        for answer, errors in answers.items():
            errors = np.array(errors)
            rows.append(
                {
                    "target": component,
                    "answer": answer,
                    "rms": _rms(errors),
                    "worst": float(errors.max()),
                    "model_share": float(_share(_rms(model), _rms(errors))),
                    "worst_share": float(_share(model, errors).max()),
                }
            )
    return rows


def report(judged, seconds):
    """Return the errors as text, with a warning for every simpler answer that the model loses to."""
    lines = [f"model: {seconds['model'] * 1e6:.1f} us per item"]
    if judged and "cook" in seconds:
        lines[0] += (
            f"; to cook one took {seconds['cook']:.3g} s, {seconds['cook'] / seconds['model']:,.0f} times as long"
        )
    for row in error_table(judged):
        line = f"{row['target']}, {row['answer']}: RMS error {row['rms']:.4g}, worst item {row['worst']:.4g}"
        if row["answer"] != "model":
            line += f"; the model makes {row['model_share']:.1%} of it, in its worst item {row['worst_share']:.1%}"
        lines.append(line)
    lines += [
        f"WARNING: the model loses to the {row['answer']} in {row['target']}; more data points or epochs may help"
        for row in error_table(judged)
        if row["model_share"] > 1
    ]
    return "\n".join(lines)


def _share(model, other):
    """Return model / other; infinite where the other answer is exact and the model is not."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.equal(model, other), 1.0, np.divide(model, other))


def _rms(values):
    return float(np.sqrt(np.mean(np.square(values))))

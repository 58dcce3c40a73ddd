"""Apply an exported model, and judge it where the truth is known."""

import json
import tempfile
import time

import numpy as np
import onnxruntime

from geokiln.arrays import block_slices
from geokiln.errors import UserError
from geokiln.evaluation import SimpleAnswers, rms_by_example
from geokiln.files import put_aside

REPEATS = 5
LEAST_ROW_BYTES = 4096  # counted for a row in blocks: hidden layers take memory however narrow the output is


class Model:
    """``model.onnx`` with its layout, read from its own metadata.

    Attributes
    ----------
    inputs, outputs : list of dict
        Named components with shape, offset and size in the flat ``input`` and ``output``.
    """

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exceptions have no common class
            raise put_aside(path, str(error).split("\n")[0]) from None
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.inputs, self.outputs = json.loads(metadata["inputs"]), json.loads(metadata["outputs"])
        self.bytes_per_item = json.loads(metadata.get("bytes_per_item", "0"))

    def flat_inputs(self, arrays, source):
        """Return float32 (n, n_in) from an unseen input's arrays (``input/{name}``).

        Raises
        ------
        UserError
            If the unseen input's components are not those that the model was trained on; names the first that differs.
        """
        expected = {component["name"]: tuple(component["shape"]) for component in self.inputs}
        given = {name[6:]: array.shape[1:] for name, array in arrays.items() if name.startswith("input/")}
        for name in sorted(expected.keys() | given.keys()):
            if expected.get(name) != given.get(name):
                raise UserError(
                    f"{source}: input {name!r} has shape {given.get(name, 'missing')}, the model was trained with "
                    f"{expected.get(name, 'none of that name')}; unseen inputs need the training geometry's attributes"
                )
        count = len(arrays["id"])
        return np.hstack([np.float32(arrays[f"input/{name}"]).reshape(count, -1) for name in expected])

    def blocks(self, count):
        """Yield slices of *count* items that bound the memory of what is computed for each of them."""
        width = sum(component["size"] for component in self.outputs)
        return block_slices(count, max(4 * width, LEAST_ROW_BYTES, self.bytes_per_item))

    def run(self, inputs, folder="."):
        """Return outputs (n, n_out) and the seconds per item, the median of a few runs over all of them.

        The outputs may be larger than memory: they are a map of a file without a name in *folder*, which is gone when
        nobody holds them any longer.
        """
        times = np.zeros(REPEATS)
        with tempfile.TemporaryFile(dir=folder) as file:
            for rows in self.blocks(len(inputs)):
                for repeat in range(REPEATS):
                    start = time.perf_counter()
                    outputs = self.session.run(["output"], {"input": inputs[rows]})[0]
                    times[repeat] += time.perf_counter() - start
                file.write(outputs.data)
            file.flush()
            outputs = np.memmap(file, np.float32, "r", shape=(len(inputs), outputs.shape[1]))
        return outputs, float(np.median(times)) / len(inputs)

    def named_outputs(self, flat):
        """Return flat rows (n, n_out) as a dict of arrays (n, *shape), one per target component."""
        return {
            component["name"]: flat[:, component["offset"] : component["offset"] + component["size"]].reshape(
                len(flat), *component["shape"]
            )
            for component in self.outputs
        }


def judge(model, inputs, outputs, unseen, table):
    """Return the errors of the model and of simpler answers, per target component; empty without ground truth.

    All of *outputs* (n, n_out), the arrays of *unseen* and the table may be memory maps: a block of items is compared
    at a time.

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
    simple = SimpleAnswers(table, inputs)
    judged = {component["name"]: {} for component in model.outputs}
    for rows in model.blocks(len(inputs)):
        truth, answers = _flat(unseen, "target", model.outputs, rows), {"model": outputs[rows]}
        if baseline:
            answers["baseline"] = _flat(unseen, "baseline", model.outputs, rows)
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
    if judged:
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


def _flat(arrays, kind, components, rows):
    parts = [arrays[f"{kind}/{component['name']}"][rows] for component in components]
    return np.hstack([part.reshape(len(part), -1) for part in parts])

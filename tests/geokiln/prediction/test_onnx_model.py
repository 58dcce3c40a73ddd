import json
import time
from pathlib import Path

import numpy as np
import onnx
import pytest

from geokiln.errors import UserError
from geokiln.export.onnx_graph import build_onnx
from geokiln.prediction.judging import error_table, judge, report
from geokiln.prediction.onnx_model import Model
from geokiln.storage.tables import Table, TableWriter, components_of

INPUTS, OUTPUTS = {"rotation": (2, 2), "time": ()}, {"height": (3,), "force": ()}
ANSWERS = ["mean target", "linear fit", "nearest example"]


@pytest.fixture
def model(wedge):
    """A model without hidden layers: output = input @ weight."""
    weight = np.float32(np.arange(20).reshape(5, 4) / 10)
    basis = {
        "input_mean": np.zeros(5),
        "input_scale": np.ones(5),
        "target_mean": np.zeros(4),
        "basis": np.eye(4),
    }
    metadata = {"inputs": components_of(INPUTS), "outputs": components_of(OUTPUTS)}
    weights = {"layers.0.weight": weight, "layers.0.bias": np.zeros(4, np.float32)}
    onnx.save(build_onnx(weights, wedge(hidden_layers=0), basis, metadata), "model.onnx")
    return Model("model.onnx")


@pytest.fixture
def table():
    rows = np.random.default_rng(0).normal(size=(20, 9))
    with TableWriter("e.raw", "e.json", INPUTS, OUTPUTS) as writer:
        writer.write(rows)
    return Table("e.raw", "e.json")


def unseen(count=4, **changes):
    random = np.random.default_rng(1)
    arrays = {
        "id": np.arange(count).astype(str),
        "input/time": random.normal(size=count).astype(np.float32),
        "input/rotation": random.normal(size=(count, 2, 2)).astype(np.float32),
    }
    return {name: array for name, array in {**arrays, **changes}.items() if array is not None}


def truth(model, arrays, offset=0.0):
    """The arrays with the model's own outputs as targets, *offset* added."""
    outputs, _ = model.run(model.flat_inputs(arrays, "unseen.npz"))
    return {**arrays, **{f"target/{name}": array + offset for name, array in model.named_outputs(outputs).items()}}


def test_inputs_are_laid_out_as_the_model_was_trained_whatever_their_order(model):
    arrays = unseen()

    flat = model.flat_inputs(arrays, "unseen.npz")

    assert flat.dtype == np.float32
    assert np.array_equal(flat, np.hstack([arrays["input/rotation"].reshape(4, 4), arrays["input/time"][:, None]]))


def test_outputs_are_named_and_shaped(model):
    inputs = model.flat_inputs(unseen(), "unseen.npz")

    start = time.perf_counter()
    outputs, seconds = model.run(inputs)
    whole = time.perf_counter() - start
    named = model.named_outputs(outputs)

    assert 0 < seconds * len(inputs) < whole
    assert {name: array.shape for name, array in named.items()} == {"height": (4, 3), "force": (4,)}
    assert np.array_equal(np.hstack([named["height"], named["force"][:, None]]), outputs)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"input/time": None}, "input 'time' has shape missing, the model was trained with ()"),
        ({"input/time": np.zeros((4, 2))}, "input 'time' has shape (2,), the model was trained with ()"),
        ({"input/rotation": np.zeros((4, 9))}, "input 'rotation' has shape (9,), the model was trained with (2, 2)"),
        ({"input/speed": np.zeros(4)}, "input 'speed' has shape (), the model was trained with none of that name"),
        ({"input/time": None, "input/Time": np.zeros(4)}, "input 'Time' has shape (), the model was trained with none"),
    ],
    ids=["missing", "wider", "flat", "more", "renamed"],
)
def test_an_input_that_the_model_was_not_trained_with_is_named(changes, sentence, model):
    with pytest.raises(UserError) as error:
        model.flat_inputs(unseen(**changes), "unseen/walk.npz")

    assert str(error.value).startswith(f"unseen/walk.npz: {sentence}")
    assert "unseen inputs need the training geometry's attributes" in str(error.value)


@pytest.mark.parametrize("content", [b"", b"no model", None], ids=["empty", "other", "truncated"])
def test_a_damaged_model_is_named(content, model):
    path = Path("model.onnx")
    path.write_bytes(path.read_bytes()[:200] if content is None else content)

    with pytest.raises(UserError) as error:
        Model("model.onnx")

    assert "model.onnx" in str(error.value)


def test_a_model_that_predicts_the_truth_has_no_error(model, table):
    arrays = truth(model, unseen())
    inputs = model.flat_inputs(arrays, "")

    judged = judge(model, inputs, model.run(inputs)[0], arrays, table)

    assert list(judged) == ["height", "force"]
    assert list(judged["height"]) == ["model", *ANSWERS]
    assert judged["height"]["model"] == judged["force"]["model"] == [0, 0, 0, 0]
    assert all(len(errors) == 4 for answers in judged.values() for errors in answers.values())


def test_errors_are_rms_errors_in_physical_units(model, table):
    arrays = truth(model, unseen(), offset=np.float32(0.25))
    inputs = model.flat_inputs(arrays, "")

    judged = judge(model, inputs, model.run(inputs)[0], arrays, table)

    assert judged["height"]["model"] == pytest.approx([0.25] * 4, rel=1e-5)
    mean = table.read()[:, 5:].mean(0)
    expected = np.sqrt(np.square(arrays["target/height"] - mean[:3]).mean(1))
    assert judged["height"]["mean target"] == pytest.approx(expected, rel=1e-4)


def test_a_baseline_is_judged_where_there_is_one(model, table):
    arrays = truth(model, unseen())
    arrays |= {"baseline/height": arrays["target/height"] + 2, "baseline/force": arrays["target/force"] - 3}
    inputs = model.flat_inputs(arrays, "")

    judged = judge(model, inputs, model.run(inputs)[0], arrays, table)

    assert list(judged["height"]) == ["model", "baseline", *ANSWERS]
    assert judged["height"]["baseline"] == pytest.approx([2] * 4)
    assert judged["force"]["baseline"] == pytest.approx([3] * 4)


def test_a_baseline_of_some_targets_alone_is_left_out(model, table):
    arrays = truth(model, unseen())
    arrays["baseline/height"] = arrays["target/height"]
    inputs = model.flat_inputs(arrays, "")

    judged = judge(model, inputs, model.run(inputs)[0], arrays, table)

    assert list(judged["height"]) == ["model", *ANSWERS]


def test_without_ground_truth_there_is_no_judgement(model, table):
    arrays = unseen()
    inputs = model.flat_inputs(arrays, "")

    judged = judge(model, inputs, model.run(inputs)[0], arrays, table)

    assert judged == {}


def test_a_ground_truth_of_another_shape_than_the_models_outputs_is_named(model, table):
    arrays = {**truth(model, unseen()), "target/height": np.zeros((4, 5), np.float32)}
    inputs = model.flat_inputs(arrays, "")

    with pytest.raises(UserError) as error:
        judge(model, inputs, model.run(inputs)[0], arrays, table)

    assert "'height'" in str(error.value)


def test_judgements_are_plain_numbers_for_json(model, table):
    arrays = truth(model, unseen())
    inputs = model.flat_inputs(arrays, "")

    judged = judge(model, inputs, model.run(inputs)[0], arrays, table)

    assert json.loads(json.dumps(judged)) == judged


JUDGED = {"height": {"model": [3.0, 4.0], "baseline": [6.0, 8.0], "linear fit": [1.0, 2.0]}}


def test_the_table_of_errors_by_hand():
    rows = {row["answer"]: row for row in error_table(JUDGED)}

    assert rows["model"] == {
        "target": "height",
        "answer": "model",
        "rms": pytest.approx(12.5**0.5),
        "worst": 4.0,
        "model_share": 1.0,
        "worst_share": 1.0,
    }
    assert (rows["baseline"]["model_share"], rows["baseline"]["worst_share"]) == (pytest.approx(0.5), 0.5)
    assert rows["linear fit"]["model_share"] == pytest.approx(5**0.5)
    assert rows["linear fit"]["worst_share"] == 3


def test_no_judgement_makes_no_row():
    assert error_table({}) == []


def test_the_report_warns_where_the_model_loses():
    lines = report(JUDGED, {"model": 1e-5, "cook": 2.0}).splitlines()

    assert lines[0] == "model: 10.0 us per item; to cook one took 2 s, 200,000 times as long"
    assert lines[1] == "height, model: RMS error 3.536, worst item 4"
    assert lines[2].endswith("the model makes 50.0% of it, in its worst item 50.0%")
    assert lines[4:] == ["WARNING: the model loses to the linear fit in height; more data points or epochs may help"]


@pytest.mark.parametrize(("error", "warned"), [(0.5, True), (0.99, True), (1.0, False), (1.01, False), (2.0, False)])
def test_the_report_warns_of_every_answer_that_is_better_and_of_no_other(error, warned):
    output = report({"height": {"model": [1.0], "baseline": [error]}}, {"model": 1e-5, "cook": 2.0})

    assert ("WARNING: the model loses to the baseline in height" in output) == warned


def test_the_report_without_ground_truth_is_the_time_alone():
    assert report({}, {"model": 1e-5, "cook": 0.0}) == "model: 10.0 us per item"


@pytest.mark.parametrize("error", [0.0, 0.25])
def test_a_simpler_answer_without_an_error_makes_a_readable_report(error):
    judged = {"height": {"model": [error], "mean target": [0.0]}}

    lines = report(judged, {"model": 1e-5, "cook": 2.0}).splitlines()

    assert any("WARNING" in line for line in lines) == (error > 0)
    assert max(map(len, lines)) < 200

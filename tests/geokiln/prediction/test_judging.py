import json

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.prediction.judging import error_table, judge, report

ANSWERS = ["mean target", "linear fit", "nearest example"]
JUDGED = {"height": {"model": [3.0, 4.0], "baseline": [6.0, 8.0], "linear fit": [1.0, 2.0]}}


@pytest.fixture
def judged(model, table, unseen):
    """A function that judges the model where the truth is *offset* above what it predicts."""

    def judged(offset=0.0, truth=True, baseline=None, **changes):
        arrays = unseen()
        inputs = model.flat_inputs(arrays, "")
        outputs, _ = model.run(inputs)
        named = model.named_outputs(outputs)
        if truth:
            arrays |= {f"target/{name}": array + np.float32(offset) for name, array in named.items()}
        arrays |= {f"baseline/{name}": named[name] + error for name, error in (baseline or {}).items()}
        return judge(model, inputs, outputs, {**arrays, **changes}, table), arrays

    return judged


def test_errors_are_rms_errors_of_each_item_in_physical_units(judged, table):
    result, arrays = judged(offset=0.25, baseline={"height": 2, "force": -3})

    mean = table.read()[:, 5:].mean(0)
    off = np.sqrt(np.square(arrays["target/height"] - mean[:3]).mean(1))
    assert list(result) == ["height", "force"]
    assert list(result["height"]) == list(result["force"]) == ["model", "baseline", *ANSWERS]
    assert result["height"]["model"] == result["force"]["model"] == pytest.approx([0.25] * 4, rel=1e-5)
    assert result["height"]["baseline"] == pytest.approx([1.75] * 4)
    assert result["force"]["baseline"] == pytest.approx([3.25] * 4)
    assert result["height"]["mean target"] == pytest.approx(off, rel=1e-4)
    assert json.loads(json.dumps(result)) == result


def test_a_baseline_of_some_targets_alone_is_left_out_and_without_ground_truth_there_is_no_judgement(judged):
    result, _ = judged(baseline={"height": 0})
    nothing, _ = judged(truth=False)

    assert list(result["height"]) == ["model", *ANSWERS] and nothing == {}


def test_a_ground_truth_of_another_shape_than_the_models_outputs_is_named(judged):
    with pytest.raises(UserError) as error:
        judged(**{"target/height": np.zeros((4, 5), np.float32)})

    assert str(error.value) == "target 'height' of the truth has shape (5,), the model's (3,)"


def test_the_table_and_the_report_by_hand():
    rows = {row.pop("answer"): row for row in error_table(JUDGED)}
    lines = report(JUDGED, {"model": 1e-5, "cook": 2.0}).splitlines()

    model = {"target": "height", "rms": pytest.approx(12.5**0.5), "worst": 4.0, "model_share": 1.0, "worst_share": 1.0}
    assert rows["model"] == model
    assert rows["linear fit"]["model_share"] == pytest.approx(5**0.5) and rows["linear fit"]["worst_share"] == 3
    assert lines[0] == "model: 10.0 us per item; to cook one took 2 s, 200,000 times as long"
    assert lines[1] == "height, model: RMS error 3.536, worst item 4"
    assert lines[2].endswith("the model makes 50.0% of it, in its worst item 50.0%")
    assert lines[4:] == ["WARNING: the model loses to the linear fit in height; more data points or epochs may help"]


@pytest.mark.parametrize(
    ("model", "other", "warned"), [(1.0, 0.99, True), (1.0, 1.0, False), (0.25, 0.0, True), (0.0, 0.0, False)]
)
def test_the_report_warns_of_every_answer_that_is_better_and_of_no_other(model, other, warned):
    output = report({"height": {"model": [model], "baseline": [other]}}, {"model": 1e-5, "cook": 2.0})

    assert ("WARNING: the model loses to the baseline in height" in output) == warned
    assert "nan" not in output and max(map(len, output.splitlines())) < 200


def test_the_report_without_ground_truth_is_the_time_alone():
    assert report({}, {"model": 1e-5, "cook": 0.0}) == "model: 10.0 us per item"

import os
import time
from pathlib import Path

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.prediction.onnx_model import Model


def test_inputs_are_laid_out_as_the_model_was_trained_whatever_their_order(model, unseen):
    arrays = unseen()

    flat = model.flat_inputs(arrays, "unseen.npz")

    assert flat.dtype == np.float32
    assert np.array_equal(flat, np.hstack([arrays["input/rotation"].reshape(4, 4), arrays["input/time"][:, None]]))


def test_outputs_are_named_and_shaped(model, unseen):
    inputs = np.tile(model.flat_inputs(unseen(), "unseen.npz"), (250, 1))

    start = time.perf_counter()
    outputs, seconds = model.run(inputs)
    whole = time.perf_counter() - start
    named = model.named_outputs(outputs)

    expected = inputs @ (np.arange(20).reshape(5, 4) / 10)
    assert 0 < seconds * len(inputs) < whole
    assert list(named) == ["height", "force"]
    assert named["height"] == pytest.approx(expected[:, :3], rel=1e-5, abs=1e-6)
    assert named["force"] == pytest.approx(expected[:, 3], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"input/time": None}, "input 'time' has shape missing, the model was trained with ()"),
        ({"input/rotation": np.zeros((4, 9))}, "input 'rotation' has shape (9,), the model was trained with (2, 2)"),
        ({"input/speed": np.zeros(4)}, "input 'speed' has shape (), the model was trained with none of that name"),
    ],
    ids=["missing", "flat", "more"],
)
def test_an_input_that_the_model_was_not_trained_with_is_named(changes, sentence, model, unseen):
    with pytest.raises(UserError) as error:
        model.flat_inputs(unseen(**changes), "unseen/walk.npz")

    assert str(error.value) == f"unseen/walk.npz: {sentence}; unseen inputs need the training geometry's attributes"


def test_a_damaged_model_is_put_aside_and_named(model):
    os.truncate("model.onnx", 200)

    with pytest.raises(UserError) as error:
        Model("model.onnx")

    assert str(error.value).startswith("model.onnx is damaged (")
    assert Path("model.onnx.damaged").exists()

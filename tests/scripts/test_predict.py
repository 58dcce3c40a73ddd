import json
import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import export_model
from geokiln.export.onnx_graph import build_onnx
from geokiln.storage.arrays import read_arrays
from geokiln.storage.tables import TableWriter, components_of
from predict import main


def arguments(name="walk", **changes):
    options = {
        "model": "model.onnx",
        "unseen": f"unseen/{name}.npz",
        "cook-report": f"unseen/{name}.json",
        "examples": "dataset/examples.raw",
        "sidecar": "dataset/examples.json",
        "predictions": f"predictions/{name}.npz",
        "errors": f"predictions/{name}.json",
        **changes,
    }
    return [word for key, value in options.items() for word in (f"--{key}", value)]


@pytest.fixture
def model(wedges):
    """model.onnx of the better wedge."""
    export_model.main(
        ["--wedge", "long", "--preprocessed", "preprocessed", "--examples", "dataset/examples.raw"]
        + ["--sidecar", "dataset/examples.json", "--output", "model.onnx"]
    )


def errors(name="walk"):
    return json.loads(Path(f"predictions/{name}.json").read_text())


def test_predictions_are_the_models_outputs_by_name(model, unseen, dataset):
    unseen("walk")

    main(arguments())
    predictions = read_arrays("predictions/walk.npz")

    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    outputs = session.run(["output"], {"input": dataset[0][:4]})[0]
    assert list(predictions) == ["id", "height", "force"]
    assert predictions["id"].tolist() == ["0", "1", "2", "3"]
    assert predictions["height"] == pytest.approx(outputs[:, :3], abs=1e-5)
    assert predictions["force"] == pytest.approx(outputs[:, 3], rel=1e-5)


def test_the_model_is_judged_by_the_ground_truth(model, unseen, capsys):
    unseen("walk")

    main(arguments())
    document, output = errors(), capsys.readouterr().out

    assert document["ids"] == ["0", "1", "2", "3"]
    assert document["seconds_per_item"]["cook"] == 0.5
    assert list(document["errors"]) == ["height", "force"]
    assert list(document["errors"]["force"]) == ["model", "baseline", "mean target", "linear fit", "nearest example"]
    assert max(document["errors"]["force"]["nearest example"]) == 0  # the unseen items are examples of the dataset
    assert "force, baseline: RMS error" in output
    assert "WARNING: the model loses to the nearest example in force" in output


def test_without_ground_truth_there_are_predictions_and_no_errors(model, unseen, capsys):
    unseen("walk", truth=False)

    main(arguments())

    assert errors()["errors"] == {}
    assert list(read_arrays("predictions/walk.npz")) == ["id", "height", "force"]
    assert "WARNING" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"input/x": np.zeros((4, 3))}, "unseen/walk.npz: input 'x' has shape (3,), the model was trained with (2,)"),
        ({"input/speed": np.zeros(4)}, "unseen/walk.npz: input 'speed' has shape (), the model was trained with none"),
    ],
    ids=["shape", "more"],
)
def test_an_input_that_the_model_was_not_trained_with_ends_in_a_sentence(changes, sentence, model, unseen, failure):
    unseen("walk", **changes)

    message = failure(main, arguments())

    assert message.startswith(f"predict: {sentence}")
    assert not list(Path().glob("predictions/*"))


def test_a_ground_truth_of_another_shape_ends_in_a_sentence(model, unseen, failure):
    unseen("walk", **{"target/height": np.zeros((4, 5), np.float32)})

    message = failure(main, arguments())

    assert message.startswith("predict: ")
    assert "'height'" in message


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("unseen/walk.npz", "unseen/walk.npz is damaged ("),
        ("unseen/walk.json", "unseen/walk.json is damaged (not JSON: "),
        ("dataset/examples.raw", "dataset/examples.raw is damaged (10 bytes instead of"),
        ("model.onnx", "model.onnx"),
    ],
)
def test_a_damaged_file_ends_in_a_sentence(path, sentence, model, unseen, failure):
    unseen("walk")
    os.truncate(path, 10)

    message = failure(main, arguments())

    assert message.startswith(f"predict: {sentence}")


def test_a_missing_unseen_input_is_named(model, failure):
    message = failure(main, arguments())

    assert message == "predict: unseen/walk.npz does not exist"


@pytest.mark.parametrize("name", ["file", "allow_pickle", "height"])
def test_a_target_may_have_any_name(name, unseen, settings):
    unseen("walk", truth=False)
    basis = {"input_mean": np.zeros(2), "input_scale": np.ones(2), "target_mean": np.zeros(1), "basis": np.eye(1)}
    weights = {"layers.0.weight": np.ones((2, 1), np.float32), "layers.0.bias": np.zeros(1, np.float32)}
    metadata = {"inputs": components_of({"x": (2,)}), "outputs": components_of({name: ()})}
    onnx.save(build_onnx(weights, settings(hidden_layers=0), basis, metadata), "model.onnx")
    with TableWriter("dataset/examples.raw", "dataset/examples.json", {"x": (2,)}, {name: ()}) as writer:
        writer.write(np.ones((2, 3)))

    main(arguments())

    assert sorted(read_arrays("predictions/walk.npz")) == sorted(["id", name])

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from geokiln.export.onnx_graph import build_onnx
from geokiln.storage.arrays import read_arrays
from geokiln.storage.results import write_result
from geokiln.storage.tables import components_of
from predict import main

WEIGHT = np.float32([[1, 0, 2, 1000], [0.1, 0.2, 0, 3]])


def arguments():
    files = {"unseen": "unseen/walk.npz", "cook-report": "unseen/walk.json"}
    files |= {"predictions": "predictions/walk.npz", "errors": "predictions/walk.json"}
    words = [word for key, value in files.items() for word in (f"--{key}", value)]
    return [
        *words,
        "--model",
        "model.onnx",
        "model.json",
        "--examples",
        "dataset/examples.raw",
        "dataset/examples.json",
    ]


@pytest.fixture
def model(settings):
    """model.onnx, whose outputs are x @ WEIGHT + 50."""
    basis = {"input_mean": np.zeros(2), "input_scale": np.ones(2), "target_mean": [50] * 4, "basis": np.eye(4)}
    weights = {"layers.0.weight": WEIGHT, "layers.0.bias": np.zeros(4, np.float32)}
    outputs = components_of({"height": (3,), "force": ()})
    metadata = {"inputs": components_of({"x": (2,)}), "outputs": outputs}
    onnx.save(build_onnx(weights, settings(hidden_layers=0), basis, metadata), "model.onnx")
    write_result("model.json", {"wedge": "one"}, {}, ["model.onnx"])


def test_predictions_are_the_models_outputs_by_name_judged_by_the_ground_truth(model, unseen, dataset, capsys):
    unseen("walk")

    main(arguments())
    predictions, output = read_arrays("predictions/walk.npz"), capsys.readouterr().out
    document = json.loads(Path("predictions/walk.json").read_text())

    expected = dataset[0][:4] @ WEIGHT + 50
    assert list(predictions) == ["id", "height", "force"]
    assert predictions["id"].tolist() == document["ids"] == ["0", "1", "2", "3"]
    assert predictions["height"] == pytest.approx(expected[:, :3], abs=1e-4)
    assert predictions["force"] == pytest.approx(expected[:, 3], rel=1e-5)
    assert document["seconds_per_item"]["cook"] == 0.5
    assert list(document["errors"]) == ["height", "force"]
    assert list(document["errors"]["force"]) == ["model", "baseline", "mean target", "linear fit", "nearest example"]
    assert max(document["errors"]["force"]["nearest example"]) == 0  # the unseen items are examples of the dataset
    assert "WARNING: the model loses to the nearest example in force" in output


def test_a_damaged_input_ends_in_a_sentence(model, unseen, failure):
    unseen("walk")
    content = bytearray(Path("unseen/walk.npz").read_bytes())
    content[content.index(b"NUMPY") + 130] ^= 1
    Path("unseen/walk.npz").write_bytes(content)

    message = failure(main, arguments())

    assert message.startswith("predict: unseen/walk.npz is damaged (")
    assert not list(Path().glob("predictions/*"))

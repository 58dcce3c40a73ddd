import json
import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from safetensors.numpy import load_file

from export_model import main
from geokiln.arrays import read_arrays, write_arrays
from geokiln.model import predict_physical


def arguments(**changes):
    options = {
        "basis": "preprocessed/base/basis.npz",
        "examples": "dataset/examples.raw",
        "sidecar": "dataset/examples.json",
        "output": "model.onnx",
        **changes,
    }
    return [word for key, value in options.items() for word in (f"--{key}", value)]


@pytest.fixture
def ranking(write):
    write("wedges.csv", "rank,wedge\n1,long\n2,short\n")
    return "wedges.csv"


def metadata(path="model.onnx"):
    return {entry.key: json.loads(entry.value) for entry in onnx.load(path).metadata_props}


def test_the_first_wedge_of_the_ranking_is_exported(wedges, ranking, capsys):
    main(arguments(ranking=ranking))

    onnx.checker.check_model("model.onnx", full_check=True)
    assert metadata()["wedge"]["name"] == "long"
    assert capsys.readouterr().out.startswith("long -> model.onnx; onnxruntime and PyTorch agree to ")


def test_a_wedge_may_be_named_instead(wedges, ranking):
    main(arguments(wedge="short", output="wedges/short/model.onnx"))

    assert metadata("wedges/short/model.onnx")["wedge"]["name"] == "short"


def test_the_model_maps_raw_inputs_to_physical_targets(wedges, dataset):
    main(arguments(wedge="long"))
    inputs, height, force = dataset

    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    outputs = session.run(["output"], {"input": inputs})[0]

    basis = read_arrays("preprocessed/base/basis.npz")
    expected = predict_physical(load_file("wedges/long/weights.safetensors"), "tanh", basis, inputs)
    assert outputs == pytest.approx(expected, rel=1e-4, abs=1e-3)
    assert np.abs(outputs[:, 3] - force).mean() < np.abs(force - force.mean()).mean()


def test_the_model_tells_what_it_was_trained_with(wedges, settings):
    main(arguments(wedge="long"))

    about = metadata()

    assert [(c["name"], c["shape"], c["offset"]) for c in about["inputs"]] == [("x", [2], 0)]
    assert [(c["name"], c["shape"], c["offset"]) for c in about["outputs"]] == [("height", [3], 0), ("force", [], 3)]
    assert about["wedge"] == {"name": "long", **settings(epochs=60)}
    assert set(about["validation_rmse"]) == {"height", "force"}
    assert about["dataset"] == json.loads(Path("dataset/examples.json").read_text())["digest"]


def test_the_same_wedge_gives_the_same_bytes(wedges):
    for path in ("a.onnx", "b.onnx"):
        main(arguments(wedge="long", output=path))

    assert Path("a.onnx").read_bytes() == Path("b.onnx").read_bytes()


def test_a_model_that_does_not_agree_is_not_written(wedges, failure):
    basis = read_arrays("preprocessed/base/basis.npz")
    basis["target_mean"][3] = np.nan
    write_arrays("preprocessed/base/basis.npz", basis)

    message = failure(main, arguments(wedge="long"))

    assert message.startswith("export_model: the exported model differs from PyTorch in target 'force' by nan")
    assert not Path("model.onnx").exists()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("wedges/long/training.json", "wedges/long/training.json is damaged (not JSON: "),
        ("wedges/long/weights.safetensors", "wedges/long/weights.safetensors"),
        ("preprocessed/base/basis.npz", "preprocessed/base/basis.npz is damaged ("),
        ("dataset/examples.raw", "dataset/examples.raw is damaged (10 bytes instead of"),
    ],
)
def test_a_damaged_file_ends_in_a_sentence(path, sentence, wedges, failure):
    os.truncate(path, 10)

    message = failure(main, arguments(wedge="long"))

    assert message.startswith(f"export_model: {sentence}")
    assert not Path("model.onnx").exists()


def test_a_wedge_that_is_not_there_is_named(wedges, failure):
    message = failure(main, arguments(wedge="other"))

    assert message == "export_model: wedges/other/training.json does not exist"

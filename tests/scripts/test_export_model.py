import json
import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from safetensors.numpy import load_file, save_file

from export_model import main
from geokiln.models.reference import coefficient_function, physical_predictions
from geokiln.storage.arrays import read_arrays, write_arrays


def arguments(**changes):
    options = {
        "preprocessed": "preprocessed",
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


def test_the_model_maps_raw_inputs_to_physical_targets(wedges, dataset, settings):
    main(arguments(wedge="long"))
    inputs, height, force = dataset

    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    outputs = session.run(["output"], {"input": inputs})[0]

    basis = read_arrays("preprocessed/base/basis.npz")
    weights = load_file("wedges/long/weights.safetensors")
    expected = physical_predictions(coefficient_function(settings(), weights, 2, len(basis["basis"])), basis, inputs)
    assert outputs == pytest.approx(expected, rel=1e-4, abs=1e-3)
    assert np.abs(outputs[:, 3] - force).mean() < np.abs(force - force.mean()).mean()


def test_the_model_tells_what_it_was_trained_with(wedges, settings):
    main(arguments(wedge="long"))

    about = metadata()

    assert [(c["name"], c["shape"], c["offset"]) for c in about["inputs"]] == [("x", [2], 0)]
    assert [(c["name"], c["shape"], c["offset"]) for c in about["outputs"]] == [("height", [3], 0), ("force", [], 3)]
    assert about["wedge"] == {"name": "long", "epoch": 60, **settings(epochs=60, save_state="never")}
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


def test_a_wedge_that_diverged_has_no_model(wedges, failure):
    result = json.loads(Path("wedges/long/training.json").read_text())
    Path("wedges/long/training.json").write_text(json.dumps({**result, "status": "diverged", "epochs": 7}))

    message = failure(main, arguments(wedge="long"))

    assert message.startswith("export_model: wedge long diverged in epoch 7")
    assert "training.learning_rate" in message and not Path("model.onnx").exists()


def test_the_snapshot_of_an_epoch_may_be_exported(wedges, failure):
    weights = load_file("wedges/long/weights.safetensors")
    snapshots = {f"{epoch}/{name}": array / epoch for epoch in (1, 10) for name, array in weights.items()}
    save_file(snapshots, "wedges/long/snapshots.safetensors")

    main(arguments(wedge="long"))
    for epoch in ("1", "10"):
        main(arguments(wedge="long", epoch=epoch, output=f"epoch-{epoch}.onnx"))

    assert [metadata(f"epoch-{epoch}.onnx")["wedge"]["epoch"] for epoch in (1, 10)] == [1, 10]
    graphs = [onnx.load(path).graph for path in ("epoch-1.onnx", "model.onnx", "epoch-10.onnx")]
    assert graphs[0] == graphs[1] != graphs[2]
    message = failure(main, arguments(wedge="long", epoch="11"))
    assert message == "export_model: wedge long has no snapshot of epoch 11; there are: 1, 10"

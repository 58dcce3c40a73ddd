import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from safetensors.numpy import load_file, save_file

import train_pack
from export_model import main
from geokiln.storage.arrays import read_arrays, write_arrays
from geokiln.storage.files import write_json
from geokiln.storage.results import read_result


@pytest.fixture
def export(wedges):
    """A function that exports a wedge, with further flags."""

    def export(output="model.onnx", **options):
        options |= {"output": output, "about": output.replace(".onnx", ".json")}
        main([*wedges, *(word for key, value in options.items() for word in (f"--{key}", *value.split()))])

    return export


def metadata(path="model.onnx"):
    return {entry.key: json.loads(entry.value) for entry in onnx.load(path).metadata_props}


def test_the_first_wedge_of_the_ranking_becomes_a_model_of_raw_inputs_and_physical_targets(
    export, write, dataset, settings, capsys
):
    write("wedges.csv", "rank,wedge\n1,short\n2,long\n")
    write("wedges.json", '{"wedge": "long", "ranked_by": "validation"}')

    export(ranking="wedges.csv wedges.json")

    inputs, _, force = dataset
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    outputs = session.run(["output"], {"input": inputs})[0]
    assert capsys.readouterr().out.startswith("long -> model.onnx; onnxruntime and PyTorch agree to ")
    assert np.abs(outputs[:, 3] - force).mean() < np.abs(force - force.mean()).mean()
    about = metadata()
    assert [(c["name"], c["shape"], c["offset"]) for c in about["inputs"]] == [("x", [2], 0)]
    assert [(c["name"], c["shape"], c["offset"]) for c in about["outputs"]] == [("height", [3], 0), ("force", [], 3)]
    assert about["wedge"] == {"name": "long", "epoch": 60, **settings(epochs=60, save_state="never")}
    assert set(about["validation_rmse"]) == {"height", "force"}
    told = read_result("model.json")
    assert (told["inputs"], told["outputs"]) == (about["inputs"], about["outputs"])
    assert about["dataset"] == json.loads(Path("dataset/examples.json").read_text())["digest"]


def test_a_model_that_does_not_agree_is_not_written(export, failure):
    basis = read_arrays("preprocessed/base/basis.npz")
    basis["target_mean"][3] = np.nan
    write_arrays("preprocessed/base/basis.npz", basis)

    message = failure(lambda wedge: export(wedge=wedge), "long")

    assert message.startswith("export_model: the exported model differs from PyTorch in target 'force' by nan")
    assert not Path("model.onnx").exists()


def test_the_snapshot_of_an_epoch_may_be_exported_of_a_named_wedge(export):
    weights = load_file("wedges/long/weights.safetensors")
    snapshots = {f"{epoch}/{name}": array / epoch for epoch in (1, 10) for name, array in weights.items()}
    kept = "wedges/{wedge}/snapshots.safetensors"
    Path("wedges/long/snapshots.safetensors").unlink()
    save_file(snapshots, "wedges/long/snapshots.safetensors")
    write_json("wedges/long/training.json", read_result("wedges/long/training.json"))

    export(wedge="long")
    for epoch in ("1", "10"):
        export(f"epoch-{epoch}.onnx", wedge="long", epoch=epoch, weights=kept)

    assert [metadata(f"epoch-{epoch}.onnx")["wedge"]["epoch"] for epoch in (1, 10)] == [1, 10]
    graphs = [onnx.load(path).graph for path in ("epoch-1.onnx", "model.onnx", "epoch-10.onnx")]
    assert graphs[0] == graphs[1] != graphs[2]


def test_a_regressor_that_competes_with_a_model_of_ones_own_is_exported(export, write, pack_arguments, published):
    write("own.py", "import torch\ndef model(n_in, n_out, settings): return torch.nn.Linear(n_in, n_out)\n")
    train_pack.main(pack_arguments({"fit": {"model": "linear"}}, {"script": "own.py"}, "fit.json", script="own.py"))
    published("fit", "fit.json")

    export(wedge="fit", script="own.py")

    assert metadata()["wedge"]["model"] == "linear"

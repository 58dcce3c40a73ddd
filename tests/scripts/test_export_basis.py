import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import export_basis
import export_model
import train_pack
from geokiln.api import read_geo
from geokiln.storage.results import read_result
from geokiln.storage.tables import TableWriter

OWN = "import torch\ndef model(n_in, n_out, settings): return torch.nn.Linear(n_in, n_out)\n"


@pytest.fixture
def dataset():
    """dataset/examples.*: 40 examples of one input ``x`` (2) and targets ``force`` () and ``displacement`` (5, 3)."""
    Path("dataset").mkdir()
    random = np.random.default_rng(0)
    inputs = np.float32(random.normal(size=(40, 2)))
    displacement = np.tanh(inputs @ random.normal(size=(2, 15))) + 3
    files = "dataset/examples.raw", "dataset/examples.json"
    with TableWriter(*files, {"x": (2,)}, {"force": (), "displacement": (5, 3)}) as writer:
        writer.write(np.hstack([inputs, 1000 * inputs[:, :1], displacement]))
    Path("dataset/examples.ids").write_text("".join(f"{number}\n" for number in range(40)))
    return inputs


@pytest.fixture
def fitted(preprocessed, pack_arguments, published):
    """A function that trains the wedge ``fit``."""

    def fitted(values, **options):
        train_pack.main(pack_arguments({"fit": values}, {"epochs": 5}, "packs/fit.json", **options))
        published("fit", "packs/fit.json")

    return fitted


def flags(options):
    return [word for key, value in options.items() for word in (f"--{key}", *value.split())]


RESULT, BASIS = "wedges/{wedge}/training.json", "preprocessed/{recipe}/basis.npz"


def exported(name, **options):
    files = {"result": RESULT, "weights": "wedges/{wedge}/weights.safetensors", "basis": BASIS}
    files |= {"examples": "dataset/examples.raw dataset/examples.json", "wedge": "fit"}
    export_model.main(flags({**files, "output": f"{name}.onnx", "about": f"{name}.json", **options}))
    return onnxruntime.InferenceSession(f"{name}.onnx", providers=["CPUExecutionProvider"])


def basis_arguments(target="displacement", wedge="--wedge fit"):
    files = {"result": RESULT, "basis": BASIS, "examples": "dataset/examples.json", "target": target}
    return [*wedge.split(), *flags({**files, "output": f"{target}.geo", "about": f"{target}.json"})]


@pytest.mark.parametrize("values", [{"model": kind} for kind in ("network", "linear", "kernel", "nearest")] + [None])
def test_the_weights_combine_the_shapes_to_what_the_whole_model_gives(values, fitted, dataset, write):
    own = {} if values else {"script": write("own.py", OWN) and "own.py"}
    fitted(values or {"model": "network"}, **own)

    whole, weights = exported("model", **own), exported("model_weights", gives="coefficients", **own)
    export_basis.main(basis_arguments())

    expected = whole.run(["output"], {"input": dataset})[0][:, 1:].reshape(40, 5, 3)
    coefficients = weights.run(["output"], {"input": dataset})[0]
    shapes = read_geo("displacement.geo").points.reshape(-1, 5, 3)
    assert coefficients.shape == (40, 3) and len(shapes) == 4
    combined = shapes[0] + np.einsum("nk,kpc->npc", coefficients, shapes[1:])
    assert np.abs(combined - expected).max() <= 1e-6 * np.abs(expected).max()
    metadata = {entry.key: json.loads(entry.value) for entry in onnx.load("model_weights.onnx").metadata_props}
    assert metadata["outputs"] == [{"name": "coefficients", "shape": [3], "offset": 0, "size": 3}]
    assert [target["name"] for target in metadata["targets"]] == ["force", "displacement"]
    about = {"wedge": "fit", "recipe": "base", "target": "displacement", "shapes": 4, "points_per_shape": 5}
    assert read_result("displacement.json") == about


def test_the_shapes_are_those_of_the_best_wedges_preprocessing(fitted, write):
    fitted({})
    write("wedges.csv", "rank,wedge\n1,fit\n")
    write("wedges.json", '{"wedge": "fit", "ranked_by": "validation"}')

    export_basis.main(basis_arguments(wedge="--ranking wedges.csv wedges.json"))

    assert read_result("displacement.json")["wedge"] == "fit"


def test_a_target_that_is_no_array_of_points_leaves_no_file(fitted, failure):
    fitted({})

    message = failure(export_basis.main, basis_arguments("force"))

    assert message == (
        "export_basis: basis/force.geo: target 'force' has the shape (); shapes need an array (points, 3)"
    )
    assert not Path("force.geo").exists() and not Path("force.json").exists()


def test_a_wedge_without_components_has_neither_shapes_nor_weights_for_them(fitted, failure):
    fitted({}, recipe=["base", '{"target_components": 0}'])

    shapes = failure(export_basis.main, basis_arguments())
    weights = failure(lambda _: exported("model_weights", gives="coefficients"), None)

    why = "wedge fit was trained with preprocess.target_components: 0, so there is no basis; set it to a number"
    assert shapes.startswith(f"export_basis: {why}") and weights.startswith(f"export_model: {why}")
    assert not Path("model_weights.onnx").exists()

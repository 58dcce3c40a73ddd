import json
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from geokiln.arrays import read_arrays
from geokiln.errors import UserError
from geokiln.model import predict_physical
from geokiln.preprocessing import preprocess_table
from geokiln.tables import Table
from geokiln.wedge_training import train_wedge, validation_rms


@pytest.fixture
def preprocessed(dataset):
    """A dataset of a line and its square in other units, and a function that preprocesses it."""
    x = np.linspace(-1, 1, 40)[:, None]
    files = dataset(x, {"line": np.hstack([x, 2 * x]), "square": 1000 * x**2})

    def preprocessed(share=0.2):
        Path("base").mkdir(exist_ok=True)
        preprocess_table(*files, "base", share, 0, True, 2)
        return files[0], files[1]

    return preprocessed


def train(files, settings):
    Path("wedge").mkdir(exist_ok=True)
    train_wedge("base", *files, settings, "wedge")
    return load_file("wedge/weights.safetensors"), json.loads(Path("wedge/training.json").read_text())


def test_a_trained_wedge_is_its_weights_and_its_result(preprocessed, wedge):
    settings, files = wedge(epochs=20, hidden_layers=1, hidden_width=8), preprocessed()

    start = time.perf_counter()
    weights, result = train(files, settings)
    whole = time.perf_counter() - start

    assert {name: array.shape for name, array in weights.items()} == {
        "layers.0.weight": (1, 8),
        "layers.0.bias": (8,),
        "layers.1.weight": (8, 2),
        "layers.1.bias": (2,),
    }
    assert result["settings"] == settings
    assert result["parameters"] == 8 + 8 + 16 + 2
    assert (result["status"], result["epochs"]) == ("trained", 20)
    assert result["dataset"] == Table(*files).digest
    assert 0 < result["seconds"] <= whole + 0.001


def test_the_error_is_that_of_the_validation_split_in_physical_units(preprocessed, wedge):
    files = preprocessed()

    weights, result = train(files, wedge(epochs=20))

    basis, rows = read_arrays("base/basis.npz"), Table(*files).read()
    held_out = rows[basis["validation"]]
    errors = predict_physical(weights, "tanh", basis, held_out[:, :1]) - held_out[:, 1:]
    spread = held_out[:, 1:] - rows[~basis["validation"], 1:].mean(0)
    rms = lambda array: np.sqrt(np.square(array).mean())
    assert result["validation_rmse"]["line"] == pytest.approx(rms(errors[:, :2]), rel=1e-5)
    assert result["validation_rmse"]["square"] == pytest.approx(rms(errors[:, 2:]), rel=1e-5)
    shares = [rms(errors[:, :2]) / rms(spread[:, :2]), rms(errors[:, 2:]) / rms(spread[:, 2:])]
    assert result["relative_validation_rmse"] == pytest.approx(rms(np.array(shares)), rel=1e-4)


def test_a_longer_training_has_a_smaller_error(preprocessed, wedge):
    files = preprocessed()

    short, long = (train(files, wedge(epochs=epochs, learning_rate=0.02))[1] for epochs in (1, 200))

    assert long["relative_validation_rmse"] < 0.3 * short["relative_validation_rmse"]
    assert long["validation_loss"] < short["validation_loss"]


def test_the_same_settings_give_the_same_weights(preprocessed, wedge):
    files = preprocessed()

    first, second = (train(files, wedge(epochs=10))[0] for _ in range(2))

    assert all(np.abs(first[name] - second[name]).max() <= 1e-6 for name in first)


def test_a_perfect_network_has_no_error(preprocessed):
    files = preprocessed()
    basis, table = read_arrays("base/basis.npz"), Table(*files)
    zero = {"layers.0.weight": np.zeros((1, 2), np.float32), "layers.0.bias": np.zeros(2, np.float32)}

    rms, spread = validation_rms(table, basis, zero, "tanh")

    assert rms == pytest.approx(spread, rel=1e-6)
    assert set(rms) == {"line", "square"}


def test_without_a_validation_example_the_key_is_named(preprocessed, wedge):
    files = preprocessed(share=0)

    with pytest.raises(UserError) as error:
        train(files, wedge())

    assert str(error.value).startswith("preprocess.validation_share leaves no validation example")
    assert not list(Path("wedge").iterdir())


def test_a_damaged_split_is_put_aside_and_named(preprocessed, wedge):
    files = preprocessed()
    Path("base/training.raw").write_bytes(b"")

    with pytest.raises(UserError) as error:
        train(files, wedge())

    assert "base/training.raw is damaged (0 bytes instead of" in str(error.value)


def test_a_training_that_diverges_is_told(preprocessed, wedge):
    files = preprocessed()

    with pytest.raises(UserError) as error:
        train(files, wedge(learning_rate=1e30, activation="relu", epochs=10))

    assert "learning_rate" in str(error.value)

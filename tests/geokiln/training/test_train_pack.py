import csv
import json
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from geokiln.dataset.preprocessing import preprocess_table
from geokiln.errors import UserError
from geokiln.models.reference import coefficient_function, physical_predictions
from geokiln.models.wedge_errors import errors_on_examples
from geokiln.storage.arrays import read_arrays
from geokiln.storage.tables import Table
from geokiln.training import settings as training_settings
from geokiln.training import train_pack as pack_training
from geokiln.training.states import States
from geokiln.training.train_pack import train_pack


@pytest.fixture
def preprocessed(dataset):
    """A dataset of a line and its square in other units, and a function that preprocesses it."""
    x = np.linspace(-1, 1, 40)[:, None]
    files = dataset(x, {"line": np.hstack([x, 2 * x]), "square": 1000 * x**2})

    def preprocessed(share=0.2, test=0.0):
        Path("base").mkdir(exist_ok=True)
        preprocess_table(*files, "base", share, 0, True, 2, test)
        return files[0], files[1]

    return preprocessed


@pytest.fixture
def train(train_one):
    def train(files, settings, **own):
        result = train_one(files, settings, **own)
        return load_file("wedge/weights.safetensors"), result

    return train


def predictions(weights, settings, basis, inputs):
    return physical_predictions(coefficient_function(settings, weights, 1, len(basis["basis"])), basis, inputs)


def test_a_trained_wedge_is_its_weights_and_its_result(preprocessed, wedge, train):
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


def test_the_error_is_that_of_the_validation_split_in_physical_units(preprocessed, wedge, train):
    files = preprocessed()

    settings = wedge(epochs=20)
    weights, result = train(files, settings)

    basis, rows = read_arrays("base/basis.npz"), Table(*files).read()
    held_out = rows[basis["validation"]]
    errors = predictions(weights, settings, basis, held_out[:, :1]) - held_out[:, 1:]
    spread = held_out[:, 1:] - rows[~basis["validation"], 1:].mean(0)
    rms = lambda array: np.sqrt(np.square(array).mean())
    assert result["validation_rmse"]["line"] == pytest.approx(rms(errors[:, :2]), rel=1e-5)
    assert result["validation_rmse"]["square"] == pytest.approx(rms(errors[:, 2:]), rel=1e-5)
    shares = [rms(errors[:, :2]) / rms(spread[:, :2]), rms(errors[:, 2:]) / rms(spread[:, 2:])]
    assert result["relative_validation_rmse"] == pytest.approx(rms(np.array(shares)), rel=1e-4)


def test_a_longer_training_has_a_smaller_error(preprocessed, wedge, train):
    files = preprocessed()

    short, long = (train(files, wedge(epochs=epochs, learning_rate=0.02))[1] for epochs in (1, 200))

    assert long["relative_validation_rmse"] < 0.3 * short["relative_validation_rmse"]
    assert long["validation_loss"] < short["validation_loss"]


def test_the_same_settings_give_the_same_weights(preprocessed, wedge, train):
    files = preprocessed()

    first, second = (train(files, wedge(epochs=10))[0] for _ in range(2))

    assert all(np.abs(first[name] - second[name]).max() <= 1e-6 for name in first)


def test_a_network_of_zeros_has_the_spread_as_its_error(preprocessed, wedge):
    files = preprocessed()
    basis, table = read_arrays("base/basis.npz"), Table(*files)
    zero = {"layers.0.weight": np.zeros((1, 2), np.float32), "layers.0.bias": np.zeros(2, np.float32)}

    predict = coefficient_function(wedge(), zero, 1, 2)
    errors = errors_on_examples(predict, basis, table)

    assert errors["relative_validation_rmse"] == pytest.approx(1, rel=1e-6)
    assert set(errors["validation_rmse"]) == {"line", "square"}


def test_without_a_validation_split_the_training_split_judges(preprocessed, wedge, train):
    files = preprocessed(share=0)

    _, result = train(files, wedge(epochs=20))

    assert result["judged_on"] == "training" and set(result["validation_rmse"]) == {"line", "square"}
    assert result["training_loss"] == result["validation_loss"]


def test_a_test_split_has_an_error_of_its_own(preprocessed, wedge, train):
    files = preprocessed(test=0.3)

    settings = wedge(epochs=20)
    weights, result = train(files, settings)

    basis, rows = read_arrays("base/basis.npz"), Table(*files).read()
    tested = rows[basis["test"]]
    errors = predictions(weights, settings, basis, tested[:, :1]) - tested[:, 1:]
    assert result["test_rmse"]["square"] == pytest.approx(np.sqrt(np.square(errors[:, 2]).mean()), rel=1e-5)
    assert not (basis["test"] & basis["validation"]).any() and 5 < basis["test"].sum() < 20


def test_a_damaged_split_is_put_aside_and_named(preprocessed, wedge, train):
    files = preprocessed()
    Path("base/training.raw").write_bytes(b"")

    with pytest.raises(UserError) as error:
        train(files, wedge())

    assert "base/training.raw is damaged (0 bytes instead of" in str(error.value)


def test_a_training_that_diverges_is_a_result_without_weights(preprocessed, wedge, train):
    files = preprocessed()

    weights, result = train(files, wedge(learning_rate=1e30, activation="relu", epochs=10))

    assert (weights, result["status"]) == ({}, "diverged")
    assert result["settings"]["learning_rate"] == 1e30 and 0 < result["epochs"] <= 10
    assert "validation_rmse" not in result


def test_losses_are_recorded_at_each_evaluation(preprocessed, wedge, train):
    train(preprocessed(), wedge(epochs=20, epochs_per_evaluation=5, schedule="step", step_epochs=10))

    rows = list(csv.DictReader(Path("wedge/losses.csv").read_text().splitlines()))
    assert list(rows[0]) == ["epoch", "steps", "learning_rate", "training_loss", "validation_loss"]
    assert [row["epoch"] for row in rows] == ["5", "10", "15", "20"]
    assert [float(row["learning_rate"]) for row in rows] == pytest.approx([0.01, 0.01, 0.001, 0.001])


@pytest.mark.parametrize(
    ("snapshots", "epochs"), [(None, set()), (4, {4, 8}), ("improvement", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})]
)
def test_snapshots_hold_the_weights_of_their_epochs(snapshots, epochs, preprocessed, wedge, train):
    files = preprocessed()

    weights, _ = train(files, wedge(epochs=10, snapshots=snapshots, learning_rate=0.001))

    kept = load_file("wedge/snapshots.safetensors")
    assert {int(name.split("/")[0]) for name in kept} == epochs
    if snapshots == "improvement":
        assert all(np.array_equal(kept[f"10/{name}"], array) for name, array in weights.items())
    if snapshots == 4:
        four, _ = train(files, wedge(epochs=4, learning_rate=0.001))
        assert all(np.array_equal(kept[f"4/{name}"], array) for name, array in four.items())


def test_training_may_start_from_given_weights(preprocessed, wedge, train):
    files = preprocessed()
    weights, before = train(files, wedge(epochs=200, learning_rate=0.02))
    Path("wedge/weights.safetensors").rename("start.safetensors")

    settings = wedge(epochs=1, learning_rate=1e-9, initial_weights="start.safetensors")
    again, result = train(files, settings, initial_weights="start.safetensors")

    assert all(np.abs(again[name] - weights[name]).max() < 1e-6 for name in weights)
    assert result["validation_loss"] == pytest.approx(before["validation_loss"], rel=1e-3)
    with pytest.raises(UserError, match=r"start.safetensors does not fit this network: layers.0.weight of shape"):
        train(files, wedge(hidden_width=9), initial_weights="start.safetensors")


def test_a_set_larger_than_the_memory_setting_is_streamed_and_learns_alike(preprocessed, wedge, monkeypatch, train):
    files = preprocessed()
    whole = train(files, wedge(epochs=100, learning_rate=0.02))[1]
    opened = []
    for module in (pack_training, training_settings):
        monkeypatch.setattr(module, "MEGABYTE", 1)  # then 16 is 16 bytes

    class Spy(pack_training.Streamed):
        def __init__(self, *args):
            opened.append(args)
            super().__init__(*args)

    monkeypatch.setattr(pack_training, "Streamed", Spy)
    streamed = train(files, wedge(epochs=100, learning_rate=0.02, memory=16))[1]

    assert len(opened) == 2
    assert streamed["relative_validation_rmse"] == pytest.approx(whole["relative_validation_rmse"], abs=0.05)


def test_at_most_so_many_examples_are_used(preprocessed, wedge, train):
    files = preprocessed()

    few = train(files, wedge(epochs=3, batch_size=4, max_examples=8))

    rows = list(csv.DictReader(Path("wedge/losses.csv").read_text().splitlines()))
    assert rows[-1]["steps"] == "6" and few[1]["status"] == "trained"


@pytest.mark.parametrize("device", ["cuda:7", "mps"])
def test_a_device_that_is_not_there_is_named(device, preprocessed, wedge, train):
    with pytest.raises(UserError, match=f"training.device: {device} cannot be used here"):
        train(preprocessed(), wedge(device=device))


@pytest.mark.parametrize("model", ["linear", "kernel", "nearest"])
def test_other_regressors_give_the_same_files(model, preprocessed, wedge, train):
    weights, result = train(preprocessed(), wedge(model=model, weight_decay=1e-6))

    assert result["parameters"] == sum(weights[name].size for name in weights if name != "weights_remainder") > 0
    assert result["relative_validation_rmse"] < {"linear": 0.8, "kernel": 0.05, "nearest": 0.2}[model]
    assert Path("wedge/losses.csv").read_text().count("\n") == 1
    assert load_file("wedge/snapshots.safetensors") == {}


@pytest.fixture
def train_together(preprocessed):
    """A function that trains wedges (name -> settings) as a pack, states in ``states/{way}``; gives their results."""
    files = preprocessed()

    def train_together(members, way="way"):
        order, folders = [], {wedge: Path(f"together/{wedge}") for wedge in members}

        def keep(wedge):
            folders[wedge].mkdir(parents=True, exist_ok=True)
            order.append(wedge)
            return nullcontext(folders[wedge])

        states = {wedge: States(f"states/{way}-{wedge}", settings) for wedge, settings in members.items()}
        train_pack("base", *files[:2], members, states, keep)
        results = {wedge: json.loads((folder / "training.json").read_text()) for wedge, folder in folders.items()}
        losses = {wedge: (folder / "losses.csv").read_text() for wedge, folder in folders.items()}
        return results, losses, order

    return train_together


def same_losses(one, other):
    rows, others = (np.loadtxt(text.splitlines()[1:], delimiter=",", ndmin=2) for text in (one, other))
    return rows.shape == others.shape and np.allclose(rows, others, rtol=1e-4)


def test_wedges_of_a_pack_end_as_each_does_alone(train_together, wedge):
    """Some stop early, one diverges before its evaluation is due; the smaller the stack gets, the others go on."""
    base = {"epochs": 40, "epochs_per_evaluation": 3, "activation": "relu", "learning_rate": 0.002}
    members = {
        "long": wedge(**base),
        "other": wedge(**base, seed=1, weight_decay=0.1, schedule="cosine"),
        "impatient": wedge(**{**base, "learning_rate": 1e-30, "patience": 2}),
        "also": wedge(**{**base, "learning_rate": 1e-30, "patience": 4}, seed=2),
        "wild": wedge(**{**base, "learning_rate": 1e30}),
    }

    results, losses, order = train_together(members, "together")
    alone = {name: train_together({name: settings}, "alone") for name, settings in members.items()}

    for name, (result, loss, _) in alone.items():
        assert results[name]["status"] == result[name]["status"]
        assert {key: results[name].get(key) for key in ("stopped", "epochs", "best_epoch")} == {
            key: result[name].get(key) for key in ("stopped", "epochs", "best_epoch")
        }
        assert name == "wild" or same_losses(losses[name], loss[name])
    assert results["wild"]["status"] == "diverged" and results["impatient"]["epochs"] == 9
    assert set(order[:3]) == {"wild", "impatient", "also"}  # kept before the others are done


def test_wedges_that_are_not_equally_far_go_on_apart(train_together, wedge):
    members = {name: wedge(epochs=12, save_state=4, seed=seed) for seed, name in enumerate(("a", "b", "c"))}
    undisturbed, losses, _ = train_together(members, "undisturbed")
    train_together({"a": {**members["a"], "epochs": 8}, "b": {**members["b"], "epochs": 8}})
    train_together({"b": {**members["b"], "epochs": 9}})

    _, resumed, _ = train_together(members)

    assert all(same_losses(losses[name], resumed[name]) for name in members)
    assert undisturbed.keys() == members.keys()


def test_a_stream_has_one_order_for_a_stack_so_other_shuffles_go_apart(train_together, wedge, monkeypatch):
    monkeypatch.setattr(pack_training, "MEGABYTE", 256)
    monkeypatch.setattr(training_settings, "MEGABYTE", 64)
    members = {name: wedge(memory=1, shuffle_seed=seed) for name, seed in (("a", 0), ("b", 1), ("c", 0))}

    results, _, order = train_together(members)

    assert order == ["a", "c", "b"]
    assert results["a"]["validation_loss"] == pytest.approx(results["c"]["validation_loss"], rel=1e-4)
    assert results["a"]["validation_loss"] != pytest.approx(results["b"]["validation_loss"], rel=1e-4)

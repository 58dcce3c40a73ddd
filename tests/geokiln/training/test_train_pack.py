import csv
import json
import os
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from geokiln.dataset.preprocessing import preprocess_table
from geokiln.errors import UserError
from geokiln.models.reference import coefficient_function
from geokiln.models.wedge_errors import errors_on_examples
from geokiln.storage.arrays import read_arrays
from geokiln.storage.tables import Table
from geokiln.training import settings as training_settings
from geokiln.training import train_pack as train_pack_module
from geokiln.training.states import States
from geokiln.training.train_pack import train_pack


@pytest.fixture
def preprocessed(dataset):
    """A function that preprocesses a dataset of a line and its square in other units, and gives its table's files."""
    x = np.linspace(-1, 1, 40)[:, None]
    files = dataset(x, {"line": np.hstack([x, 2 * x]), "square": 1000 * x**2})

    def preprocessed(share=0.2):
        Path("base").mkdir()
        preprocess_table(*files, "base", share, 0, True, 2)
        return files[:2]

    return preprocessed


@pytest.fixture
def files(preprocessed):
    return preprocessed()


@pytest.fixture
def train(train_one, wedge):
    """A function that trains one wedge of a dataset, and gives its weights and result."""

    def train(files, initial_weights=None, **changes):
        settings = wedge(initial_weights=initial_weights, **changes)
        result = train_one(files, settings, initial_weights=initial_weights)
        return load_file("wedge/weights.safetensors"), result

    return train


def losses():
    return list(csv.DictReader(Path("wedge/losses.csv").read_text().splitlines()))


def test_a_trained_wedge_is_its_weights_its_result_and_its_losses(files, train, wedge):
    changes = {
        "epochs": 200,
        "learning_rate": 0.02,
        "epochs_per_evaluation": 50,
        "schedule": "step",
        "step_epochs": 150,
    }
    start = time.perf_counter()
    weights, result = train(files, **changes)
    whole = time.perf_counter() - start

    settings, table = wedge(**changes), Table(*files)
    errors = errors_on_examples(coefficient_function(settings, weights, 1, 2), read_arrays("base/basis.npz"), table)
    assert result.items() >= errors.items()
    assert result["relative_validation_rmse"] < 0.1
    assert (result["settings"], result["parameters"]) == (settings, 8 + 8 + 16 + 2)
    assert (result["status"], result["stopped"], result["epochs"]) == ("trained", "epochs", 200)
    assert result["dataset"] == table.digest
    assert 0 < result["seconds"] <= whole + 0.001
    rows = losses()
    assert list(rows[0]) == ["epoch", "steps", "learning_rate", "training_loss", "validation_loss"]
    assert [row["epoch"] for row in rows] == ["50", "100", "150", "200"]
    assert [float(row["learning_rate"]) for row in rows] == pytest.approx([0.02, 0.02, 0.02, 0.002])
    assert min(float(row["validation_loss"]) for row in rows) == result["validation_loss"]


def test_without_a_validation_split_the_training_split_judges(preprocessed, train):
    _, result = train(preprocessed(share=0))

    assert result["judged_on"] == "training" and set(result["validation_rmse"]) == {"line", "square"}
    assert result["training_loss"] == result["validation_loss"]


@pytest.mark.parametrize(
    ("snapshots", "epochs"), [(None, set()), (4, {4, 8}), ("improvement", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})]
)
def test_snapshots_hold_the_weights_of_their_epochs(snapshots, epochs, files, train):
    train(files, epochs=10, snapshots=snapshots, learning_rate=0.001)

    kept = load_file("wedge/snapshots.safetensors")
    assert {int(name.split("/")[0]) for name in kept} == epochs
    for epoch in epochs:
        weights, _ = train(files, epochs=epoch, learning_rate=0.001, save_state="never")
        assert all(np.array_equal(kept[f"{epoch}/{name}"], array) for name, array in weights.items())


def test_weights_to_start_from_that_do_not_fit_are_told(files, train):
    train(files, hidden_width=9)
    Path("wedge/weights.safetensors").rename("start.safetensors")

    with pytest.raises(UserError, match=r"start.safetensors does not fit this network: layers.0.weight of shape"):
        train(files, "start.safetensors")
    os.truncate("start.safetensors", Path("start.safetensors").stat().st_size - 1)
    with pytest.raises(UserError, match=r"start.safetensors is no whole .safetensors file: "):
        train(files, "start.safetensors")
    assert Path("start.safetensors").exists()  # it is the user's: it stays where it is

    Path("start.safetensors").write_bytes(Path("start.safetensors").read_bytes()[:-9])
    with pytest.raises(UserError, match="^training.initial_weights: start.safetensors is no whole .safetensors file"):
        train(files, "start.safetensors")
    assert Path("start.safetensors").exists()  # the user's: nobody else can make it again


def test_a_set_larger_than_the_memory_setting_is_streamed_and_learns_alike(files, train, monkeypatch):
    _, whole = train(files, epochs=100, learning_rate=0.02)
    for module in (train_pack_module, training_settings):
        monkeypatch.setattr(module, "MEGABYTE", 1)  # then 16 is 16 bytes
    monkeypatch.setattr(train_pack_module, "InMemory", None)

    _, streamed = train(files, epochs=100, learning_rate=0.02, memory=16)

    assert streamed["relative_validation_rmse"] == pytest.approx(whole["relative_validation_rmse"], abs=0.05)


def test_at_most_so_many_examples_are_used(files, train):
    train(files, epochs=3, batch_size=4, max_examples=8)

    assert losses()[-1]["steps"] == "6"


def test_a_device_that_is_not_there_is_named(files, train):
    with pytest.raises(UserError, match="training.device: cuda:7 cannot be used here"):
        train(files, device="cuda:7")


@pytest.mark.parametrize(("model", "error"), [("linear", 0.8), ("kernel", 0.05), ("nearest", 0.2)])
def test_other_regressors_give_the_same_files(model, error, files, train):
    weights, result = train(files, model=model, weight_decay=1e-6)

    assert result["parameters"] == sum(weights[name].size for name in weights if name != "weights_remainder") > 0
    assert result["relative_validation_rmse"] < error
    assert losses() == [] and load_file("wedge/snapshots.safetensors") == {}


@pytest.fixture
def train_together(files, pack_data):
    """A function that trains wedges (name -> settings) as a pack, states in ``states/{way}``.

    It gives their results, their losses, and the order in which they were kept.
    """

    def train_together(members, way="way"):
        order, folders = [], {wedge: Path(f"together/{wedge}") for wedge in members}

        def keep(wedge):
            folders[wedge].mkdir(parents=True, exist_ok=True)
            order.append(wedge)
            return nullcontext(folders[wedge])

        states = {wedge: States(f"states/{way}-{wedge}", settings) for wedge, settings in members.items()}
        train_pack(pack_data(files), members, states, keep)
        results = {wedge: json.loads((folder / "training.json").read_text()) for wedge, folder in folders.items()}
        tables = {
            wedge: np.loadtxt(folder / "losses.csv", delimiter=",", skiprows=1, ndmin=2)
            for wedge, folder in folders.items()
        }
        return results, tables, order

    return train_together


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

    results, tables, order = train_together(members, "together")

    for name, settings in members.items():
        alone, table, _ = train_together({name: settings}, "alone")
        for key in ("status", "stopped", "epochs", "best_epoch"):
            assert results[name].get(key) == alone[name].get(key)
        assert name == "wild" or tables[name] == pytest.approx(table[name], rel=1e-4)
    wild = results["wild"]
    assert wild["status"] == "diverged" and 0 < wild["epochs"] <= 40 and "validation_rmse" not in wild
    assert load_file("together/wild/weights.safetensors") == {} and results["impatient"]["epochs"] == 9
    assert set(order[:3]) == {"wild", "impatient", "also"}  # kept before the others are done


def test_wedges_that_are_not_equally_far_go_on_apart(train_together, wedge):
    members = {name: wedge(epochs=12, save_state=4, seed=seed) for seed, name in enumerate(("a", "b", "c"))}
    _, undisturbed, _ = train_together(members, "undisturbed")
    train_together({"a": {**members["a"], "epochs": 8}, "b": {**members["b"], "epochs": 8}})
    train_together({"b": {**members["b"], "epochs": 9}})

    _, resumed, _ = train_together(members)

    for name in members:
        assert resumed[name] == pytest.approx(undisturbed[name], rel=1e-4)


def test_a_stream_has_one_order_for_a_stack_so_other_shuffles_go_apart(train_together, wedge, monkeypatch):
    monkeypatch.setattr(train_pack_module, "MEGABYTE", 256)
    monkeypatch.setattr(training_settings, "MEGABYTE", 64)
    members = {name: wedge(memory=1, shuffle_seed=seed) for name, seed in (("a", 0), ("b", 1), ("c", 0))}

    results, _, order = train_together(members)

    assert order == ["a", "c", "b"]
    assert results["a"]["validation_loss"] == pytest.approx(results["c"]["validation_loss"], rel=1e-4)
    assert results["a"]["validation_loss"] != pytest.approx(results["b"]["validation_loss"], rel=1e-4)

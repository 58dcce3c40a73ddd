from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors.numpy import save_file

from geokiln.dataset.preprocessing import preprocess_table
from geokiln.errors import UserError
from geokiln.export.onnx_graph import build_own_onnx
from geokiln.export.parity import check_parity
from geokiln.models.reference import coefficient_function, physical_predictions
from geokiln.storage.arrays import read_arrays
from geokiln.storage.tables import Table
from geokiln.training.own_script import OwnScript
from geokiln.training.wedge_files import read_weights

EXAMPLE = Path(__file__).parents[3] / "examples/own_training/training.py"
MODEL = """
    import torch

    class Net(torch.nn.Module):
        def __init__(self, n_in, n_out, width):
            super().__init__()
            self.inner = torch.nn.Sequential(
                torch.nn.Linear(n_in, width), torch.nn.BatchNorm1d(width), torch.nn.SiLU(), torch.nn.Dropout(0.1)
            )
            self.outer = torch.nn.Linear(width + n_in, n_out)

        def forward(self, x):
            return self.outer(torch.cat([self.inner(x), x], 1))

    def model(n_in, n_out, settings):
        return Net(n_in, n_out, settings["hidden_width"])
"""


@pytest.fixture
def files(dataset):
    x = np.linspace(-1, 1, 40)[:, None]
    made = dataset(np.hstack([x, x**2]), {"line": np.hstack([x, 2 * x]), "wave": np.sin(5 * x)})
    Path("base").mkdir()
    preprocess_table(*made, "base", 0.2, 0, True, 3)
    return made[:2]


@pytest.fixture
def fit(files, train_one, wedge):
    """A function that trains a wedge into a folder, with a script; trainings of one *way* share states."""

    def fit(script=None, folder="wedge", way=None, **changes):
        own = OwnScript(script) if script else None
        settings = wedge(script=str(script) if script else None, **changes)
        return train_one(files, settings, folder, f"states/{way or folder}", own=own)

    return fit


def losses(folder):
    return np.loadtxt(Path(folder, "losses.csv"), delimiter=",", skiprows=1, usecols=(3, 4))


@pytest.mark.parametrize(
    "changes",
    [{"weight_decay": 0.1, "hidden_layers": 2}, {"schedule": "cosine", "patience": 2, "learning_rate": 0.1}],
    ids=str,
)
@pytest.mark.parametrize("whole", [True, False], ids=["own training", "own model and loss alone"])
def test_the_shipped_example_has_the_losses_of_the_built_in_training(whole, changes, write, fit):
    settings = {"epochs": 40, "epochs_per_evaluation": 4, **changes}
    text = EXAMPLE.read_text()
    path = write("own.py", text if whole else text[: text.index("def train(")])

    built_in, own = fit(**settings), fit(path, "own", **settings)

    assert losses("own") == pytest.approx(losses("wedge"), rel=1e-3, abs=1e-5)
    for name in ("validation_loss", "relative_validation_rmse", "epochs", "best_epoch"):
        assert own[name] == pytest.approx(built_in[name], rel=1e-3)
    assert (own["stopped"] == "own training") == whole


def test_a_model_of_ones_own_is_trained_by_the_built_in_training_and_exported(files, wedge, write, fit):
    path, settings = write("own.py", MODEL), {"epochs": 150, "hidden_width": 16, "batch_size": 16}

    result, again = fit(path, **settings), fit(path, "again", **settings)

    assert result["relative_validation_rmse"] < 0.5
    assert again["validation_loss"] == result["validation_loss"]
    assert result["parameters"] > 2 * 16  # with the running means
    own, settings = OwnScript(path), wedge(**settings)
    basis, table, weights = read_arrays("base/basis.npz"), Table(*files), read_weights("wedge/weights.safetensors")
    model = build_own_onnx(own, weights, settings, basis, {"a": 1})
    onnx.checker.check_model(model, full_check=True)
    predict = coefficient_function(settings, weights, 2, 3, own)
    inputs = table.read()[:, :2]
    assert check_parity(model, [(inputs, physical_predictions(predict, basis, inputs))], table.kind("target")) < 1e-5
    assert model.ir_version == 8 and model.opset_import[0].version == 15  # of BatchNormalization
    assert [value.name for value in [*model.graph.input, *model.graph.output]] == ["input", "output"]


def test_an_own_module_goes_on_from_its_state_as_if_undisturbed(write, fit):
    path, settings = write("own.py", MODEL), {"save_state": 1, "batch_size": 16}

    undisturbed = fit(path, epochs=12, **settings)
    fit(path, "short", "both", epochs=5, **settings)
    resumed = fit(path, "long", "both", epochs=12, **settings)

    assert resumed["validation_loss"] == undisturbed["validation_loss"]
    assert np.array_equal(losses("long"), losses("wedge"))


def test_a_loss_of_ones_own_is_minimised(wedge, write, fit):
    path = write("own.py", "def loss(outputs, targets):\n    return (outputs - targets - 1).abs().mean()\n")

    fit(path, epochs=100, learning_rate=0.02)

    predict = coefficient_function(wedge(), read_weights("wedge/weights.safetensors"), 2, 3)
    rows = torch.from_numpy(Table("base/training.raw", "base/training.json").read())
    assert (predict(rows[:, :2]) - rows[:, 2:]).mean() == pytest.approx(1, abs=0.2)


GIVES = "import torch\ndef model(n_in, n_out, settings): return "
DOUBLED = "class Doubled(torch.nn.Linear):\n    def forward(self, x): return super().forward(x).double()\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (GIVES + "3", ": model gave int; it must give a torch.nn.Module"),
        (GIVES + "torch.nn.Linear(n_in, 7)", ": the model maps inputs (2, 2) to (2, 7); it must be (2, 3)"),
        (GIVES + "torch.nn.Linear(5, n_out)", ": the model raised RuntimeError: "),
        (GIVES + "torch.nn.Linear(n_in, n_out).double()", ": model: weight is torch.float64; it must be float32"),
        (GIVES + "Doubled(n_in, n_out)\n" + DOUBLED, ": the model gives torch.float64; it must give float32"),
    ],
)
def test_code_that_breaks_the_contract_is_told_how(text, sentence, write, fit):
    write("own.py", text)

    with pytest.raises(UserError) as error:
        fit("own.py")

    assert str(error.value).startswith(f"own.py{sentence}")


LOSS = "import torch\ndef loss(outputs, targets):\n    return "


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "(outputs - targets).square()",
            "loss gave shape (27, 3); it must give a tensor of one number, such as a mean",
        ),
        ("(outputs - targets).square().mean().item()", "loss gave float; it must give a tensor of one number"),
        ("(outputs.detach() - targets).square().mean()", "loss gave a number that PyTorch cannot trace to the outputs"),
    ],
)
def test_a_loss_that_nothing_can_be_learnt_from_is_told_before_the_first_epoch(text, sentence, write, fit, capsys):
    write("own.py", LOSS + text)

    with pytest.raises(UserError) as error:
        fit("own.py")

    assert str(error.value).startswith(f"own.py: {sentence}")
    assert "epoch" not in capsys.readouterr().out


def test_a_model_that_cannot_be_exported_is_told_before_the_first_epoch(write, fit, capsys):
    write("own.py", GIVES + "torch.nn.Sequential(torch.nn.Linear(n_in, n_out), torch.nn.RMSNorm(n_out))\n")

    with pytest.raises(UserError, match="own.py: torch.onnx cannot export the model: "):
        fit("own.py")

    assert "epoch" not in capsys.readouterr().out


def test_a_training_of_ones_own_that_replaces_a_layer_is_told(write, fit):
    train = "def train(model, *others): model[0] = torch.nn.Linear(2, 5)"
    write("own.py", GIVES + f"torch.nn.Sequential(torch.nn.Linear(n_in, n_out))\n{train}\n")

    with pytest.raises(
        UserError, match="^own.py: the weights do not fit the model that the next call of model gives: size"
    ):
        fit("own.py")


def test_a_training_of_ones_own_starts_from_the_named_weights(files, train_one, wedge, write):
    text = GIVES + "torch.nn.Linear(n_in, n_out)\ndef train(model, training, validation, settings, record): pass\n"
    path = write("own.py", text)
    named = {"weight": np.ones((3, 2), np.float32), "bias": np.zeros(3, np.float32)}
    save_file(named, "start.safetensors")
    save_file({"weight": named["weight"]}, "odd.safetensors")
    settings = wedge(script="own.py")

    train_one(files, settings, own=OwnScript(path), initial_weights="start.safetensors")
    with pytest.raises(UserError, match="training.initial_weights: odd.safetensors does not fit this network: Missing"):
        train_one(files, settings, own=OwnScript(path), initial_weights="odd.safetensors")

    assert np.array_equal(read_weights("wedge/weights.safetensors")["weight"], named["weight"])

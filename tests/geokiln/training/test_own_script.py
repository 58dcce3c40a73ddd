import csv
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from geokiln.dataset.preprocessing import preprocess_table
from geokiln.errors import UserError
from geokiln.export.onnx_graph import build_own_onnx
from geokiln.export.parity import check_parity
from geokiln.models.module_network import ModuleNetwork
from geokiln.models.reference import coefficient_function, physical_predictions
from geokiln.storage.arrays import read_arrays
from geokiln.storage.tables import Table, components_of
from geokiln.training.examples import InMemory
from geokiln.training.losses import loss_function
from geokiln.training.own_script import OwnScript
from geokiln.training.trainer import Training
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
def fit(train_one):
    def fit(files, settings, own=None, folder="wedge", way=None):
        return train_one(files, settings, folder, f"states/{way or folder}", own=own)

    return fit


def losses(folder):
    rows = list(csv.reader(Path(folder, "losses.csv").read_text().splitlines()))
    return [[float(cell) for cell in row[3:]] for row in rows[1:]]


@pytest.mark.parametrize(
    "changes",
    [{}, {"weight_decay": 0.1, "schedule": "constant"}, {"patience": 2, "learning_rate": 0.1}, {"hidden_layers": 2}],
    ids=str,
)
def test_the_shipped_example_has_the_losses_of_the_built_in_training(changes, files, wedge, fit):
    settings = wedge(**{"epochs": 40, "epochs_per_evaluation": 4, "schedule": "cosine", **changes})

    built_in = fit(files, settings)
    own = fit(files, settings, OwnScript(EXAMPLE), "own")

    assert np.array(losses("own")) == pytest.approx(np.array(losses("wedge")), rel=1e-3, abs=1e-5)
    assert own["validation_loss"] == pytest.approx(built_in["validation_loss"], rel=1e-3)
    assert own["relative_validation_rmse"] == pytest.approx(built_in["relative_validation_rmse"], rel=1e-3)
    assert (own["epochs"], own["best_epoch"]) == (built_in["epochs"], built_in["best_epoch"])


def test_a_model_of_ones_own_is_trained_by_the_built_in_training_and_exported(files, wedge, write, fit):
    own, settings = (
        OwnScript(write("own.py", MODEL)),
        wedge(epochs=150, hidden_width=16, batch_size=16, script="own.py"),
    )

    result = fit(files, settings, own)
    again = fit(files, settings, own, "again")

    assert result["relative_validation_rmse"] < 0.3
    assert again["validation_loss"] == result["validation_loss"]
    assert result["parameters"] > 2 * 16  # with the running means
    basis, table = read_arrays("base/basis.npz"), Table(*files)
    weights = read_weights("wedge/weights.safetensors")
    model = build_own_onnx(own, weights, settings, basis, {"a": 1})
    onnx.checker.check_model(model, full_check=True)
    predict = coefficient_function(settings, weights, 2, 3, own)
    inputs = table.read()[:, :2]
    assert check_parity(model, [(inputs, physical_predictions(predict, basis, inputs))], table.kind("target")) < 1e-5
    assert model.ir_version == 8 and model.opset_import[0].version == 17
    assert [value.name for value in [*model.graph.input, *model.graph.output]] == ["input", "output"]


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "adadelta"])
def test_any_module_takes_the_steps_that_torch_would_take(optimizer, wedge):
    settings = wedge(optimizer=optimizer, epochs=1, batch_size=4, weight_decay=0.1, momentum=0.9, shuffle=False)
    torch.manual_seed(0)
    module, twin = (torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2)) for _ in "ab")
    twin.load_state_dict(module.state_dict())
    inputs, targets = torch.randn(24, 3), torch.randn(24, 2)

    Training(ModuleNetwork(module), loss_function(settings), InMemory(inputs, targets), None, [settings]).run()

    rate, s = settings["learning_rate"], settings
    makers = {
        "adamw": lambda groups: torch.optim.AdamW(groups, rate, s["betas"], s["epsilon"]),
        "sgd": lambda groups: torch.optim.SGD(groups, rate, s["momentum"]),
        "adadelta": lambda groups: torch.optim.Adadelta(groups, rate, s["rho"], s["epsilon"]),
    }
    weights, biases = [twin[0].weight, twin[2].weight], [twin[0].bias, twin[2].bias]
    expected = makers[optimizer]([{"params": weights, "weight_decay": 0.1}, {"params": biases, "weight_decay": 0.0}])
    for batch, target in zip(inputs.split(4), targets.split(4), strict=True):
        expected.zero_grad()
        (twin(batch) - target).square().mean().backward()
        expected.step()
    for tensor, other in zip(module.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(tensor, other, atol=1e-6)


def test_an_own_module_goes_on_from_its_state_as_if_undisturbed(files, wedge, write, fit):
    own = OwnScript(write("own.py", MODEL))
    settings = wedge(epochs=12, save_state=1, batch_size=16, script="own.py")

    undisturbed = fit(files, settings, own)
    fit(files, {**settings, "epochs": 5}, own, "short", "both")
    resumed = fit(files, settings, own, "long", "both")

    assert resumed["validation_loss"] == undisturbed["validation_loss"]
    assert losses("long") == losses("wedge")


def test_a_loss_of_ones_own_is_minimised(files, wedge, write, fit):
    own = OwnScript(write("own.py", "def loss(outputs, targets):\n    return (outputs - targets - 1).abs().mean()\n"))

    fit(files, wedge(epochs=100, learning_rate=0.02, script="own.py"), own)

    weights = coefficient_function(
        wedge(), __import__("safetensors.numpy").numpy.load_file("wedge/weights.safetensors"), 2, 3
    )
    table = Table("base/training.raw", "base/training.json")
    rows = torch.from_numpy(table.read())
    assert (weights(rows[:, :2]) - rows[:, 2:]).mean() == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1\n", "own.py defines none of model, loss, train"),
        ("def train(): pass\n", "own.py defines train, but no function model(n_in, n_out, settings)"),
        ("def model(:\n", "own.py, line 1: "),
        ("def model(n_in, n_out, settings): return 3\n", "own.py: model gave int; it must give a torch.nn.Module"),
        (
            "def model(n_in, n_out, settings): return 1 / 0\n",
            "own.py: model raised ZeroDivisionError: division by zero",
        ),
        (
            "import torch\ndef model(n_in, n_out, settings): return torch.nn.Linear(n_in, 7)\n",
            "own.py: the model maps inputs (2, 2) to (2, 7); it must be (2, 3)",
        ),
        (
            "import torch\ndef model(n_in, n_out, settings): return torch.nn.Linear(5, n_out)\n",
            "own.py: the model raised RuntimeError: ",
        ),
        (
            "import torch\ndef model(n_in, n_out, settings): return torch.nn.Linear(n_in, n_out).double()\n",
            "own.py: model: weight is torch.float64; it must be float32",
        ),
    ],
)
def test_code_that_breaks_the_contract_is_told_how(text, sentence, files, wedge, write, fit):
    path = write("own.py", text)

    with pytest.raises(UserError) as error:
        fit(files, wedge(script="own.py"), OwnScript(path.name))

    assert str(error.value).startswith(sentence)


def test_a_model_that_torch_cannot_export_is_told(write, wedge):
    path = write(
        "own.py",
        """
        import torch

        class Net(torch.nn.Linear):
            def forward(self, x):
                return super().forward(torch.special.bessel_j0(x))

        def model(n_in, n_out, settings):
            return Net(n_in, n_out)
        """,
    )
    own, settings = OwnScript(path.name), wedge(script="own.py")
    weights = {name: tensor.detach().numpy() for name, tensor in own.model(2, 2, settings).state_dict().items()}
    basis = {"input_mean": np.zeros(2), "input_scale": np.ones(2), "target_mean": np.zeros(2), "basis": np.eye(2)}

    with pytest.raises(UserError, match="own.py: torch.onnx cannot export the model: "):
        build_own_onnx(own, weights, settings, basis, {"outputs": components_of({"y": (2,)})})

import numpy as np
import pytest

from geokiln.errors import UserError
from geokiln.export.rehearsal import rehearse_export
from geokiln.training.own_script import OwnScript

NET = """
import numpy as np
import torch

class Net(torch.nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.linear, self.norm = torch.nn.Linear(n_in, n_out), torch.nn.RMSNorm(n_out)
        self.noise, self.calls = np.random.default_rng().standard_normal(), 0

    def forward(self, x):
        y = self.linear(x)
        return {forward}

def model(n_in, n_out, settings):
    return Net(n_in, n_out)
"""


def rehearse(forward, write, wedge, examples=40):
    write("net.py", NET.format(forward=forward))
    inputs = np.random.default_rng(0).normal(size=(examples, 2)).astype(np.float32)
    rehearse_export(OwnScript("net.py"), wedge(), inputs, 4)


@pytest.mark.parametrize("forward", ["y.view(x.shape[0], 2, 2).flatten(1)", "torch.log(y - 1e9)", "y * 0"])
@pytest.mark.parametrize("examples", [40, 1])
def test_a_model_that_onnx_can_express_passes_whatever_its_first_outputs_are(forward, examples, write, wedge):
    rehearse(forward, write, wedge, examples)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize(
    ("forward", "sentence"),
    [
        ("self.norm(y)", "torch.onnx cannot export the model: Exporting the operator 'aten::rms_norm' to ONNX opset"),
        ("y.view(2, 4)", "the model raised RuntimeError: shape '[2, 4]' is invalid for input of size 12"),
        ("y.squeeze()", "the model maps inputs (1, 2) to (4,); it must be (1, 4)"),
        ("y - y.mean(0)", "the model mixes the rows of a batch: its outputs for 2 of 3 rows are others than for all"),
        ("torch.dropout(y, 0.5, True)", "the model gives other outputs each time for the same inputs, though it is in"),
        ("y * self.noise", "model gives another model at each call: what it draws at random must be a parameter or a"),
        ("y + torch.zeros(len(x), 1)", "the exported model does not run for a batch of 3: sizes and choices of Python"),
        ("torch.from_numpy(np.sin(y.detach().numpy()))", "the exported model does not run for a batch of 3: "),
        ("y if x.any() else -y", "the exported model differs from PyTorch for a batch of 3: sizes and choices of"),
    ],
)
def test_a_model_that_would_fail_when_exported_is_told_how(forward, sentence, write, wedge, capfd):
    with pytest.raises(UserError) as error:
        rehearse(forward, write, wedge)

    assert str(error.value).startswith(f"net.py: {sentence}")
    assert "graph" not in capfd.readouterr().out  # torch.onnx prints a page of it


def test_a_model_whose_layers_change_from_call_to_call_is_told(write, wedge):
    text = "import torch\nCALLS = []\ndef model(n_in, n_out, settings):\n    CALLS.append(1)\n"
    write("net.py", text + "    return torch.nn.Sequential(*[torch.nn.Linear(2, 2) for _ in CALLS])\n")

    with pytest.raises(
        UserError, match="net.py: the weights do not fit the model that the next call of model gives: Missing key"
    ):
        rehearse_export(OwnScript("net.py"), wedge(), np.zeros((3, 2), np.float32), 2)

import pytest
import torch

from geokiln.training.optimizers import OPTIMIZERS

TORCH = {
    "adam": lambda groups, s: torch.optim.Adam(groups, s["learning_rate"], s["betas"], s["epsilon"]),
    "adamw": lambda groups, s: torch.optim.AdamW(groups, s["learning_rate"], s["betas"], s["epsilon"]),
    "sgd": lambda groups, s: torch.optim.SGD(groups, s["learning_rate"], s["momentum"]),
    "adadelta": lambda groups, s: torch.optim.Adadelta(groups, s["learning_rate"], s["rho"], s["epsilon"]),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("changes", [{}, {"betas": [0.8, 0.95], "epsilon": 1e-4, "momentum": 0.0, "rho": 0.7}], ids=str)
def test_each_takes_the_steps_of_torchs_own_with_decay_on_weights_alone(changes, name, wedge):
    wedges = [wedge(weight_decay=decay, learning_rate=rate, **changes) for decay, rate in ((0.3, 0.1), (0.0, 0.01))]
    random = torch.Generator().manual_seed(0)
    start = torch.randn(2, 7, generator=random, dtype=torch.float64)
    gradients = torch.randn(20, 2, 7, generator=random, dtype=torch.float64)
    parameters, gradient = start.clone(), torch.zeros_like(start)
    optimizer = OPTIMIZERS[name](parameters, gradient, 4, wedges)
    rates = torch.tensor([[0.1], [0.01]], dtype=torch.float64)

    for one in gradients:
        gradient.copy_(one)
        optimizer.step(rates)

    for row, settings in enumerate(wedges):
        weights, biases = (torch.nn.Parameter(start[row, part].clone()) for part in (slice(4), slice(4, None)))
        groups = [
            {"params": [weights], "weight_decay": settings["weight_decay"]},
            {"params": [biases], "weight_decay": 0.0},
        ]
        expected = TORCH[name](groups, settings)
        for one in gradients:
            weights.grad, biases.grad = one[row, :4].clone(), one[row, 4:].clone()
            expected.step()
        assert torch.allclose(parameters[row], torch.cat([weights, biases]).detach(), atol=1e-12)
